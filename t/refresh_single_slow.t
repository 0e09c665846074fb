#!/usr/bin/perl

# Tests for renewal in a single process, master_process off, and for the exit
# of one amid a fetch.

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

my $t = Test::COS->new()->plan(10);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 4);

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
master_process off;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php; timeout 1m; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->run();

my $ok = 1;
ok($t->wait_until(sub { served(); fetches() == 4 }, 15), 'renewed');
ok($ok, 'served all the time');
my @times = map { $_->{time} } $t->issuer_journal;
is(scalar(grep { $times[$_] - $times[$_ - 1] < 1 } 1 .. $#times), 0,
	'in time, not all the time');
ok($t->stop('QUIT'), 'quit');

for my $signal ('QUIT', 'TERM') {
	$t->issuer_journal_clear;
	$t->issuer_control({ rules => [{ stall => 20 }] });
	$t->run();
	ok($t->wait_until(sub { fetches() }), 'a fetch');
	my $start = time();
	ok($t->stop($signal), $signal);
	cmp_ok(time() - $start, '<', 2.5, 'promptly');
}

###############################################################################

sub served { $ok &&= http_get('/a.txt')->status == 200 }

sub fetches {
	my @fetches = $t->issuer_journal;
	return scalar @fetches;
}

###############################################################################
