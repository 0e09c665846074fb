#!/usr/bin/perl

# Tests for errors of COS: what it says was signed does not reach the client.

###############################################################################

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::COS;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy cache /)->needs_cos()->plan(30);

my $token = 'ExampleToken-' . 'x' x 3000;

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => 'another',
	token => $token }]);

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; token $token; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
            cos_allow read write;
        }

        location /small/ {
            cos_pass images-1250000000;
            proxy_buffer_size 1k;
            proxy_buffers 8 1k;
            proxy_busy_buffers_size 2k;
        }

        location /unbuffered/ {
            cos_pass images-1250000000;
            proxy_buffering off;
        }

        location /cached/ {
            cos_pass images-1250000000;
            proxy_cache one;
            proxy_cache_valid any 1m;
        }

        location /sendfile/ {
            cos_pass images-1250000000;
            proxy_cache one;
            proxy_cache_valid any 1m;
            sendfile on;
        }

        location /client/ {
            cos_pass images-1250000000;
            cos_sign unless_signed;
        }
    }
}
EOF
$t->run();

###############################################################################

masked($_, http_get($_)) for '/a', '/small/a', '/unbuffered/a', '/cached/a';
masked('hit', http_get('/cached/a'));

# what is in a file, too, would be sent from there

masked("sendfile, $_", http_get('/sendfile/a')) for 'miss', 'hit';

my $r = http_put('/a', 'x');
masked('put', $r);

$r = http_request(method => 'HEAD', uri => '/a');
is($r->status . $r->body, '403', 'head');

# well-formed, and of the length that was announced

$r = http_get('/a');
like($r->body, qr!<FormatString>\*+</FormatString>!, 'masked');
is($r->header('Content-Length'), length $r->body, 'length');
like($r->body, qr!<RequestId>[^*<]+</RequestId>!, 'request id');

# an error without a signature in it is as it was

$t->control({ rules => [{ method => 'GET', status => 404,
	code => 'NoSuchKey', message => 'a > b' }] });
like(http_get('/b')->body, qr!<Code>NoSuchKey</Code>.*a &gt; b!s, 'another');
$t->control();

# the client may see what it has signed itself

$r = http_get('/client/a', Authorization => 'q-sign-algorithm=sha1&q-ak='
	. SECRET_ID . '&q-sign-time=1;9999999999&q-key-time=1;9999999999'
	. '&q-header-list=host&q-url-param-list=&q-signature=' . '0' x 40,
	'x-cos-security-token' => $token);
like($r->body, qr!<FormatString>get\n!, 'signed by the client');

$t->allow_tokens_in_log();

sub masked {
	my ($name, $r) = @_;

	is($r->status . ' ' . $r->code, '403 SignatureDoesNotMatch', $name);
	unlike($r->body, qr/ExampleToken|x{20}/, "$name, no token");
	unlike($r->body, qr/host=/, "$name, not what was signed");
}

###############################################################################
