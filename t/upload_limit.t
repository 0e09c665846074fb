#!/usr/bin/perl

# Tests for request bodies longer than client_max_body_size.

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

my $t = Test::COS->new()->needs_cos()->plan(20);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 100k;
    client_body_buffer_size 1k;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /on/ {
            cos_pass   images-1250000000/on/;
            cos_allow  read write;
        }

        location /off/ {
            cos_pass   images-1250000000/off/;
            cos_allow  read write;
            proxy_request_buffering off;
        }
    }
}

EOC

$t->run();

$t->wait_until(sub { $t->worker_pids });
my @old = $t->worker_pids;
my $r;

# by its length it is refused before anything is sent; so it is if all of it
# is read first

for my $case (['/on/length', 0], ['/off/length', 0], ['/on/chunked', 1]) {
	my ($uri, $chunked) = @$case;
	$r = http_request(method => 'PUT', uri => $uri, body => 'x' x 102401,
		chunked => $chunked);
	is($r->status, 413, $uri);
	is($t->store_get('images-1250000000', substr $uri, 1), undef,
		"$uri not stored");
}
is(scalar(my @sent = $t->journal), 0, 'nothing sent');

# without a length and a buffer it is known too late: the upload is broken off

$r = http_request(method => 'PUT', uri => '/off/chunked',
	body => 'x' x 1000000, chunked => 1);
is($r->status, 413, 'unbuffered chunked');

ok($t->wait_until(sub { ($t->journal)[0] }), 'upload ended');
my ($e, @more) = $t->journal;
is("$e->{target} $e->{status} $e->{error_code} " . @more,
	'/off/chunked 0 aborted 0', 'upload broken off');
is($t->store_get('images-1250000000', 'off/chunked'), undef,
	'unbuffered chunked not stored');

# as long as is allowed

for my $case (['/on/a', 0], ['/on/b', 1], ['/off/a', 0], ['/off/b', 1]) {
	my ($uri, $chunked) = @$case;
	is(http_request(method => 'PUT', uri => $uri, body => 'x' x 102400,
		chunked => $chunked)->status, 200, "longest $uri");
	is(length $t->store_get('images-1250000000', substr $uri, 1), 102400,
		"longest $uri stored");
}

is(join(' ', $t->worker_pids), "@old", 'same worker');

###############################################################################
