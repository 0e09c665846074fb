#!/usr/bin/perl

# Tests for the life of the refresher: reloads, deaths of workers, exits.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use Time::HiRes qw/ sleep time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(25);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 600, roles => ['gateway']);

my $url = $t->issuer_url;
my $conf = <<"EOF";
%%TEST_GLOBALS%%
worker_processes 3;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider cvm gateway; endpoint $url; timeout 1m; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=a;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->write_conf($conf);
$t->run();

# a reload keeps the credential

is(http_get('/a.txt')->body, 'hello', 'read');
for (1 .. 3) {
	ok($t->reload, "reload $_");
	is(http_get('/a.txt')->body, 'hello', "read after reload $_");
}
is(fetches(), 1, 'one fetch');

# but not that of another role, and not while its source is stalled

$t->issuer_control({ roles => ['gateway', 'second'],
	rules => [{ path_re => qr/second/, stall => 20, times => 1 }] });
(my $second = $conf) =~ s/cvm gateway/cvm second/;
$t->write_conf($second);
ok($t->reload, 'another role');
my $waiting = http_connect();
$waiting->send("GET /a.txt HTTP/1.1\r\nHost: localhost\r\n"
	. "Connection: close\r\n\r\n");

# the reload ends the exchange that is stalled

ok(wait_owner(3), 'an owner');
my @old = $t->worker_pids;
ok($t->reload, 'reload while a fetch is stalled');
ok($t->wait_until(sub { 1 >= grep { alive($_) } @old }, 3),
	'old workers exit but for the one with a request');
is($waiting->read_response->body, 'hello', 'the old one has it from the new');
ok($t->wait_until(sub { !grep { alive($_) } @old }, 3), 'old workers exited');
is(http_get('/a.txt')->body, 'hello', 'new role');
is((issued_to(($t->journal)[-1]))->{role}, 'second', 'is what is used');

###############################################################################

# the owner is killed: another one takes over within the lease

$t->issuer_control({ life => 6 });
$t->write_conf($conf);
$t->issuer_control({ life => 6, roles => ['gateway'] });
$t->reload;
http_get('/a.txt');
my ($owner) = owner();
ok($owner, 'owner') or diag $t->error_log;
my $id = ($t->journal)[-1]{secret_id};
$t->allow_alerts(qr/worker process $owner exited on signal/);
kill 'KILL', $owner;
ok($t->wait_until(sub { http_get('/a.txt'); my ($now) = owner();
	return $now != $owner }, 10), 'another owner');
my $failed = grep { $_->{secret_id} eq '' || !$_->{verified} } $t->journal;
is($failed, 0, 'nothing failed');
my $bad = () = $t->access_log =~ /" (?!200)\d\d\d /g;
is($bad, 0, 'no error to a client');

###############################################################################

# a stalled fetch does not hold up an exit

$t->issuer_control({ life => 6, rules => [{ stall => 20 }] });
(my $third = $conf) =~ s/cvm gateway/cvm third/;
$t->write_conf($third);
$t->reload;
ok(wait_owner(2), 'owner with a stalled fetch');
my $start = time();
ok($t->stop('QUIT'), 'quit');
cmp_ok(time() - $start, '<', 2.5, 'promptly');

# a single process

$t->issuer_control({ life => 6 });
$t->write_conf("master_process off;\n$conf");
$t->run;
is(http_get('/a.txt')->body, 'hello', 'single process');
ok($t->stop('QUIT'), 'single process ends');

###############################################################################

sub fetches {
	return scalar(() = $t->issuer_journal(undef, 'metadata'));
}

sub alive { return kill 0, $_[0] }

sub issued_to {
	my ($entry) = @_;
	my ($issued) = grep { $_->{secret_id} eq $entry->{secret_id} } $t->issued;
	return $issued || {};
}

# the worker that updated last

sub owner {
	return ($t->error_log =~ /(\d+)#\d+: cos_credentials "a" updated/g)[-1];
}

# A worker with a second thread is the one

sub wait_owner {
	my ($seconds) = @_;
	return $t->wait_until(sub {
		for my $pid ($t->worker_pids) {
			my @threads = glob "/proc/$pid/task/*";
			return 1 if @threads > 1;
		}
		return 0;
	}, $seconds);
}

###############################################################################
