#!/usr/bin/perl

# Tests for credentials in several workers: a new secret, and workers that die.

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

my $t = Test::COS->new()->plan(19);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_", token => "session-token-$_" } } 1 .. 5 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->secret(map { ("secretkey$_", "session-token-$_") } 1 .. 5);

file(1);

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

worker_processes 4;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider file cred; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    add_header X-Pid $pid always;

    server {
        listen       127.0.0.1:8080 reuseport;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

is(used(), 1, 'four workers');

file(2);
ok($t->waitforlog(qr/"app" updated/), 'new file');
is(used(), 2, 'all workers have it');

# only one of them reads the file

file(3);
ok($t->wait_until(sub { 2 == (() = $t->error_log =~ /"app" updated/g) }),
	'new file again');
is(used(), 3, 'all workers have that, too');
is(scalar(() = $t->error_log =~ /"app" updated/g), 2, 'one message for each');

# one after the other dies, those that follow have what the master never read

for my $n (1 .. 4) {
	ok($t->kill_worker, "killed $n");
	is(used(), 3, "all sign after $n");
}

# the worker that reads dies as well, and the next one finds the change

file(4);
my @pids = $t->worker_pids;
$t->allow_alerts(qr/worker process \d+ exited on signal 9/);
kill 'KILL', @pids;
my %old = map { $_ => 1 } @pids;
$t->wait_until(sub { 4 == grep { !$old{$_} } $t->worker_pids });
ok($t->wait_until(sub { $t->error_log =~ /(?:"app" updated.*){3}/s }),
	'found by the next one');
is(used(), 4, 'new secret after all died');

# and again after a reload

ok($t->reload, 'reload');
file(5);
ok($t->wait_until(sub { $t->error_log =~ /(?:"app" updated.*){4}/s }),
	'found after a reload');
is(used(), 5, 'new secret after a reload');

###############################################################################

sub file {
	my ($n) = @_;
	$t->write_file('new', "[common]\nsecret_id = AKID$n\n"
		. "secret_key = secretkey$n\ntoken = session-token-$n\n");
	rename $t->path('new'), $t->path('cred');
}

# what was used once every worker has answered

sub used {
	$t->wait_until(sub { 4 == (() = $t->worker_pids) });
	$t->journal_clear;

	my (%left, $bad) = map { $_ => 1 } $t->worker_pids;
	$t->wait_until(sub {
		my $r = http_get('/a.txt');
		$bad = $r->status unless $r->status == 200;
		delete $left{$r->header('x-pid') || ''};
		return !%left;
	}, 20);
	return "status $bad" if $bad;
	return 'not all' if %left;

	my %used = map { ($_->{verified} && $_->{secret_id} =~ /(\d+)$/
		? $1 : 'wrong') => 1 } $t->journal;
	return join ', ', sort keys %used;
}

###############################################################################
