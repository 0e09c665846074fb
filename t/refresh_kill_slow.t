#!/usr/bin/perl

# Tests for workers that are killed: the owner of the refresher amid a fetch,
# the owner without one, another worker.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use Time::HiRes qw/ time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(17);
$t->allow_alerts(qr/worker process \d+ exited on signal 9/);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 600);

my $url = $t->issuer_url;
my $conf = <<"EOF";
%%TEST_GLOBALS%%
worker_processes 3;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php; timeout 1m;
                        refresh_before 4s; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF

# amid the first fetch; the timeout of a minute is not waited for

$t->issuer_control({ rules => [{ stall => 60, times => 1 }] });
$t->write_conf($conf);
$t->run();
ok($t->wait_until(sub { fetches() == 1 }), 'first fetch');
my $start = time();
my $killed = killed(owner());
ok($t->wait_until(sub { fetches() == 2 }, 5), 'the next owner asks');
cmp_ok(time() - $start, '<', 3, 'promptly');
is(http_get('/a.txt')->body, 'hello', 'read');
isnt(owner(), $killed, 'another one');

# those that are not the owner, and the owner when there is nothing to do

killed((others())[0]) for 1 .. 3;
is(workers(), 3, 'workers');
is(http_get('/a.txt')->body, 'hello', 'read');
killed(owner()) for 1 .. 3;
is(workers(), 3, 'workers');
is(http_get('/a.txt')->body, 'hello', 'read');
is(fetches(), 2, 'no fetch for their sake');
my ($id) = map { $_->{issued} } ($t->issuer_journal)[-1];
is(($t->journal)[-1]{secret_id}, $id, 'the same credential');

# amid a renewal: the old one serves until there is another one

$t->issuer_control({ life => 8 });
(my $next = $conf) =~ s/sts\.php/sts.php?renew/;
$t->write_conf($next);
$t->reload;
is(http_get('/a.txt')->body, 'hello', 'short life');
is(fetches(), 3, 'fetched');
$t->issuer_control({ life => 600, rules => [{ stall => 60, times => 1 }] });
my $ok = 1;
ok($t->wait_until(sub { served(); fetches() == 4 }, 9), 'renewal');
killed(owner());
ok($t->wait_until(sub { served(); used() eq last_issued() }, 3),
	'the next owner renews it');
is(fetches(), 5, 'with one more fetch');
ok($ok, 'served all the time');

###############################################################################

sub workers { my @pids = $t->worker_pids; return scalar @pids }

sub threads {
	my @tasks = glob "/proc/$_[0]/task/*";
	return scalar @tasks;
}

# A worker with a second thread

sub owner {
	my $owner;
	$t->wait_until(sub { ($owner) = grep { threads($_) > 1 }
		$t->worker_pids; $owner }) or die "no owner\n";
	return $owner;
}

sub others { my $owner = owner(); return grep { $_ != $owner } $t->worker_pids }

# returns when it has been replaced

sub killed {
	my ($pid) = @_;
	kill 'KILL', $pid;
	$t->wait_until(sub { my @pids = $t->worker_pids;
		@pids == 3 && !grep { $_ == $pid } @pids }) or die "not replaced\n";
	return $pid;
}

sub fetches {
	my @fetches = $t->issuer_journal;
	return scalar @fetches;
}

sub last_issued { return ($t->issuer_journal)[-1]{issued} }
sub used { return ($t->journal)[-1]{secret_id} }
sub served { $ok &&= http_get('/a.txt')->status == 200 }

###############################################################################
