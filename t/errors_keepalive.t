#!/usr/bin/perl

# Tests for refusals on a connection that goes on.

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

my $t = Test::COS->new()->needs_cos()->plan(39);

$t->cos();
$t->store_put('images-1250000000', 'a', 'hello');

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou alias=b protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass path_style;
        }

        location /stream/ {
            cos_pass images-1250000000;
            proxy_request_buffering off;
        }
    }
}

EOC

$t->run();

###############################################################################

my $small = 'x' x 100;
my $large = 'GET /b/a HTTP/1.1 ' x 100000;
my $next = "GET /b/a HTTP/1.1\r\nHost: h\r\n\r\n";

sub chunks { join '', map({ sprintf "%x\r\n%s\r\n", length, $_ } @_),
	"0\r\n\r\n" }

for my $location ('/b/', '/stream/') {
	after("PUT ${location}x", "Content-Length: 0\r\n", '', 403, 'no body');
	after("PUT ${location}x", "Content-Length: 100\r\n", $small, 403,
		'small body');
	after("PUT ${location}x", 'Content-Length: ' . length($large) . "\r\n",
		$large, 403, 'large body');
	after("PUT ${location}x", "Transfer-Encoding: chunked\r\n",
		chunks($small, 'y' x 5000), 403, 'chunked body');
	after("PUT ${location}x", "Transfer-Encoding: chunked\r\n",
		chunks(($large) x 2), 403, 'large chunked body');
	after("POST ${location}?delete", "Content-Length: 100\r\n", $small, 403,
		'delete');
}

after('PUT /unknown/x', "Content-Length: 100\r\n", $small, 404,
	'unknown bucket');
after('PUT /b/a/../x', "Content-Length: 100\r\n", $small, 400, 'bad path');
after('PUT /b/x?%41=1&a=1', "Content-Length: 100\r\n", $small, 400,
	'bad query');

# a client that waits for 100 Continue

my $c = http_connect();
$c->send("PUT /b/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n"
	. "Expect: 100-continue\r\n\r\n");
my $r = $c->read_response();
is($r->status, 403, 'expect');
is($r->header('Connection') . scalar(@{$r->interim}), 'close0',
	'expect, not asked to continue, so the connection cannot be used again');

$c = http_connect();
$r = http_request(conn => $c, method => 'PUT', uri => '/b/x', body => $large,
	chunked => 1, wait_continue => 1);
is($r->status, 403, 'expect, chunked and large');

# nothing of the bodies was taken for a request

is(scalar(my @sent = $t->journal), 15, 'sent');
is_deeply([grep { !/\AGET \/a 1\z/ } map {
	"$_->{method} $_->{target} $_->{verified}" } @sent], [], 'only the others');

# one after the other, many

$t->journal_clear;
my @r = http(("PUT /b/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n"
	. $small) x 50 . $next, count => 51);
is(join(' ', map { $_->status } @r), join(' ', (403) x 50, 200), 'pipelined');
is(scalar(@sent = $t->journal), 1, 'pipelined sent');
is($r[50]->header('connection'), 'keep-alive', 'still kept alive');

# closed where the client wants it

$r = http("PUT /b/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n"
	. "Connection: close\r\n\r\n$small");
is($r->header('connection'), 'close', 'close');

###############################################################################

sub after {
	my ($line, $headers, $body, $status, $name) = @_;
	my @r = http("$line HTTP/1.1\r\nHost: h\r\n$headers\r\n$body$next",
		count => 2);
	is($r[0]->status, $status, "$name refused");
	is($r[1]->body, 'hello', "$name next");
}
