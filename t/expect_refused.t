#!/usr/bin/perl

# Tests for Expect: 100-continue of a request that is refused.

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

my $t = Test::COS->new()->needs_cos()->plan(50);

$t->cos();

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    lingering_timeout 200ms;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
        }

        location /write/ {
            cos_pass images-1250000000;
            cos_allow write;
            proxy_request_buffering off;
        }

        location /path/ {
            cos_pass path_style;
            cos_allow write;
        }
    }
}
EOC

$t->run();

###############################################################################

for my $case (['PUT', '/a', 403], ['PUT', '/write/a?acl', 403],
	['PUT', '/write/a?nothing', 403], ['PUT', '/path/none/a', 404],
	['PUT', '/write/a?partNumber=&uploadId=', 400],
	['POST', '/a?delete', 403], ['DELETE', '/a', 403])
{
	my ($method, $uri, $status) = @$case;
	for my $framing ('Content-Length: 5', 'Transfer-Encoding: chunked') {
		my $name = "$method $uri, $framing";

		# on a connection that is to be kept
		my $c = http_connect();
		$c->send("$method $uri HTTP/1.1\r\nHost: localhost\r\n"
			. "$framing\r\nExpect: 100-continue\r\n\r\n");
		my $r = $c->read_response(method => $method);
		is("@{$r->interim} " . $r->status, " $status", $name);
		is($r->header('Connection'), 'close', "$name, closed");
		ok(closed($c), "$name, closed in fact");
		$c->close;
	}
}

# one that does not ask keeps its connection

my $c = http_connect();
$c->send("PUT /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
my $r = $c->read_response(method => 'PUT');
is($r->status, 403, 'not asked');
is($r->header('Connection'), 'keep-alive', 'not asked, kept');
$c->send("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
is($c->read_response(method => 'GET')->status, 404, 'not asked, another');

$t->journal_clear if ($t->journal)[-1]{method} eq 'GET';
is(scalar(my @none = $t->journal), 0, 'nothing sent');
is($t->store_get('images-1250000000', 'a'), undef, 'not written');

# bytes that come all the same are not taken for a request

$c = http_connect();
$c->send("PUT /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n"
	. "Expect: 100-continue\r\n\r\n");
is($c->read_response(method => 'PUT')->status, 403, 'refused');
$c->send("PUT /write/b HTTP/1.1\r\nHost: localhost\r\n"
	. "Content-Length: 0\r\n\r\n");
is($c->read_response(method => 'PUT', timeout => 3)->status, 0,
	'body is no request');
is(scalar(@none = $t->journal), 0, 'body not sent');

###############################################################################

sub closed {
	my ($c) = @_;
	return $c->read_response(method => 'GET', timeout => 10)->error
		ne 'timeout';
}

###############################################################################
