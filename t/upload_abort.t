#!/usr/bin/perl

# Tests for clients that go away in the middle of an upload.

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

my $t = Test::COS->new()->needs_cos()->plan(35);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;
    client_body_buffer_size 16k;

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

my $piece = 'x' x 65536;
$t->wait_until(sub { $t->worker_pids });
my @old = $t->worker_pids;

for my $uri (qw! /on/length /on/chunked /off/length /off/chunked !) {
	my $key = substr $uri, 1;
	$t->store_put('images-1250000000', $key, 'old');
	$t->journal_clear;

	# the client goes when some of it has arrived where it should not stay

	my ($n, $begun) = (0, 0);
	my $c = http_connect();
	$c->request(method => 'PUT', uri => $uri, headers => { Host => 'h' },
		body => sub { $begun = begun($uri) if $n == 20;
			$n++ < 64 ? $piece : '' }, length => 64 * 65536,
		chunked => $uri =~ /chunked/ ? 1 : 0, abort_after => 3000000);
	ok($begun, "$uri begun");

	# what has begun is broken off, and what is buffered is never sent

	if ($uri =~ /off/) {
		$t->wait_until(sub { ($t->journal)[0] });
		my ($e, @more) = $t->journal;
		is("$e->{target} $e->{verified} $e->{status} $e->{error_code} "
			. @more, "/$key 1 0 aborted 0", "$uri broken off");
		cmp_ok($e->{body_len}, '<=', 3000000, "$uri no more than was sent");

	} else {
		$t->wait_until(sub { $t->access_log =~ /PUT \Q$uri\E / });
		is(scalar(my @sent = $t->journal), 0, "$uri nothing sent");
		like($t->access_log, qr!"PUT \Q$uri\E HTTP/1.1" 400 0 "-"!,
			"$uri no upstream");
	}

	is($t->store_get('images-1250000000', $key), 'old', "$uri kept");
	ok($t->wait_until(sub { !temporary() }), "$uri temporary file closed");

	# the next one goes well

	is(http_put($uri, 'new')->status, 200, "$uri next");
	is($t->store_get('images-1250000000', $key), 'new', "$uri next stored");
	is(($t->journal)[-1]{verified}, 1, "$uri next signed");
}

# gone before there is any body, and in the middle of a chunk

for my $uri (qw! /on/none /off/none !) {
	$t->journal_clear;
	my $c = http_connect();
	$c->send("PUT $uri HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
		. "\r\nffff\r\nabc");
	$c->reset;
	ok($t->wait_until(sub { $t->access_log =~ /PUT \Q$uri\E / }),
		"$uri logged");
}

is(join(' ', $t->worker_pids), "@old", 'same worker');

###############################################################################

sub begun {
	my ($uri) = @_;
	return $t->wait_until($uri =~ /on/ ? \&temporary : sub { grep { -s }
		glob $t->path('cos-8081/store/images-1250000000/data/*.tmp') });
}

# nginx removes the name of a temporary file as soon as it is open

sub temporary {
	return grep { /client_body_temp/ } map { readlink || '' }
		map { glob "/proc/$_/fd/*" } $t->worker_pids;
}

###############################################################################
