package Bench::HTTP;

# A client that sends one request after the other, and a server that swallows
# uploads.

use strict;
use warnings;

use IO::Socket::INET;
use Socket qw/ IPPROTO_TCP TCP_NODELAY /;
use Time::HiRes qw/ sleep time /;

use constant CHUNK => 1 << 20;

sub new {
	my ($class, $port) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		PeerPort => $port) or die "cannot connect to port $port: $!\n";
	setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
	return bless { socket => $socket, rest => '' }, $class;
}

# the body; dies unless it is a 200

sub get {
	my ($self, $uri, $sink) = @_;

	$self->_send("GET $uri HTTP/1.1\r\nHost: files.example.com\r\n"
		. "User-Agent: bench\r\nAccept: */*\r\n\r\n");
	return $self->_response($uri, $sink);
}

# length bytes that do not matter

sub put {
	my ($self, $uri, $length) = @_;

	$self->_send("PUT $uri HTTP/1.1\r\nHost: files.example.com\r\n"
		. "User-Agent: bench\r\nAccept: */*\r\n"
		. "Content-Type: application/octet-stream\r\n"
		. "Content-Length: $length\r\n\r\n");

	my $chunk = 'x' x CHUNK;
	while ($length) {
		my $n = syswrite $self->{socket}, $chunk,
			$length < CHUNK ? $length : CHUNK;
		die "PUT $uri: $!\n" unless $n;
		$length -= $n;
	}
	return $self->_response($uri);
}

sub _send {
	my ($self, $text) = @_;
	syswrite($self->{socket}, $text) == length $text or die "cannot send: $!\n";
}

# with $sink, a body of any length is counted and not kept

sub _response {
	my ($self, $uri, $sink) = @_;
	my $socket = $self->{socket};
	my $text = $self->{rest};

	until ($text =~ /\r\n\r\n/) {
		sysread $socket, $text, 65536, length $text
			or die "$uri: no answer\n";
	}
	(my $head, $text) = split /\r\n\r\n/, $text, 2;
	die "$uri: $head\n\n$text\n" unless $head =~ m!\AHTTP/1\.1 200 !;
	my ($length) = $head =~ /^Content-Length: (\d+)/im
		or die "$uri: no length\n";

	if ($sink) {
		my $got = length $text;
		my $buffer;
		while ($got < $length) {
			$got += sysread($socket, $buffer, CHUNK) || die "$uri: cut off\n";
		}
		return $got;
	}

	while (length $text < $length) {
		sysread $socket, $text, 65536, length $text or die "$uri: cut off\n";
	}
	$self->{rest} = substr $text, $length;
	return substr $text, 0, $length;
}

###############################################################################

# Serves one upload after the other, until it is killed.  500 if one is short.

sub swallow {
	my ($port) = @_;
	my $listen = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1',
		LocalPort => $port, ReuseAddr => 1) or die "cannot listen: $!\n";

	while (my $socket = $listen->accept) {
		my $text = '';
		until ($text =~ /\r\n\r\n/) {
			sysread $socket, $text, 65536, length $text or last;
		}
		my ($head, $rest) = split /\r\n\r\n/, $text, 2;
		next unless defined $rest;
		my ($length) = $head =~ /^Content-Length: (\d+)/im;
		my $got = length $rest;
		while (defined $length && $got < $length) {
			$got += sysread($socket, $rest, CHUNK) || last;
		}
		my $ok = defined $length && $got == $length;
		syswrite $socket, 'HTTP/1.1 ' . ($ok ? '200 OK' : '500 Short')
			. "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
		close $socket;
	}
}

1;
