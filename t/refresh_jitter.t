#!/usr/bin/perl

# Tests for chance in the refresher: many blocks that have begun at once neither
# renew at once nor try again at once.

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

my $N = 20;
my $HOUR = 3600;

my $t = Test::COS->new()->plan(8);

$t->cos();
$t->issuer(life => 10 * $HOUR);
$t->issuer_control({ rules => [{ path_re => qr/never/, status => 500 }] });
$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0));

my $url = $t->issuer_url;
my $blocks = join "\n", map { "cos_credentials a$_ { provider http "
	. "$url/sts.php?a$_; refresh_before 2h; }\n"
	. "cos_credentials n$_ { provider http $url/sts.php?never$_; }" } 1 .. $N;

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    $blocks
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=a1;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->run();

# what has failed is left alone for up to a second, less up to a quarter

my %pause;
ok($t->wait_until(sub { pauses(); keys %pause == $N }), 'all have failed');
is(join(' ', grep { $_ <= 750 || $_ > 1000 } values %pause), '', 'pauses');
my %different = map { $_ => 1 } values %pause;
cmp_ok(scalar keys %different, '>', 1, 'not all the same');

# what is to be renewed two hours before its end is renewed up to half an hour
# before that

ok($t->wait_until(sub { fetches() == $N }), 'all have a credential');

step(7.75 * $HOUR);
ok($t->wait_until(sub { fetches() > $N }), 'some are renewed early');

my $first = fetches();
my $middle = time();
step(8.1 * $HOUR);
ok($t->wait_until(sub { fetches() == 2 * $N }), 'all are renewed')
	or diag fetches();
cmp_ok($first, '<=', 2 * $N, 'once each');
cmp_ok(scalar(grep { $_->{time} >= $middle } good()), '>', 0,
	'not all of them early');

###############################################################################

sub pauses {
	my $log = $t->error_log;
	while ($log =~ /"(n\d+)" could not be updated .* next attempt in (\d+) ms/g) {
		$pause{$1} = $2 unless defined $pause{$1};
	}
}

sub good { return grep { $_->{issued} } $t->issuer_journal }

sub fetches { return scalar(() = good()) }

sub step {
	my ($seconds) = @_;
	$t->control({ clock_offset => $seconds });
	$t->issuer_control({ clock_offset => $seconds,
		rules => [{ path_re => qr/never/, status => 500 }] });
	$t->shim_number('clock', $seconds);
}

###############################################################################
