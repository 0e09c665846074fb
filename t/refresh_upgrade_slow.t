#!/usr/bin/perl

# Tests for renewal over an upgrade of the executable.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(19);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 6);

# a master in the foreground ignores SIGUSR2

my $url = $t->issuer_url;
my $conf = $t->expand(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php; refresh_before 4s; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; cos_wait 15s; } }
}
EOF
$conf =~ s/daemon off;/daemon on;/;
$t->write_file('nginx.conf', $conf);

my $binary = Test::COS::Nginx::binary();
($binary) = grep { -x } map { "$_/$binary" } split /:/, $ENV{PATH}
	unless $binary =~ m!/!;
my $dir = $t->testdir;
my ($status, $text) = Test::COS::Process::output(20, $binary, '-p', "$dir/",
	'-c', 'nginx.conf', '-e', "$dir/error.log");
is($status, 0, 'started') or diag $text;

my ($ok, %seen) = (1);
ok(renewed(2), 'renewed as a daemon');

# both are there

my $old = pid('nginx.pid');
kill 'USR2', $old;
ok($t->wait_until(sub { served(); -s $t->path('nginx.pid.oldbin')
	&& pid('nginx.pid') && pid('nginx.pid') != $old }, 15), 'upgraded');
my $new = pid('nginx.pid');
ok(renewed(4), 'renewed by both');

# the workers of the old one go, and come back, as one does who goes back

kill 'WINCH', $old;
ok($t->wait_until(sub { served(); !workers($old) }, 5), 'old workers exited');
ok(renewed(2), 'renewed in the new one');
kill 'HUP', $old;
ok($t->wait_until(sub { served(); workers($old) == 2 }, 5), 'and come back');
ok(renewed(4), 'renewed by both');

# and now the old one

kill 'WINCH', $old;
ok($t->wait_until(sub { served(); !workers($old) }, 5), 'old workers exited');
kill 'QUIT', $old;
ok($t->wait_until(sub { served(); !kill 0, $old }, 5), 'old master exited');
ok(renewed(2), 'renewed in the new one');
ok($ok, 'served all the time');

my @e = $t->journal;
is(scalar(grep { !$_->{verified} } @e), 0, 'all verified');

# two masters ask at most twice as often

my @times = sort { $a <=> $b } map { $_->{time} } $t->issuer_journal;
is(scalar(grep { $times[$_] - $times[$_ - 2] < 1 } 2 .. $#times), 0,
	'each at its own pace');

kill 'QUIT', $new;
ok($t->wait_until(sub { !kill 0, $new }, 5), 'new master exited');
my @codes = $t->error_log =~ /worker process \d+ exited with code (\d+)/g;
is(scalar @codes, 6, 'all workers exited');
is(scalar(grep { $_ } @codes), 0, 'without error');

# what is there of a single process

$conf =~ s/daemon on;/daemon on; master_process off;/;
$t->write_file('nginx.conf', $conf);
($status) = Test::COS::Process::output(20, $binary, '-p', "$dir/", '-c',
	'nginx.conf', '-e', "$dir/error.log");
$t->wait_until(sub { -s $t->path('nginx.pid') });
my $single = pid('nginx.pid');
ok(renewed(2), 'renewed by a single process in the background');
kill 'QUIT', $single;
ok($t->wait_until(sub { !kill 0, $single }, 5), 'which exits');

###############################################################################

sub pid {
	my ($name) = @_;
	return $t->read_file($name) =~ /(\d+)/ ? $1 : 0;
}

sub workers {
	my ($master) = @_;
	my @pids = grep { Test::COS::Process::title($_) =~ /worker process/ }
		Test::COS::Process::children($master);
	return scalar @pids;
}

sub served { $ok &&= http_get('/a.txt')->status == 200 }

# $n more credentials are used

sub renewed {
	my ($n) = @_;
	my %before = map { $_->{secret_id} => 1 } $t->journal;
	return $t->wait_until(sub {
		served();
		my %now = map { $_->{secret_id} => 1 } $t->journal;
		return keys %now >= keys(%before) + $n;
	}, 15);
}

###############################################################################
