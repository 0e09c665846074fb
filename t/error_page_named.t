#!/usr/bin/perl

# Tests for error_page: a named location is another request to COS, with a
# signature of its own.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy rewrite /)->needs_cos()->plan(21);

$t->cos();
$t->store_put("$_-1250000000", 'a.txt', "$_ a.txt") for qw/ images videos /;
$t->store_put('videos-1250000000', 'only.txt', 'videos only.txt');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /fallback/ {
            proxy_intercept_errors on;
            error_page 404 = @videos;
            rewrite ^/fallback(/.*)$ $1 break;
            cos_pass images-1250000000;
        }

        location @videos {
            cos_pass videos-1250000000;
        }

        location /retry/ {
            proxy_intercept_errors on;
            error_page 403 503 = @again;
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location @again {
            rewrite ^/retry(/.*)$ $1 break;
            cos_pass images-1250000000;
            cos_allow read write;
        }

        location /page/ {
            error_page 403 /sorry.txt;
            error_page 404 =200 /sorry.txt;
            cos_pass images-1250000000/;
        }

        location = /sorry.txt {
            cos_pass videos-1250000000/a.txt$arg_none;
        }

    }
}
EOC

$t->run();

###############################################################################

# error_page with a named location: another bucket

my $r = http_get('/fallback/a.txt');
is($r->body, 'images a.txt', 'no fallback');
is(sent(), 'images GET /a.txt 200', 'no fallback, sent');

$r = http_get('/fallback/only.txt');
is($r->status . $r->body, '200videos only.txt', 'fallback');
is(sent(), 'images GET /only.txt 404, videos GET /only.txt 200',
	'fallback, sent');

$r = http_head('/fallback/only.txt');
is($r->status, 200, 'fallback of head');
is(sent(), 'images HEAD /only.txt 404, videos HEAD /only.txt 200',
	'fallback of head, sent');

$r = http_get('/fallback/only.txt', Range => 'bytes=0-5',
	'If-None-Match' => '"other"');
is($r->status . $r->body, '206videos', 'fallback of range');
sent();

$r = http_get('/fallback/nope');
is($r->status, 404, 'fallback of nothing');
is(sent(), 'images GET /nope 404, videos GET /nope 404',
	'fallback of nothing, sent');

# the same once more, signed once more: method and body stay

$t->control({ rules => [{ expire => 1, times => 1 }] });
$r = http_get('/retry/a.txt');
is($r->body, 'images a.txt', 'retry');
is(sent(), 'images GET /a.txt 403, images GET /a.txt 200', 'retry, sent');

$t->control({ rules => [{ status => 503, times => 1 }] });
$r = http_put('/retry/put%20this', 'the body', 'Content-Type' => 'a/b',
	'x-cos-meta-a' => 'b');
is($r->status, 200, 'retry of put');
is(sent(), 'images PUT /put%20this 503, images PUT /put%20this 200',
	'retry of put, sent');
is($t->store_get('images-1250000000', 'put this'), 'the body',
	'retry of put, stored');
is($t->store->head('images-1250000000', 'put this')->{headers}{'x-cos-meta-a'},
	'b', 'retry of put, header');

$t->control({ rules => [{ expire => 1 }] });
$r = http_get('/retry/a.txt');
is($r->status, 403, 'retry in vain');
is(sent(), 'images GET /a.txt 403, images GET /a.txt 403',
	'retry in vain, only once');
$t->control();

# what is refused here is refused there as well

$r = http_delete('/retry/a.txt');
is($r->status . $r->code, '403AccessDenied', 'retry of a refusal');
is(sent(), '', 'retry of a refusal, nothing sent');

# error_page with a URI, for our own errors; the method becomes GET

$r = http_put('/page/a.txt', 'body');
is($r->status . $r->body, '403videos a.txt', 'error page of a refusal');
is(sent(), 'videos GET /a.txt 200', 'error page of a refusal, sent');

###############################################################################

# requests since the last time; those that are not verified are marked

sub sent {
	my @j = $t->journal;
	$t->journal_clear();
	return join ', ', map { ($_->{bucket} =~ /^(\w+)/)[0] . ($_->{verified}
		? '' : ' unsigned') . " $_->{method} $_->{target} $_->{status}" } @j;
}

###############################################################################
