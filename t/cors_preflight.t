#!/usr/bin/perl

# Tests for cos_cors: preflights are answered here, before anything asks for more.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->needs('auth_request')->plan(63);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer();
$t->issuer_control({ rules => [{ status => 500 }] });

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    limit_req_zone \$server_port zone=one:1m rate=1r/m;
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials never { provider http $url/sts.php; vend on; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http alias=images
               endpoint=127.0.0.1:8081 credentials=app;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images; cos_cors https://a.example.com; }
        location /write/ { cos_pass images/; cos_allow read write delete;
                           cos_cors https://a.example.com max_age=2h; }
        location /put/ { cos_pass images/; cos_allow PutObject;
                         cos_cors * max_age=0; }
        location /auth/ { cos_pass images/; cos_cors *; auth_request /no; }
        location /deny/ { cos_pass images/; cos_cors *; deny all; }
        location /except/ { cos_pass images/; cos_cors *;
                            limit_except GET { deny all; } }
        location /limit/ { cos_pass images/; cos_cors *; limit_req zone=one; }
        location /never/ { cos_pass images/ credentials=never; cos_cors *;
                           cos_wait 10s; }
        location /link/ { cos_pass images/; cos_cors *;
                          return 302 \$cos_presigned_url; }
        location /if/ { cos_cors *; deny all;
                        if (\$http_origin) { cos_pass images/; } }
        location /moved/ { rewrite ^/moved/(.*) /put/\$1 last; }
        location /sts { cos_sts never; cos_cors https://a.example.com;
                        auth_request /no; }
        location /off/ { cos_pass images/; cos_cors off; }
        location /none/ { cos_pass images/; }
        location /static/ { cos_cors *; return 200; }
        location /page/ { cos_pass images/; cos_cors https://a.example.com;
                          error_page 403 \@denied; }
        location \@denied { return 200 'denied'; }
        location = /no { return 403; }
    }
}
EOF
$t->run();

my $A = 'https://a.example.com';

# what it says

my $r = preflight('/a.txt', 'GET');
is($r->status, 204, 'status') or diag $r;
is($r->body, '', 'no body');
is(join(' ', $r->header_all('Access-Control-Allow-Origin')), $A, 'origin');
is($r->header('Access-Control-Allow-Methods'), 'GET, HEAD', 'methods');
is($r->header('Access-Control-Max-Age'), 600, 'age');
is($r->header('Access-Control-Allow-Headers'), undef, 'no headers asked for');
is($r->header('Access-Control-Allow-Credentials'), undef, 'no credentials');
is($r->header('Vary'), 'Origin', 'vary');

my $names = 'authorization,content-md5, x-cos-meta-a,X-Cos-Security-Token';
$r = preflight('/write/a.txt', 'PUT',
	'Access-Control-Request-Headers' => $names);
is($r->header('Access-Control-Allow-Headers'), $names, 'headers');
is($r->header('Access-Control-Allow-Methods'), 'GET, HEAD, PUT, POST, DELETE',
	'all methods');
is($r->header('Access-Control-Max-Age'), 7200, 'max_age');
$r = preflight('/put/a.txt', 'PUT', 'Access-Control-Request-Headers' =>
	'a: b');
is($r->header('Access-Control-Allow-Methods'), 'PUT', 'one method');
is($r->header('Access-Control-Allow-Origin'), '*', 'any origin');
is($r->header('Vary'), undef, 'any origin, no vary');
is($r->header('Access-Control-Max-Age'), 0, 'no age');
is($r->header('Access-Control-Allow-Headers'), undef, 'not names of headers');
is(preflight('/put/a', 'PUT', Origin => 'null')->status, 204, 'any, null');

# before what asks for a password, a credential or an address

for my $case (
	['/auth/a.txt', 'GET, HEAD'], ['/deny/a.txt', 'GET, HEAD'],
	['/except/a.txt', 'GET, HEAD'], ['/never/a.txt', 'GET, HEAD'],
	['/limit/a.txt', 'GET, HEAD'], ['/limit/a.txt', 'GET, HEAD'],
	['/link/a.txt', 'GET, HEAD'], ['/if/a.txt', 'GET, HEAD'],
	['/moved/a.txt', 'PUT'], ['/sts', 'GET, HEAD, POST'],
	['/a.txt?acl&nothing', 'GET, HEAD'],
) {
	my ($uri, $methods) = @$case;
	$r = preflight($uri, 'GET');
	is($r->status, 204, $uri) or diag $r;
	is($r->header('Access-Control-Allow-Methods'), $methods, "$uri, methods");
}

# an origin that is not allowed

for my $case ([Origin => 'https://b.example.com'], [Origin => 'null'],
	[Origin => '"><x>'])
{
	$r = preflight('/a.txt', 'GET', @$case);
	is($r->status, 403, "@$case");
	is($r->code, 'AccessDenied', "@$case, code");
	unlike($r, qr/^Access-Control/mi, "@$case, no headers");
}
is(preflight('/sts', 'GET', Origin => 'https://b.example.com')->status, 403,
	'sts, other origin');
is(preflight('/page/a', 'GET', Origin => 'https://b.example.com')->body,
	'denied', 'error page of another origin');

# errors that are answered elsewhere, with cos_cors in the location alone

$r = http_get('/page/a.txt?acl', Origin => $A);
is($r->body, 'denied', 'error page');
is($r->header('Access-Control-Allow-Origin'), $A, 'error page, headers');
$r = http_get('/sts', Origin => $A);
is($r->status, 403, 'sts refused');
is($r->header('Access-Control-Allow-Origin'), $A, 'sts refused, headers');

# it is one request on its connection, and its body is not the next one

my @r = http(join('', map { "OPTIONS $_ HTTP/1.1\r\nHost: localhost\r\n"
	. "Origin: $A\r\nAccess-Control-Request-Method: PUT\r\n"
	. "Content-Length: 5\r\n\r\nabcde" } '/a.txt', '/sts', '/page/x'),
	count => 3);
is(join(' ', map { $_->status } @r), '204 204 204', 'one connection');

is(scalar(() = $t->journal), 0, 'nothing sent to COS');

# what is no preflight, or not ours

for my $uri (qw! /off/a.txt /none/a.txt !) {
	is(preflight($uri, 'GET')->status, 200, "$uri is for the bucket");
	is(($t->journal)[-1]{operation}, 'OptionsObject', "$uri, sent");
}
$t->journal_clear;
is(http_request(method => 'OPTIONS', uri => '/a.txt',
	headers => { Origin => $A })->status, 200, 'no method asked for');
is(($t->journal)[-1]{operation}, 'OptionsObject', 'no preflight, sent');
is(preflight('/static/x', 'GET')->header('Access-Control-Allow-Origin'), undef,
	'not a location of COS');

###############################################################################

sub preflight {
	my ($uri, $method, %headers) = @_;
	return http_request(method => 'OPTIONS', uri => $uri, headers => {
		Origin => $A, 'Access-Control-Request-Method' => $method,
		%headers });
}

###############################################################################
