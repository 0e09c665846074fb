#!/usr/bin/perl

# Runs the unit tests of the pure sources, a C program that speaks TAP.

###############################################################################

use warnings;
use strict;

use FindBin;

my $unit = $ENV{COS_UNIT} || "$FindBin::Bin/../build/unit";

exec $unit, "$FindBin::Bin/vectors/cos-vectors.json"
    or die "cannot run $unit: $!, try \"make unit\"\n";

###############################################################################
