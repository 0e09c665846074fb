#!/usr/bin/perl

# Tests for uploads that COS answers early, breaks off or does not answer.

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

my $t = Test::COS->new()->needs_cos()->plan(125);

$t->cos();

$t->write_file('locations.conf', <<'EOC');

location /on/ {
    cos_pass   images-1250000000/on/;
    cos_allow  read write;
}

location /off/ {
    cos_pass   images-1250000000/off/;
    cos_allow  read write;
    proxy_request_buffering off;
}

EOC

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
        include      locations.conf;
    }

    server {
        listen       127.0.0.1:8082;
        server_name  localhost;
        include      locations.conf;

        proxy_read_timeout 300ms;
        proxy_send_timeout 300ms;
    }
}

EOC

$t->run();

$t->wait_until(sub { $t->worker_pids });
my @old = $t->worker_pids;

# more than the buffers of sockets hold

my $size = 16777216;
my $piece = 'x' x 65536;

# what COS does => status, code of the answer

my @cases = (
	['refuses early', { expire => 1 }, 403, 'AccessDenied'],
	['closes early', { close_early => 1 }, 502],
	['closes without an answer', { drop => 1 }, 502],
	['does not read', { close_early => 1, stall => 30 }, 504],
);

for my $case (@cases) {
	my ($what, $rule, $status, $code) = @$case;

	for my $uri (qw! /on/length /on/chunked /off/length /off/chunked !) {
		my $name = "$what $uri";
		my $r = put($uri, $rule, $size);

		is($r->status, $status, $name);
		is($r->code, $code, "$name code");
		ok(!$r->truncated, "$name answered");

		$t->wait_until(sub { $t->journal });
		my ($e, @more) = $t->journal;
		is("$e->{target} " . @more, "$uri 0", "$name sent once");
		cmp_ok($e->{body_len}, '<', $size, "$name not read")
			unless $rule->{drop};
		is($t->store_get('images-1250000000', substr $uri, 1), undef,
			"$name nothing stored");
	}
}

# COS was too slow to say so

for my $uri (qw! /on/slow /off/slow !) {
	is(put($uri, { stall => 30 }, 65536)->status, 504, "answers late $uri");
	ok($t->wait_until(sub { $t->journal }), "answers late $uri sent");
}

# as if nothing had happened

$t->control();
$t->journal_clear;

for my $uri (qw! /on/length /on/chunked /off/length /off/chunked !) {
	is(http_request(method => 'PUT', uri => $uri, body => $uri,
		chunked => $uri =~ /chunked/ ? 1 : 0)->status, 200, "next $uri");
	is($t->store_get('images-1250000000', substr $uri, 1), $uri,
		"next $uri stored");
	is(($t->journal)[-1]{verified}, 1, "next $uri signed");
}

# short ones

for my $buffering (qw/ on off /) {
	for my $case (@cases) {
		my ($what, $rule, $status, $code) = @$case;
		$t->journal_clear;
		$t->control({ rules => [$rule] });
		is(http_request(method => 'PUT', uri => "/$buffering/short",
			body => 'short', port => port($rule))->status, $status,
			"$what short $buffering");
		is($t->store_get('images-1250000000', "$buffering/short"), undef,
			"$what short $buffering nothing stored");
	}
}

is(join(' ', $t->worker_pids), "@old", 'same worker');

###############################################################################

sub put {
	my ($uri, $rule, $size) = @_;
	my $left = $size;

	$t->journal_clear;
	$t->control({ rules => [$rule] });
	return http_request(method => 'PUT', uri => $uri, length => $size,
		port => port($rule),
		chunked => $uri =~ /chunked/ ? 1 : 0, body => sub {
			$left -= length $piece;
			return $left >= 0 ? $piece : '';
		});
}

# short timeouts only where there is something to wait for

sub port { return $_[0]{stall} ? 8082 : 8080 }

###############################################################################
