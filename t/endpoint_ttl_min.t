#!/usr/bin/perl

# Tests for addresses of COS that are not to be kept at all, says "resolver": it
# is asked about once a second, not for each request.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;
use Test::COS::Shim;

use Time::HiRes qw/ time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

use constant N => 100;

my %ttl = (zero => 0, one => 1);
my @names = sort keys %ttl;

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos();

# nginx answers from its own memory for the rest of the second

my $debug = $t->has_module('debug');
$t->debug()->allow_tokens_in_log() if $debug;
$t->plan(6 * @names + 4);

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names, 'none']);
$t->store_put("$_-1250000000", 'a.txt', 'hello') for @names;
$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0),
	SHIM_MONOTONIC => 1);

my $dns = Test::COS::DNS->new($t);
$dns->set("$_.test", A => ['127.0.0.1'], ttl => $ttl{$_}) for @names;

my $port = $t->port(8081);
my $buckets = join '', map { "cos_bucket $_-1250000000 ap-guangzhou"
	. " alias=$_ protocol=http endpoint=$_.test:$port;\n" } @names, 'none';

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    resolver 127.0.0.1:8053;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $buckets

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }
    }
}

EOF

$t->run();

###############################################################################

my $now = 0;

for my $name (@names) {
	my ($answered, $asked, $most, $lookups) = many($name);
	is($answered, N, "$name, answered");
	cmp_ok($asked, '>=', 1, "$name, asked");
	cmp_ok($asked, '<=', $most, "$name, asked once a second");
	SKIP: {
		skip 'no debug log', 1 unless $debug;
		cmp_ok($lookups, '<=', $most, "$name, looked up once a second");
	}

	# but no longer than that

	pass_time(3);
	$dns->clear;
	is(http_get("/$name/a.txt")->body, 'hello', "$name, later");
	ok($t->wait_until(sub { $dns->queries("$name.test", 'A') == 1 }),
		"$name, asked later");
}

# nor is it asked by each request for a name that does not exist

my ($answered, $asked, $most) = many('none');
is($answered, 0, 'no such name');
cmp_ok($asked, '>=', 1, 'no such name, asked');
cmp_ok($asked, '<=', $most, 'no such name, asked once a second');

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

###############################################################################

# how many requests are answered, how many make nginx ask, how many may, in the
# time that they take, and how many of them look for an address

sub many {
	my ($name) = @_;
	my $start = time();
	$dns->clear;
	my $answered = grep { http_get("/$name/a.txt")->status == 200 } 1 .. N;
	return ($answered, $dns->queries("$name.test", 'A'),
		time() - $start + 2,
		scalar(() = $t->error_log =~ /cos lookup: "$name.test"/g));
}

sub pass_time {
	my ($seconds) = @_;
	$now += $seconds;
	$t->control({ clock_offset => $now });
	$t->shim_number('clock', $now);
}

###############################################################################
