#!/usr/bin/perl

# Tests for $cos_presigned_url where there is no link: an error in its place.

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
$t->needs('ssi')->plan(78);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 3);
$t->issuer_control({ rules => [{ path_re => qr/never/, status => 500 }] });

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    log_format link '\$status \$uri \$cos_action \$cos_error_code';
    access_log %%TESTDIR%%/link.log link;
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials never { provider http $url/sts.php?never; }
    cos_credentials short { provider http $url/sts.php?short; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http alias=images
               endpoint=127.0.0.1:8081 credentials=app;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images; return 302 \$cos_presigned_url; }
        location /list/ { cos_pass images/; cos_allow read list;
                          return 302 \$cos_presigned_url; }
        location /below/ { cos_pass images/public/; cos_allow read list;
                           return 302 \$cos_presigned_url; }
        location /json/ { cos_pass images/; default_type application/json;
                          return 200 '{"url":"\$cos_presigned_url"}'; }
        location /all/ { cos_pass path_style;
                         return 302 \$cos_presigned_url; }
        location /put/ { cos_pass images/; cos_allow read write delete copy;
                         return 307 \$cos_presigned_url; }
        location /write/ { cos_pass images/; cos_allow PutObject;
                           return 302 \$cos_presigned_url; }
        location /service/ { cos_pass service protocol=http credentials=app
                                              endpoint=127.0.0.1:8081;
                             cos_allow list; return 302 \$cos_presigned_url; }
        location /never/ { cos_pass images/ credentials=never;
                           return 302 \$cos_presigned_url; }
        location /short/ { cos_pass images/ credentials=short;
                           return 302 \$cos_presigned_url; }
        location /page/ { cos_pass images/; error_page 403 /denied.html;
                          return 302 \$cos_presigned_url; }
        location /said/ { cos_pass images/;
                          if (\$cos_presigned_url = "") { return 410; }
                          return 302 \$cos_presigned_url; }
        location /nothing/ { return 200 "<\$cos_presigned_url>"; }
        location /away/ { cos_pass images/; set \$link \$cos_presigned_url;
                          rewrite ^ /text last; }
        location /text { return 200 "elsewhere"; }
        location /ssi { ssi on; ssi_types *; root %%TESTDIR%%; }
    }
}
EOF
$t->write_file('ssi', 'page <!--#include virtual="/json/a?acl" --> end');
$t->run();

for my $case (
	# what the gate refuses
	['GET', '/a.txt?acl', 403, 'AccessDenied'],
	['GET', '/a.txt?response-content-type=text/html', 403, 'AccessDenied'],
	['GET', '/a.txt?x=1', 403, 'AccessDenied'],
	['GET', '/a.txt?uploadId=1', 403, 'AccessDenied'],
	['GET', '/json/a.txt?tagging', 403, 'AccessDenied'],
	['GET', '/write/a.txt', 403, 'AccessDenied'],
	['GET', '/page/a.txt?acl', 403, 'AccessDenied'],
	['GET', '/all/other-1250000000/a.txt', 404, 'NoSuchBucket'],
	['GET', '/a%2e%2e/%2e./a.txt', 400, 'InvalidURI'],
	['GET', '/a%01.txt', 400, 'InvalidURI'],
	['GET', '/' . 'a' x 851, 400, 'KeyTooLong'],
	['GET', '/a.txt?versionId=1&versionId=2', 400, 'InvalidArgument'],

	# what has no key
	['GET', '/', 400, 'InvalidURI'],
	['GET', '/all/images/', 400, 'InvalidURI'],
	['GET', '/list/?prefix=a', 400, 'InvalidURI'],
	['GET', '/below/?prefix=a', 400, 'InvalidURI'],
	['GET', '/service/', 400, 'InvalidURI'],

	# what would give away more than it says
	['PUT', '/put/a.txt', 405, 'MethodNotAllowed'],
	['DELETE', '/put/a.txt', 405, 'MethodNotAllowed'],
	['POST', '/json/a.txt', 405, 'MethodNotAllowed'],

	# no credential
	['GET', '/never/a.txt', 503, 'ServiceUnavailable'],
) {
	my ($method, $uri, $status, $code) = @$case;
	my $name = substr "$method $uri", 0, 50;
	my $r = http_request(method => $method, uri => $uri);
	is($r->status, $status, "$name, status") or diag $r;
	is($r->code, $code, "$name, code");
	unlike($r, qr/^Location:|q-signature|"url"/mi, "$name, no link");
}

my $r = http_get('/never/a.txt');
ok($r->header('Retry-After'), 'Retry-After');
like($r->header('x-cos-request-id'), qr/\A\w{32}\z/, 'request id');
is($r->header('Content-Type'), 'application/xml', 'type');

# it is one whole response

$r = http_head('/a.txt?acl');
is($r->status, 403, 'HEAD');
is($r->body, '', 'HEAD, no body');
my @r = http(join('', map { "GET $_ HTTP/1.1\r\nHost: localhost\r\n\r\n" }
	'/a.txt?acl', '/json/a.txt?acl', '/json/a.txt', '/a.txt'), count => 4);
is(join(' ', map { $_->status } @r), '403 403 200 302', 'one connection');
like(http_get('/ssi')->body, qr/^page .*AccessDenied.* end$/s, 'in a page');

# where there is nothing to be said

is(http_get('/said/a.txt?acl')->status, 410, 'looked at by the configuration');
is(http_get('/said/a.txt')->status, 302, 'looked at and used');
is(http_get('/nothing/a.txt')->body, '<>', 'without cos_pass');
is(http_get('/away/a.txt?acl')->body, 'elsewhere', 'another location');

# a credential that has expired

$t->wait_until(sub { http_get('/short/a.txt')->status == 302 }, 5);
$t->issuer_control({ refuse => 1 });
ok($t->wait_until(sub { http_get('/short/a.txt')->status == 503 }, 7),
	'expired');

is(scalar(() = $t->journal), 0, 'nothing sent');
like($t->read_file('link.log'), qr!^403 /a\.txt GetObjectACL AccessDenied$!m,
	'log');
unlike($t->error_log, qr/q-signature/, 'no signature in the log');

###############################################################################
