#!/usr/bin/perl

# Runs the unit tests again, with each of the ways in which SHA-1 is computed
# where that of OpenSSL cannot be taken apart.

###############################################################################

use warnings;
use strict;

use Test::More tests => 5;

BEGIN { use FindBin; chdir($FindBin::Bin); }

###############################################################################

my $unit = $ENV{COS_UNIT} || "$FindBin::Bin/../build/unit";

my @all = signatures('');
cmp_ok(scalar @all, '>', 1000, 'tests of signatures');

is((grep { !/^ok/ } signatures('-final'))[0], undef, 'other libraries');
is(scalar(signatures('-final')), scalar(@all), 'other libraries, all of them');

SKIP: {
	skip 'no sources of nginx', 2 unless -x "$unit-core";
	is((grep { !/^ok/ } signatures('-core'))[0], undef, 'SHA-1 of nginx');
	is(scalar(signatures('-core')), scalar(@all), 'SHA-1 of nginx, all of them');
}

###############################################################################

# What is said of SHA-1, HMAC-SHA1 and the vectors; nginx has no SHA-256, and so
# the tests of TC3 are not everywhere.

sub signatures {
	my ($kind) = @_;

	open my $out, '-|', "$unit$kind", 'vectors/cos-vectors.json'
		or die "cannot run $unit$kind: $!, try \"make unit\"\n";
	my @lines = grep { /^not / || /^ok\ \d+\ -\ (?:sha1|SHA-1|hmac\ rfc\ 2202
		|hmac\ key|[dfpvx]\d\d-)/x } readline $out;
	return close $out ? @lines : (@lines, "exit status $?\n");
}

###############################################################################
