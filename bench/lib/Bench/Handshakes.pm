package Bench::Handshakes;

# TLS to the origin: how many handshakes a thousand requests need.  The origin
# logs how many requests there were on a connection, and the first one of each
# is the one that a handshake came before.

use strict;
use warnings;

use Test::COS::Process;

# a certificate for the hosts of all buckets: (certificate, key), or nothing
# without openssl

sub certificate {
	my ($dir) = @_;
	my ($status) = Test::COS::Process::output(20, 'openssl', 'req', '-x509',
		'-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
		'-keyout', "$dir/tls.key", '-out', "$dir/tls.crt", '-days', 30,
		'-subj', '/CN=bench', '-addext',
		'subjectAltName=DNS:*.cos.ap-guangzhou.myqcloud.com');
	return $status == 0 ? ("$dir/tls.crt", "$dir/tls.key") : ();
}

# { requests, handshakes, resumed, cpu }; CPU time of all of them

sub run {
	my ($scenario, $front, $side, $uri, $seconds) = @_;
	my $log = "$scenario->{dir}/origin/handshakes.log";
	my @pin = defined $scenario->{origin_cpu}
		? ('taskset', '-c', $scenario->{origin_cpu}) : ();

	my $start = -s $log || 0;
	my $cpu = $front->settle;

	my ($status, $text) = Test::COS::Process::output($seconds + 20, @pin,
		'wrk', '-t', 1, '-c', 16, '-d', "${seconds}s",
		"http://127.0.0.1:$scenario->{$side}$uri");
	die "wrk had errors:\n$text" if $status || $text !~ /requests in/
		|| $text =~ /Non-2xx/;

	my %result = (requests => 0, handshakes => 0, resumed => 0,
		cpu => $front->settle - $cpu);
	open my $fh, '<', $log or die "cannot read $log: $!\n";
	seek $fh, $start, 0;
	while (my $line = readline $fh) {
		my ($n, $reused) = split ' ', $line;
		$result{requests}++;
		$result{handshakes}++ if $n == 1;
		$result{resumed}++ if $n == 1 && $reused eq 'r';
	}
	die "no request reached the TLS server\n" unless $result{requests};

	return \%result;
}

1;
