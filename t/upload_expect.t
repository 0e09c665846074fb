#!/usr/bin/perl

# Tests for Expect: 100-continue, request buffering on and off.

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

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 100k;

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

        location /read/ {
            cos_pass   images-1250000000/read/;
        }
    }
}

EOC

$t->run();

for my $uri (qw! /on/length /on/chunked /off/length /off/chunked !) {
	my $body = $uri x 5000;

	$t->journal_clear;
	my $r = http_request(method => 'PUT', uri => $uri, body => $body,
		chunked => $uri =~ /chunked/ ? 1 : 0, wait_continue => 1);

	is("@{$r->interim} " . $r->status, '100 200', "$uri told to continue");
	ok($t->store_get('images-1250000000', substr $uri, 1) eq $body,
		"$uri stored");

	# nginx has asked already

	my ($e, @more) = $t->journal;
	is("$e->{verified} " . @more, '1 0', "$uri signed once");
	is(join(' ', map { $_->[0] } grep { lc $_->[0] eq 'expect' }
		@{$e->{headers}}), '', "$uri not passed on");
}

# what is refused is refused all the same, and nothing is sent

$t->journal_clear;
for my $case (['/read/a', 403], ['/off/a?acl', 403], ['/on/a?acl', 403]) {
	my ($uri, $status) = @$case;
	my $r = http_request(method => 'PUT', uri => $uri, body => 'x' x 10000,
		wait_continue => 1);
	is($r->status, $status, "refused $uri");
}

# too long to be asked for

for my $uri (qw! /on/long /off/long !) {
	my $r = http_request(method => 'PUT', uri => $uri, body => 'x' x 100000,
		headers => { 'Content-Length' => 1000000 }, wait_continue => 1);
	is("@{$r->interim} " . $r->status, ' 413', "too long $uri");
}

is(scalar(my @sent = $t->journal), 0, 'nothing sent');
is($t->store_get('images-1250000000', 'on/long'), undef, 'nothing stored');
is($t->store_get('images-1250000000', 'read/a'), undef, 'not written');

###############################################################################
