#!/usr/bin/perl

# Tests for clock steps: a step back neither stops renewals nor makes more of
# them, a step forward makes one at once.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;
use Test::COS::Shim;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $LIFE = 8;
my $HOUR = 3600;

my $t = Test::COS->new()->plan(14);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => $LIFE);
$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0));

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php; refresh_before 4s; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->run();

is(http_get('/a.txt')->body, 'hello', 'first');
is(fetches(), 1, 'one fetch');

# back: the credential has an hour more by the clock, but goes by another one

my ($now, $ok) = (0, 1);
step(-$HOUR);
is(http_get('/a.txt')->body, 'hello', 'an hour back');
ok($t->wait_until(sub { served(); fetches() == 2 }, $LIFE),
	'renewed in time all the same');
ok($t->wait_until(sub { served(); fetches() == 3 }, $LIFE), 'and again');
ok($ok, 'served all the time');
cmp_ok(gap(), '>=', $LIFE / 2 - 1, 'not more often');

# forward: it has expired

step($HOUR);
ok($t->wait_until(sub { http_get('/a.txt')->status == 200 }, 3),
	'an hour forward');
is(fetches(), 4, 'renewed at once, once');
ok($t->wait_until(sub { served(); fetches() == 5 }, $LIFE),
	'and then in time');
ok($ok, 'served all the time');
my @times = map { $_->{time} } $t->issuer_journal;
cmp_ok($times[4] - $times[3], '>=', $LIFE / 2 - 1, 'not more often');

# another one, beyond the time that the first hour took back

step($HOUR);
ok($t->wait_until(sub { http_get('/a.txt')->status == 200 }, 3),
	'and another hour');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all valid for COS');

###############################################################################

# The clocks of all, so that what was issued keeps its time of the day.

sub step {
	my ($seconds) = @_;
	$now += $seconds;
	$t->control({ clock_offset => $now });
	$t->issuer_control({ clock_offset => $now });
	$t->shim_number('clock', $now);
}

sub served { $ok &&= http_get('/a.txt')->status == 200 }

sub fetches {
	my @fetches = $t->issuer_journal;
	return scalar @fetches;
}

# the shortest time between two fetches

sub gap {
	my @times = map { $_->{time} } $t->issuer_journal;
	return (sort { $a <=> $b } map { $times[$_] - $times[$_ - 1] }
		1 .. $#times)[0];
}

###############################################################################
