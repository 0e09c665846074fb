package Bench::Load;

# CPU time of the worker and requests per second, under wrk.
#
# Two runs of wrk a second apart differ by more than what we look for.  So
# there is a wrk for each target all the time, stopped and continued, and in a
# round each has its slice of a few dozen milliseconds, in random order.  What
# is compared are the slices of one round.

use strict;
use warnings;

use Bench::HTTP;
use Bench::Table;

use List::Util qw/ shuffle /;
use Test::COS::Process;
use Time::HiRes qw/ sleep time /;

use constant { CONNECTIONS => 32, SLICE => 0.06 };

# run($scenario, $front, $rounds, [SIDE, URI] ...) is, for each target, a list
# of { cpu, rate }, seconds per request and requests per second, of each round

sub run {
	my ($scenario, $front, $rounds, @targets) = @_;

	my $status = Bench::HTTP->new($scenario->{plain});
	my @pin = defined $scenario->{origin_cpu}
		? ('taskset', '-c', $scenario->{origin_cpu}) : ();

	my @loads;
	for (@targets) {
		my ($side, $uri) = @$_;
		my $log = "$scenario->{dir}/wrk." . @loads;
		unlink $log;
		my $wrk = Test::COS::Process->start($log, @pin, 'wrk', '-t', 1, '-c',
			CONNECTIONS, '-d', '1h', "http://127.0.0.1:$scenario->{$side}$uri");
		push @loads, { wrk => $wrk, log => $log, slices => [] };

		# connections are opened, and the cache is filled
		sleep 0.2;
		kill 'STOP', $wrk->pid;
		$front->settle;
	}

	for my $round (1 .. $rounds) {
		for my $load (shuffle @loads) {
			push @{$load->{slices}}, slice($front, $status, $load->{wrk}->pid);
		}
	}

	for my $load (@loads) {
		kill 'INT', $load->{wrk}->pid;
		kill 'CONT', $load->{wrk}->pid;
		$load->{wrk}->stop('INT', TERM => 3, KILL => 3);

		# timeouts are those of the stops
		open my $fh, '<', $load->{log} or die "wrk wrote nothing\n";
		my $text = do { local $/; readline $fh };
		die "wrk had errors:\n$text" if $text =~ /Non-2xx/
			|| $text =~ /Socket errors: (?!connect 0, read 0, write 0,)/
			|| $text !~ /requests in/;
	}

	return map { $_->{slices} } @loads;
}

sub slice {
	my ($front, $status, $pid) = @_;

	my $requests = requests($status);
	my $cpu = $front->settle;
	my $start = time();

	kill 'CONT', $pid;
	sleep SLICE;
	kill 'STOP', $pid;

	my $seconds = time() - $start;
	$cpu = $front->settle - $cpu;
	$requests = requests($status) - $requests - 1;
	die "wrk made no request\n" if $requests <= 0;

	return { cpu => $cpu / $requests, rate => $requests / $seconds };
}

sub requests {
	my ($status) = @_;
	my ($requests) = $status->get('/status') =~ /^ \d+ \d+ (\d+)/m
		or die "no stub_status\n";
	return $requests;
}

# { plain, signed, ratio, low, high } of "cpu" or "rate": medians, and the
# quartiles of the ratios of each round

sub compare {
	my ($plain, $signed, $what) = @_;
	my @ratios = map { $signed->[$_]{$what} / $plain->[$_]{$what} }
		0 .. $#$plain;
	return {
		plain => Bench::Table::median(map { $_->{$what} } @$plain),
		signed => Bench::Table::median(map { $_->{$what} } @$signed),
		ratio => Bench::Table::median(@ratios),
		low => Bench::Table::quantile(0.25, @ratios),
		high => Bench::Table::quantile(0.75, @ratios),
	};
}

1;
