package Bench::Sign;

# What the program made of bench/sign.c says about one signature.

use strict;
use warnings;

use Bench::Callgrind;

use Test::COS::Process;

# { blocks => [BEST, MEDIAN], ready => ..., sign => ... }, nanoseconds

sub nanoseconds {
	my ($program, $cpu) = @_;
	my @pin = defined $cpu ? ('taskset', '-c', $cpu) : ();
	my ($status, $text) = Test::COS::Process::output(60, @pin, $program);
	die "$program failed:\n$text" if $status;
	return { map { /\A(\w+) ([\d.]+) ([\d.]+)/ ? ($1 => [$2, $3]) : () }
		split /\n/, $text };
}

# the same names, instructions, as callgrind counts them

sub instructions {
	my ($program, $dir) = @_;
	my %result;

	for my $name (qw/ blocks ready sign /) {
		my @totals;
		for my $n (1000, 2000) {
			my $file = "$dir/callgrind.sign";
			my ($status, $text) = Test::COS::Process::output(60, 'valgrind',
				'--tool=callgrind', '-q', "--callgrind-out-file=$file",
				$program, $name, $n);
			die "$program failed:\n$text" if $status;
			push @totals, Bench::Callgrind::read_part($file)->{total};
		}
		$result{$name} = ($totals[1] - $totals[0]) / 1000;
	}
	return \%result;
}

1;
