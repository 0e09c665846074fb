#!/usr/bin/perl

# Tests for error_page: it comes before the XML of a refusal.

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

my $t = Test::COS->new()->needs_cos()->plan(24);

$t->cos();
$t->store_put('images-1250000000', 'denied.html', 'denied from COS');
$t->store_put('images-1250000000', 'a', 'hello');

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou alias=b protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /file/ {
            cos_pass   images-1250000000;
            error_page 403 /denied.html;
        }

        location = /denied.html {
            return 403 "denied by nginx";
        }

        location /object/ {
            cos_pass   images-1250000000;
            error_page 403 /b/denied.html;
        }

        location / {
            cos_pass   path_style;
        }

        location /named/ {
            cos_pass   path_style;
            error_page 404 @found;
            error_page 400 405 =418 /teapot;
        }

        location @found {
            return 202 "named";
        }

        location /teapot {
            return 418 "teapot";
        }

        location /loop/ {
            cos_pass   images-1250000000;
            error_page 403 /loop/?acl;
        }

        location /recursive/ {
            cos_pass   images-1250000000;
            error_page 403 /file/?acl;
            recursive_error_pages on;
        }

        location /away/ {
            cos_pass   images-1250000000;
            error_page 403 =302 https://example.com/login;
        }

        location /other/ {
            cos_pass   images-1250000000;
            error_page 500 502 /denied.html;
        }

        location /intercept/ {
            cos_pass   images-1250000000;
            error_page 404 @found;
            proxy_intercept_errors on;
        }
    }
}

EOC

$t->run();

###############################################################################

my $r = http_get('/file/a?acl');
is($r->status, 403, 'page status');
is($r->body, 'denied by nginx', 'page');

$t->journal_clear;
$r = http_request(method => 'DELETE', uri => '/object/a');
is($r->status, 403, 'page from COS status');
is($r->body, 'denied from COS', 'page from COS');
is(join(' ', map { "$_->{method} $_->{key} $_->{verified}" } $t->journal),
	'GET denied.html 1', 'only the page is sent');

$r = http_get('/named/unknown/a');
is($r->status, 404, 'named status');
like($r->body, qr/named/, 'named');
is(http_get('/named/b/a/../c')->status, 418, 'other status');
is(http_request(method => 'PATCH', uri => '/named/b/a')->body, 'teapot',
	'method');

$t->journal_clear;
$r = http_get('/loop/a?acl');
is($r->status, 403, 'no loop');
is($r->code, 'AccessDenied', 'xml when the page is refused, too');
is(scalar(my @none = $t->journal), 0, 'loop not sent');

$r = http_get('/recursive/a?acl');
is($r->status, 403, 'recursive status');
is($r->body, 'denied by nginx', 'recursive');

$r = http_get('/away/a?acl');
is($r->status, 302, 'redirect');
is($r->header('location'), 'https://example.com/login', 'redirect location');

is(http_get('/other/a?acl')->code, 'AccessDenied', 'page of another status');

# not for what COS answers, unless asked for

is(http_get('/named/b/none')->code, 'NoSuchKey', 'answer of COS');
like(http_get('/intercept/none')->body, qr/named/, 'intercepted');

# a page does not need what was wrong

$r = http_head('/file/a?acl');
is($r->status . $r->body, '403', 'head');

my @r = http("PUT /file/a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
	. "helloGET /b/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
	count => 2);
is($r[0]->body, 'denied by nginx', 'page after a body');
is($r[1]->body, 'hello', 'next request');
is(http_get('/b/a')->body, 'hello', 'no error');
is(http_get('/b/none')->status, 404, 'not found without a page');
