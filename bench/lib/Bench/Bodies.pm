package Bench::Bodies;

# Large bodies: throughput, CPU time and peak memory of the worker.

use strict;
use warnings;

use Bench::HTTP;
use Bench::Nginx;

use Test::COS::Process;
use Time::HiRes qw/ sleep time /;

my $FILE = 'large/object';

sub cases {
	return (
		[ 'GET', "/miss/$FILE", 'GET' ],
		[ 'GET', "/sendfile/$FILE", 'GET, from the cache, sendfile' ],
		Bench::Nginx::has_module('threads')
			? [ 'GET', "/threads/$FILE", 'GET, from the cache, aio threads' ]
			: (),
		[ 'PUT', "/put/$FILE", 'PUT' ],
		[ 'PUT', "/stream/$FILE", 'PUT, proxy_request_buffering off' ],
	);
}

# calls $done->(title, plain => [...], cos => [...]) after each case, with a
# list of { rate, cpu, peak }: bytes per second, seconds per byte, bytes

sub run {
	my ($scenario, $front, $size, $rounds, $done) = @_;

	my $file = "$scenario->{dir}/origin/$FILE";
	open my $fh, '>', $file or die "cannot write $file: $!\n";
	truncate $fh, $size or die "cannot write $file: $!\n";
	close $fh;

	my $sink = Test::COS::Process->fork(
		sub { Bench::HTTP::swallow($scenario->{put_port}) },
		"$scenario->{dir}/sink.log");
	until (IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		PeerPort => $scenario->{put_port}))
	{
		die "no server for uploads\n" unless $sink->alive;
		sleep 0.01;
	}

	for (cases()) {
		my ($method, $uri, $title) = @$_;
		my %results = (plain => [], cos => []);

		# the first one fills a cache, and warms up in any case
		for my $round (0 .. $rounds) {
			for my $side ($round % 2 ? qw/ plain cos / : qw/ cos plain /) {
				my $result = transfer($scenario, $front, $side, $method, $uri,
					$size);
				push @{$results{$side}}, $result if $round;
			}
		}
		$done->($title, %results);
	}

	$sink->stop('TERM');
	unlink $file;
}

sub transfer {
	my ($scenario, $front, $side, $method, $uri, $size) = @_;

	$front->reset_peak;
	my $cpu = $front->settle;
	my $start = time();

	my $http = Bench::HTTP->new($scenario->{$side});
	if ($method eq 'PUT') {
		$http->put($uri, $size);
	} else {
		my $got = $http->get($uri, 1);
		die "$uri: $got bytes of $size\n" if $got != $size;
	}

	my $seconds = time() - $start;
	return { rate => $size / $seconds, cpu => ($front->settle - $cpu) / $size,
		peak => $front->peak_kb * 1024 };
}

1;
