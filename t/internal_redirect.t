#!/usr/bin/perl

# Tests for internal redirects: X-Accel-Redirect, try_files, rewrite.

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

my $t = Test::COS->new()->needs(qw/ proxy rewrite /)->needs_cos()->plan(30);

$t->cos();

$t->store_put('images-1250000000', $_, "images $_") for 'private/a.txt',
	'private/a b+c%?&#.txt', 'private/x//y', 'new/a b.txt';
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

        location /app/ {
            proxy_pass http://127.0.0.1:8082/;
        }

        location /internal/ {
            internal;
            cos_pass images-1250000000/private/;
        }

        location /try/ {
            try_files /local$uri @try;
        }

        location @try {
            rewrite ^/try(/.*)$ $1 break;
            cos_pass videos-1250000000;
        }

        rewrite (?s)^/old/(.*)$ /moved/$1 last;

        location /moved/ {
            cos_pass images-1250000000/new/;
        }

        location /break/ {
            rewrite ^/break/(.*)$ /$1.txt break;
            cos_pass images-1250000000/private;
        }

        location /args/ {
            rewrite ^/args/(.*)$ /moved/$1?acl last;
        }
    }

    server {
        listen 127.0.0.1:8082;
        merge_slashes off;

        location / {
            add_header X-Accel-Redirect $http_x_to;
            return 200 "of the app";
        }
    }
}
EOC

$t->run();

###############################################################################

# X-Accel-Redirect

my $r = http_get('/app/', 'X-To' => '/internal/a.txt');
is($r->status . $r->body, '200images private/a.txt', 'accel');
is(sent(), 'images GET /private/a.txt 200', 'accel, sent');

$r = http_get('/app/', 'X-To' => '/internal/a%20b+c%25%3F&%23.txt');
is($r->body, 'images private/a b+c%?&#.txt', 'accel, escaped');
is(sent(), 'images GET /private/a%20b%2Bc%25%3F%26%23.txt 200',
	'accel, escaped, sent');

$r = http_get('/app/', 'X-To' => '/internal/x//y');
is($r->body, 'images private/x//y', 'accel, two slashes');
sent();

$r = http_post('/app/', 'a body', 'X-To' => '/internal/a.txt');
is($r->status . $r->body, '200images private/a.txt', 'accel of post');
is(sent(), 'images GET /private/a.txt 200', 'accel of post, sent');

$r = http_get('/app/', 'X-To' => '/internal/a.txt',
	Authorization => 'Basic YTpi', Cookie => 'a=b');
is($r->status, 200, 'accel with authorization');
my ($e) = $t->journal;
is(scalar(grep { $_->[1] =~ /YTpi|a=b/ } @{$e->{headers}}), 0,
	'accel with authorization, not sent');
sent();

for my $to ('/internal/../a.txt', '/internal/%2e%2e/a.txt',
	'/internal/a.txt?acl', '/internal/%0a')
{
	$r = http_get('/app/', 'X-To' => $to);
	isnt($r->status, 200, "accel to $to");
}
is(sent(), '', 'accel refused, nothing sent');

$r = http_get('/internal/a.txt');
is($r->status, 404, 'internal');
is(sent(), '', 'internal, nothing sent');

# try_files

mkdir $t->path('local');
mkdir $t->path('local/try');
$t->write_file('local/try/here.txt', 'of the disk');

$r = http_get('/try/here.txt');
is($r->body, 'of the disk', 'file');
is(sent(), '', 'file, nothing sent');

$r = http_get('/try/only.txt');
is($r->body, 'videos only.txt', 'no file');
is(sent(), 'videos GET /only.txt 200', 'no file, sent');

# rewrite

$r = http_get('/old/a%20b.txt');
is($r->body, 'images new/a b.txt', 'rewrite last');
is(sent(), 'images GET /new/a%20b.txt 200', 'rewrite last, sent');

$r = http_get('/break/a');
is($r->body, 'images private/a.txt', 'rewrite break');
is(sent(), 'images GET /private/a.txt 200', 'rewrite break, sent');

$r = http_get('/old/../moved/a.txt');
is($r->status, 400, 'path with dots');
sent();

# what a rewrite adds passes the gate as well

$r = http_get('/args/a%20b.txt');
is($r->status, 403, 'rewrite to a sub-resource');
$r = http_get('/old/a%0Ab');
is($r->status, 400, 'rewrite of a control character');
is(sent(), '', 'rewrites refused, nothing sent');

is(scalar(grep { /q-signature/ } $t->access_log), 0, 'no signature in log');
is(scalar(my @none = $t->journal), 0, 'nothing sent after all');

###############################################################################

# requests since the last time; those that are not verified are marked

sub sent {
	my @j = $t->journal;
	$t->journal_clear();
	return join ', ', map { ($_->{bucket} =~ /^(\w+)/)[0] . ($_->{verified}
		? '' : ' unsigned') . " $_->{method} $_->{target} $_->{status}" } @j;
}

###############################################################################
