#!/usr/bin/perl

# Tests for request bodies of all sizes, with and without buffering and length.

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

my $t = Test::COS->new()->needs_cos()->plan(108);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

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

# below, at and above the size of the buffer

my @sizes = (0, 1, 1023, 1024, 1025, 300000);

for my $buffering (qw/ on off /) {
	for my $chunked (0, 1) {
		for my $size (@sizes) {
			put($buffering, $chunked, $size);
		}
	}
}

# neither length nor chunks: COS says what it thinks of that

is(http_request(method => 'PUT', uri => '/on/none')->code,
	'MissingContentLength', 'no length');
is($t->store_get('images-1250000000', 'on/none'), undef, 'not stored');

# in two pieces

my @pieces = ('first ', 'second', '');
is(http_request(method => 'PUT', uri => '/off/two', length => 12,
	body => sub { shift @pieces })->status, 200, 'two pieces');
is($t->store_get('images-1250000000', 'off/two'), 'first second',
	'two pieces stored');

# two on one connection, so that the end of each is known

my $c = http_connect();
for my $buffering (qw/ on off /) {
	for my $chunked (0, 1) {
		is(http_request(method => 'PUT', uri => "/$buffering/$chunked",
			body => "keep $buffering $chunked", chunked => $chunked,
			conn => $c)->status, 200, "kept alive $buffering $chunked");
		is($t->store_get('images-1250000000', "$buffering/$chunked"),
			"keep $buffering $chunked",
			"kept alive $buffering $chunked stored");
	}
}
$c->close;

###############################################################################

sub put {
	my ($buffering, $chunked, $size) = @_;

	my $name = "$buffering/" . ($chunked ? 'chunked' : 'length') . "-$size";
	my $body = join '', map { chr(ord('a') + $_ % 26) } 1 .. $size;

	$t->journal_clear;
	my $r = http_request(method => 'PUT', uri => "/$name", body => $body,
		chunked => $chunked, headers => { 'Content-Type' => 'text/x-test' });
	is($r->status, 200, $name);

	my $stored = $t->store_get('images-1250000000', $name);
	ok(defined $stored && $stored eq $body, "$name stored");

	my ($e, @more) = $t->journal;
	my %h = map { lc $_->[0] => $_->[1] } @{$e->{headers}};
	my $framing = join ' ', map { defined $h{$_} ? "$_=$h{$_}" : () }
		qw/ content-length transfer-encoding /;

	is("$e->{verified} $e->{header_list} " . @more, '1 content-type;host 0',
		"$name signed once");
	# nginx knows the length of a short one if all of it comes at once

	my $length = "content-length=$size";
	my $te = 'transfer-encoding=chunked';
	like($framing, $buffering eq 'on' || !$chunked ? qr/\A$length\z/
		: $size > 2000 ? qr/\A$te\z/ : qr/\A(?:$length|$te)\z/,
		"$name framing");
}

###############################################################################
