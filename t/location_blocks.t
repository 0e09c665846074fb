#!/usr/bin/perl

# Tests for cos_pass within "if", "limit_except" and nested locations.

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

my $t = Test::COS->new()->needs(qw/ proxy rewrite access /)->needs_cos()
	->plan(44);

$t->cos();
$t->cos(port => 8082);

for my $bucket (qw/ images videos /) {
	$t->store_put("$bucket-1250000000", $_, "$bucket $_")
		for qw! a.txt sub/a.txt p/a.txt p/a b.txt q/a.txt !;
}

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

        location /if/ {
            set $mark off;
            if ($http_x_mark) {
                set $mark on;
                add_header X-Mark $mark;
            }
            if ($http_x_deny) {
                return 402;
            }
            if ($http_x_videos) {
                cos_pass videos-1250000000;
            }
            if ($http_x_prefix) {
                cos_pass images-1250000000/p/;
            }
            if ($http_x_plain) {
                proxy_pass http://127.0.0.1:8082;
            }
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location /only/ {
            if ($http_x_videos) {
                cos_pass videos-1250000000/;
            }
        }

        location /denied/ {
            limit_except GET {
                deny all;
            }
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location /allowed/ {
            limit_except GET {
                allow 127.0.0.1;
                deny all;
            }
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location /other/ {
            limit_except GET {
                cos_pass videos-1250000000/p/;
            }
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location /plain/ {
            limit_except GET {
                proxy_pass http://127.0.0.1:8082;
            }
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location /outer/ {
            cos_pass images-1250000000/;
            cos_allow read write;

            location /outer/inner/ {
                cos_pass videos-1250000000/p/;
            }

            location /outer/read/ {
                cos_allow read;
                cos_pass videos-1250000000/;
            }

            location ~ /re/(?<name>[a-z]+)\.(txt)$ {
                cos_pass images-1250000000/q/$name.$2;
            }

            location /outer/disk/ { }
        }
    }
}
EOC

$t->write_file('outer/disk/a.txt', 'of the disk');
$t->run();

###############################################################################

# if

asked('GET', '/if/a.txt', 'images GET /a.txt', 'no if');
asked('GET', '/if/a.txt', 'images GET /a.txt', 'if', 'X-Mark' => '1');
is(http_get('/if/a.txt', 'X-Mark' => '1')->header('X-Mark'), 'on',
	'if, header');
asked('PUT', '/if/put', 'images PUT /put', 'put in if', 'X-Mark' => '1');
is($t->store_get('images-1250000000', 'put'), 'body', 'put in if, stored');
asked('DELETE', '/if/a.txt', '', 'delete in if', 'X-Mark' => '1');

sent();
is(http_get('/if/a.txt', 'X-Deny' => '1')->status, 402, 'if that returns');
is(sent(), '', 'if that returns, nothing sent');

asked('GET', '/if/a.txt', 'videos GET /a.txt', 'if with cos_pass',
	'X-Videos' => '1');
asked('PUT', '/if/put', 'videos PUT /put', 'put in if with cos_pass',
	'X-Videos' => '1');
asked('GET', '/if/a.txt', 'images GET /p/a.txt', 'if with a prefix',
	'X-Prefix' => '1');
asked('GET', '/only/a.txt', 'videos GET /a.txt', 'if alone',
	'X-Videos' => '1');
is(http_get('/only/a.txt')->status, 404, 'if alone, not taken');
is(sent(), '', 'if alone, not taken, nothing sent');

plain('GET', '/if/a.txt', 'if with proxy_pass', 'X-Plain' => '1');

# limit_except

asked('GET', '/denied/a.txt', 'images GET /a.txt', 'not limited');
is(http_put('/denied/put', 'body')->status, 403, 'limited');
is(sent(), '', 'limited, nothing sent');

asked('GET', '/allowed/a.txt', 'images GET /a.txt', 'not limited either');
asked('PUT', '/allowed/put2', 'images PUT /put2', 'limited and allowed');
asked('DELETE', '/allowed/put2', '', 'limited and not allowed by cos_allow');

asked('GET', '/other/a.txt', 'images GET /a.txt', 'not limited elsewhere');
asked('HEAD', '/other/a.txt', 'images HEAD /a.txt', 'head not limited');
asked('PUT', '/other/put%203', 'videos PUT /p/put%203',
	'limited to another cos_pass');
is($t->store_get('videos-1250000000', 'p/put 3'), 'body',
	'limited to another cos_pass, stored');
asked('PUT', '/other/put?acl', '', 'sub-resource in limit_except');
asked('PUT', '/other/%2e%2e/put', '', 'dots in limit_except');

asked('GET', '/plain/a.txt', 'images GET /a.txt', 'not limited to proxy_pass');
plain('PUT', '/plain/a.txt', 'limited to proxy_pass');

# nested locations

asked('GET', '/outer/a.txt', 'images GET /a.txt', 'outer');
asked('GET', '/outer/inner/a.txt', 'videos GET /p/a.txt', 'inner');
asked('PUT', '/outer/inner/b.txt', 'videos PUT /p/b.txt',
	'cos_allow inherited');
asked('GET', '/outer/read/a.txt', 'videos GET /a.txt', 'inner read');
asked('PUT', '/outer/read/b.txt', '', 'cos_allow not inherited');
asked('GET', '/outer/x/re/a.txt', 'images GET /q/a.txt', 'inner captures');
asked('HEAD', '/outer/re/a.txt', 'images HEAD /q/a.txt',
	'inner captures of head');

is(http_get('/outer/disk/a.txt')->body, 'of the disk', 'inner of another kind');
is(sent(), '', 'inner of another kind, nothing sent');

###############################################################################

# asks, and compares what has been sent; all of it is signed

sub asked {
	my ($method, $uri, $sent, $name, %headers) = @_;
	$t->journal_clear();
	my $r = http_request(method => $method, uri => $uri,
		headers => \%headers, $method eq 'PUT' ? (body => 'body') : ());
	is(sent(), $sent, $name) or diag $r;
	fail("$name, status") if ($r->status == 200) ne ($sent ne '');
}

sub sent {
	my @j = $t->journal;
	$t->journal_clear();
	return join ', ', map { ($_->{bucket} =~ /^(\w+)/)[0] . ($_->{verified}
		? '' : ' unsigned') . " $_->{method} $_->{target}" } @j;
}

# a plain proxy_pass gets the client's request and nothing of ours

sub plain {
	my ($method, $uri, $name, %headers) = @_;
	$t->journal_clear(8082);
	http_request(method => $method, uri => $uri, headers => {
		'x-cos-meta-a' => 'b', %headers },
		$method eq 'PUT' ? (body => 'body') : ());

	my ($e, @more) = $t->journal(8082);
	ok($e && !@more, $name) or return;
	is("$e->{method} $e->{target} $e->{host}", "$method $uri 127.0.0.1:"
		. $t->port(8082), "$name, request");
	is(join(' ', grep { /^(?:authorization|x-cos-security-token)$/i }
		map { $_->[0] } @{$e->{headers}}), '', "$name, headers");
	is(sent(), '', "$name, nothing for COS");
}

###############################################################################
