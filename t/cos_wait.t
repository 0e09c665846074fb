#!/usr/bin/perl

# Tests for cos_wait: a request waits for the first credential.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use Time::HiRes qw/ sleep /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->needs('ssi')->plan(38);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->store_put('images-1250000000', 'b.txt', 'there');
$t->issuer(life => 600);
$t->issuer_control({ rules => [
	{ path_re => qr/\?never$/, stall => 9 },
	{ stall => 1 },
] });
$t->write_file('page.shtml', '<!--#include virtual="/a.txt" -->-'
	. '<!--#include virtual="/b.txt" -->');

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials one { provider http $url/sts.php?one; }
    cos_credentials never { provider http $url/sts.php?never; timeout 1m; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=one;
    cos_allow read write;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; }
        location /page { ssi on; ssi_types *; }
        location /never/ { cos_pass images-1250000000/ credentials=never;
                           cos_wait 200ms; }
        location /once/ { cos_pass images-1250000000/ credentials=never;
                          cos_wait 0; }
        location /long/ { cos_pass images-1250000000/ credentials=never;
                          cos_wait 30s; }
    }
}
EOF
$t->run();

# all these come before there is a credential

my @conn;
my $large = 'x' x 300000;
for (1 .. 20) {
	push @conn, http_connect();
	$conn[-1]->send("GET /a.txt HTTP/1.1\r\nHost: localhost\r\n"
		. "Connection: close\r\n\r\n");
}
my $put = http_connect();
$put->send("PUT /put.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	. "Content-Length: 300000\r\n\r\n" . $large);
my $half = http_connect();
$half->send("PUT /half.txt HTTP/1.1\r\nHost: localhost\r\n"
	. "Connection: close\r\nContent-Length: 10\r\n\r\n12345");
my $page = http_connect();
$page->send("GET /page.shtml HTTP/1.1\r\nHost: localhost\r\n"
	. "Connection: close\r\n\r\n");
my $pipe = http_connect();
$pipe->send("GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
	. "GET /b.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
my $gone = http_connect();
$gone->send("GET /long/a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");

is(http_get('/once/a.txt')->status, 503, 'cos_wait 0');
my $r = http_get('/never/a.txt');
is($r->status, 503, 'cos_wait 200ms');
is($r->code, 'ServiceUnavailable', 'code');
ok($r->header('Retry-After'), 'Retry-After');
like($r->header('Content-Type'), qr!application/xml!, 'XML');
$r = http_request(method => 'HEAD', uri => '/never/a.txt');
is($r->status, 503, 'HEAD');
is($r->body, '', 'HEAD has no body');
is(scalar(() = $t->journal), 0, 'nothing sent till now');
unlike($t->error_log, qr/"one" updated/, 'no credential till now');

for (1 .. @conn) {
	is($conn[$_ - 1]->read_response->body, 'hello', "waiting request $_");
}
$r = $put->read_response;
is($r->status, 200, 'PUT');
is($t->store_get('images-1250000000', 'put.txt'), $large, 'PUT body');
$half->send('67890');
is($half->read_response->status, 200, 'PUT, half of the body later');
is($t->store_get('images-1250000000', 'half.txt'), '1234567890', 'half body');
is($page->read_response->body, 'hello-there', 'subrequests');
is($pipe->read_response->body . $pipe->read_response->body, 'hellothere',
	'pipelined');
is(scalar(grep { $_->{target} =~ /one$/ } $t->issuer_journal), 1, 'one fetch');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');

# a client that does not wait

$gone->close;
ok($t->wait_until(sub { $t->access_log =~ m!/long/a.txt.*" 499! }, 3),
	'client has gone');

###############################################################################
