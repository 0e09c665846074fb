#!/usr/bin/perl

# Tests for a file system that hangs: it holds up neither other credentials nor
# the exit of a worker.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;
use Test::COS::Shim;

use Time::HiRes qw/ time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(18);

$t->cos(credentials => [
	map { { secret_id => "AKID$_", secret_key => "secretkey$_" } } 1 .. 3 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 4);
$t->shim('hang', SHIM_HANG => $t->path('hang'), SHIM_FILE => $t->path('cred'));
file(1);

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider file cred; }
    cos_credentials b { provider http $url/sts.php; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=b;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; }
        location /file/ { cos_pass images-1250000000/ credentials=a; }
    }
}
EOF
$t->run();

is(http_get('/a.txt')->body, 'hello', 'first');
is(used('/file/a.txt'), 'AKID1', 'file');

# others are renewed

hang();
my $n = () = $t->issuer_journal;
ok($t->wait_until(sub { http_get('/a.txt'); $t->issuer_journal >= $n + 2 }, 9),
	'renewed twice');
is(used('/file/a.txt'), 'AKID1', 'the last one serves on');

# and it comes back

file(2);
unlink $t->path('hang');
ok($t->wait_until(sub { used('/file/a.txt') eq 'AKID2' }), 'no longer hangs');

# a reload

hang();
my @old = $t->worker_pids;
ok($t->reload, 'reload');
ok($t->wait_until(sub { !grep { kill 0, $_ } @old }, 5), 'old workers exited');
is(http_get('/a.txt')->body, 'hello', 'after the reload');
is(used('/file/a.txt'), 'AKID2', 'file after the reload');
like($t->error_log, qr/exiting while a source of cos_credentials hangs/, 'said so');

# the exits, at last with a thread that comes back meanwhile

hung();
ends('QUIT', 3);
$t->run();
hung();
ends('TERM', 4);
$t->run();
hung();
my $process = $t->run_daemon(sub {
	select undef, undef, undef, 0.5;
	unlink $t->path('hang');
});
ends('TERM', 4);

my @codes = $t->error_log =~ /worker process \d+ exited with code (\d+)/g;
cmp_ok(scalar @codes, '>=', 6, 'exits');
is(scalar(grep { $_ } @codes), 0, 'without error');

###############################################################################

sub file {
	my ($n) = @_;
	$t->write_file('cred.new', "[default]\nsecret_id = AKID$n\n"
		. "secret_key = secretkey$n\n");
	rename $t->path('cred.new'), $t->path('cred');
}

sub used {
	my ($uri) = @_;
	$t->journal_clear;
	http_get($uri);
	return join ', ', map { $_->{secret_id} } $t->journal;
}

# a thread is in it

sub hang {
	unlink glob $t->path("hang.[0-9]*");
	$t->write_file('hang', '');
	hung();
}

sub hung {
	my @pids = $t->worker_pids;
	$t->wait_until(sub { @pids = $t->worker_pids;
		grep { -e $t->path("hang.$_") } @pids }, 5)
		or die "nothing hangs\n";
}

sub ends {
	my ($signal, $seconds) = @_;
	my $start = time();
	ok($t->stop($signal), $signal);
	cmp_ok(time() - $start, '<', $seconds, 'promptly');
}

###############################################################################
