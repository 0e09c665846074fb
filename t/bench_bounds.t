#!/usr/bin/perl

# Tests for what make bench-check finds fault with.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib', '../bench/lib';
use Bench::Count;

use File::Temp ();

###############################################################################

plan(tests => 17);

# the bounds that there are

my $bounds = Bench::Count::bounds('../bench/bounds');
my @cases = Bench::Count::cases({ pool => 1 });
my %case = map { $_->{name} => $_ } @cases;
is(join(' ', sort keys %$bounds), join(' ', sort keys %case),
	'each case has a bound');

# bounds of our own

my $file = File::Temp->new;
print {$file} "# comment\n\nmiss 8000  # of a miss\nhit 1%\n"
	. "token\t16000 without libcrypto\n";
close $file;
$bounds = Bench::Count::bounds("$file");
is($bounds->{miss}{limit}, 8000, 'a number');
ok($bounds->{hit}{percent}, 'a percentage');
ok(!$bounds->{token}{crypto}, 'without libcrypto');

my $wrong = File::Temp->new;
print {$wrong} "miss some\n";
close $wrong;
ok(!eval { Bench::Count::bounds("$wrong") }, 'neither');

# a miss; 500 instructions of it are for signing, and 5000 are of libcrypto

is(faults('miss', 8000), '', 'miss, at its bound');
like(faults('miss', 8001), qr/^miss: 8001 instructions above .* 8000$/,
	'miss, above it');
like(faults('miss', 1, signing => 0), qr/no function that signs was seen/,
	'miss, not signed');
like(faults('miss', 1, crypto => 0), qr/no function that signs was seen/,
	'miss, without libcrypto');
is(faults('token', 21000), '', 'token, at its bound');
like(faults('token', 21001), qr/16001 .* without libcrypto/,
	'token, above it');

# a hit, which signs nothing

my %none = (signing => 0, crypto => 0);
is(faults('hit', 200, %none), '', 'hit, at its bound');
like(faults('hit', 201, %none), qr/201 instructions above/, 'hit, above it');
like(faults('hit', 0, %none, signing => 0.5), qr/0\.5 instructions of signing/,
	'hit that signs');
like(faults('hit', 0, %none, crypto => 1), qr/1\.0 of libcrypto/,
	'hit with libcrypto');

# where it counts

open my $fh, '<', '../.ci/run' or die "cannot read .ci/run: $!\n";
my $ci = do { local $/; readline $fh };
like($ci, qr!^step \./dev bench-check$!m, 'a step of CI');
like($ci, qr/^set -[a-z]*e/m, 'which fails with it');

###############################################################################

sub faults {
	my ($name, $more, %cos) = @_;
	return join "\n", Bench::Count::faults($case{$name},
		{ total => 20000, signing => 0, crypto => 0 },
		{ total => 20000 + $more, signing => 500, crypto => 5000, %cos },
		$bounds->{$name});
}

###############################################################################
