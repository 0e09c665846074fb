#!/usr/bin/perl

# Tests for ten thousand buckets: they cost next to nothing, and no name is
# looked up before it is needed.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;

use POSIX ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

use constant N => 10_000;

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(18);

my @used = (1, N / 2, N);

$t->cos(buckets => [map { { name => "b$_-1250000000",
	region => 'ap-guangzhou' } } @used]);
$t->store_put("b$_-1250000000", 'a.txt', "of $_") for @used;

my $dns = Test::COS::DNS->new($t);
$dns->set("h$_.test", A => ['127.0.0.1']) for @used;

conf(1);
my $one = cpu();
$t->run();
my $reload_one = reload_cpu();
$t->stop;
conf(N);
my $many = cpu();

SKIP: {
	skip 'sanitizers take their time', 1 if $ENV{ASAN_OPTIONS};
	cmp_ok($many - $one, '<', 1, 'less than a second of CPU time');
}

my ($strace) = grep { -x } map { "$_/strace" } split /:/, $ENV{PATH};
SKIP: {
	skip 'no strace', 1 unless $strace && !$ENV{ASAN_OPTIONS}
		&& (Test::COS::Process::output(20, $strace, '-f', '-o', '/dev/null',
			'true'))[0] == 0;
	Test::COS::Process::output(60, $strace, '-f', '-o', $t->path('trace'),
		'-e', 'trace=network', Test::COS::Nginx::binary(), '-t', '-p',
		$t->testdir . '/', '-c', 'nginx.conf', '-e', 'stderr');
	is(join('', grep { /\b(?:connect|send\w*)\(/ && !/AF_UNIX/ }
		split /^/, $t->read_file('trace')), '', 'nginx -t asks nothing');
}

$t->run();
is($dns->queries, 0, 'nginx asks nothing');

for my $n (@used) {
	is(http_get("/b$n-1250000000/a.txt")->body, "of $n", "bucket $n");
	is(http_get("/a$n/a.txt")->body, "of $n", "alias $n");
}
is($dns->queries(undef, 'A'), 3, 'three names looked up');

# many have no address

is(http_get('/b2-1250000000/a.txt')->status, 502, 'no address');
is(http_get('/b0-1250000000/a.txt')->status, 404, 'no such bucket');
is(http_get('/b' . (N + 1) . '-1250000000/a.txt')->status, 404,
	'no such bucket, either');

# reload

$dns->clear;
SKIP: {
	my $reload = reload_cpu();
	skip 'sanitizers take their time', 1 if $ENV{ASAN_OPTIONS};
	cmp_ok($reload - $reload_one, '<', 1,
		'reload, less than a second of CPU time');
}
is($dns->queries, 0, 'reload, nothing is asked');
is(http_get("/a$_/a.txt")->body, "of $_", "bucket $_ after a reload")
	for $used[0], $used[2];
is($dns->queries(undef, 'A'), 2, 'names looked up again');

###############################################################################

sub conf {
	my ($n) = @_;

	my $buckets = join '', map { "cos_bucket b$_-1250000000 ap-guangzhou"
		. " alias=a$_ protocol=http endpoint=h$_.test:" . $t->port(8081)
		. ";\n" } 1 .. $n;

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
}

# of nginx -t, the best of three

sub cpu {
	my $best;
	for (1 .. 3) {
		my (undef, undef, $user, $system) = times;
		my ($status, $text) = Test::COS::Process::output(60,
			Test::COS::Nginx::binary(), '-t', '-p', $t->testdir . '/', '-c',
			'nginx.conf', '-e', 'stderr');
		die $text if $status;
		my (undef, undef, $user2, $system2) = times;
		my $cpu = $user2 + $system2 - $user - $system;
		$best = $cpu if !defined $best || $cpu < $best;
	}
	return $best;
}

# of a reload, the best of three: of the master process, and of a worker, from
# its start to its end

sub reload_cpu {
	my ($best, $last);
	for (0 .. 3) {
		my @old = $t->worker_pids;
		$t->reload or die "no reload\n";
		$t->wait_until(sub { !grep { kill 0, $_ } @old }) or die "no exit\n";
		my $cpu = used_cpu($t->master_pid);
		# the first one may have had requests
		$best = $cpu - $last if $_ && (!defined $best
			|| $cpu - $last < $best);
		$last = $cpu;
	}
	return $best;
}

# in seconds, with that of children that have gone

sub used_cpu {
	my ($pid) = @_;
	my ($fields) = $t->read_file("/proc/$pid/stat") =~ /\) (.*)/;
	my $ticks = 0;
	$ticks += $_ for (split ' ', $fields)[11 .. 14];
	return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

###############################################################################
