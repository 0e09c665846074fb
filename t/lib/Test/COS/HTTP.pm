package Test::COS::HTTP;

# A raw HTTP/1.1 client that sends what it is told and never waits for ever.
# See Test::COS for the functions; this is what they are made of.

use strict;
use warnings;

use Digest::MD5;
use Errno qw/ EAGAIN EINTR EWOULDBLOCK /;
use IO::Socket::INET;
use Socket qw/ IPPROTO_TCP SOL_SOCKET SO_LINGER TCP_NODELAY /;
use Time::HiRes qw/ time /;

use constant CHUNK => 65536;

my $TIMEOUT = 20;

# address, port, tls => 1 or { SSL_... }, sni, timeout

sub new {
	my ($class, %opt) = @_;

	my $self = bless { rbuf => '', timeout => $TIMEOUT, %opt }, $class;
	$self->{deadline} = time() + $self->{timeout};

	my $s = IO::Socket::INET->new(PeerAddr => $opt{address} || '127.0.0.1',
		PeerPort => $opt{port}, Proto => 'tcp', Timeout => $self->{timeout});
	if (!$s) {
		$self->{error} = "connect: $@";
		return $self;
	}
	setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;

	if ($opt{tls}) {
		require IO::Socket::SSL;
		my $tls = ref $opt{tls} ? $opt{tls} : {};
		local $SIG{PIPE} = 'IGNORE';
		if (!IO::Socket::SSL->start_SSL($s,
			SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE(),
			defined $opt{sni} ? (SSL_hostname => $opt{sni}) : (),
			Timeout => $self->{timeout}, %$tls))
		{
			$self->{error} = 'tls: ' . IO::Socket::SSL::errstr();
			return $self;
		}
	}
	$s->blocking(0);
	$self->{socket} = $s;

	return $self;
}

sub socket { return $_[0]{socket} }
sub error { return $_[0]{error} }

sub close {
	my ($self) = @_;
	my $s = delete $self->{socket} or return;
	CORE::close($s);
}

# RST instead of FIN

sub reset {
	my ($self) = @_;
	setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0
		if $self->{socket};
	$self->close;
}

# Waits until the socket is ready; what it waits for is a bit mask, 1 to read
# and 2 to write.  0 after the deadline.

sub _wait {
	my ($self, $for) = @_;
	my $left = $self->{deadline} - time();
	if ($left <= 0) {
		$self->{error} = 'timeout';
		return 0;
	}
	my $set = '';
	vec($set, fileno $self->{socket}, 1) = 1;
	my ($r, $w) = ($for & 1 ? $set : undef, $for & 2 ? $set : undef);
	my $n = select $r, $w, undef, $left;
	return 0 if $n < 0 && $! != EINTR;
	return 3 if $n < 0;
	if (!$n) {
		$self->{error} = 'timeout';
		return 0;
	}
	return (defined $r && $r ne "\0" x length $r ? 1 : 0)
		| (defined $w && $w ne "\0" x length $w ? 2 : 0);
}

sub _again { return $! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR }

# bytes read, 0 at the end, undef for "not now"

sub _read {
	my ($self) = @_;
	my $n = sysread $self->{socket}, $self->{rbuf}, CHUNK,
		length $self->{rbuf};
	return $n if defined $n;
	return undef if $self->_again;
	$self->{reset} = 1;
	return 0;
}

sub _fill {
	my ($self) = @_;
	return 0 if !$self->{socket} || $self->{eof};
	while (1) {
		my $n = $self->_read;
		return 1 if $n;
		if (defined $n) {
			$self->{eof} = 1;
			return 0;
		}
		$self->_wait(1) or return 0;
	}
}

# Sends bytes.  Stops with 0 when the server has begun to answer and
# stop_on_answer is set, or when it has gone.

sub send {
	my ($self, $data, %opt) = @_;
	return 0 unless $self->{socket};
	local $SIG{PIPE} = 'IGNORE';

	my $off = 0;
	while ($off < length $data) {
		return 0 if $opt{stop_on_answer} && $self->_answered;
		my $n = syswrite $self->{socket}, $data, CHUNK, $off;
		if ($n) {
			$off += $n;
			next;
		}
		return 0 unless $self->_again;
		$self->_wait($opt{stop_on_answer} ? 3 : 2) or return 0;
	}
	return 1;
}

# Whether something other than 100 Continue has come in

sub _answered {
	my ($self) = @_;
	my $n = $self->_read;
	$self->{eof} = 1 if defined $n && !$n;
	$self->_interim;
	return $self->{eof} || $self->{rbuf} =~ m!\AHTTP/1\.[01] [2-5]!;
}

sub _interim {
	my ($self) = @_;
	while ($self->{rbuf} =~ s!\A(HTTP/1\.1 (1\d\d)[^\n]*\r?\n.*?\r?\n?\r?\n)!!s) {
		push @{$self->{interim}}, $2;
	}
}

###############################################################################

# One response.  method => 'HEAD' for no body; hash => 1 keeps only length and
# MD5 of the body; sink => sub gets it piece by piece; stop_after => N gives
# up after N bytes of it.

sub read_response {
	my ($self, %opt) = @_;

	$self->{deadline} = time() + ($opt{timeout} || $self->{timeout});
	my $res = Test::COS::Response->new(interim => []);
	my $fail = sub {
		$res->{error} = $self->{error} || $_[0];
		$res->{truncated} = 1;
		return $res;
	};
	return $fail->('not connected') unless $self->{socket};

	my $end;
	while (1) {
		$self->_interim;
		if ($self->{rbuf} =~ /\r?\n\r?\n/) {
			$end = $+[0];
			last;
		}
		$self->_fill or return $fail->($self->{rbuf} eq '' ? 'no response'
			: 'truncated head');
	}
	$res->{interim} = delete $self->{interim} || [];
	$res->{head} = substr $self->{rbuf}, 0, $end, '';

	my ($line, @lines) = split /\r?\n/, $res->{head};
	return $fail->("bad status line: $line")
		unless $line =~ m!\AHTTP/(1\.[01]) (\d{3})(?: (.*))?\z!;
	@$res{qw/ version status reason /} = ($1, $2, $3);
	for (@lines) {
		my ($name, $value) = /\A([^:]+):\s*(.*?)\s*\z/
			or return $fail->("bad header: $_");
		push @{$res->{headers}{lc $name}}, $value;
	}

	$res->{md5ctx} = Digest::MD5->new;
	my $ok = $self->_read_body($res, %opt);
	$res->{md5} = delete($res->{md5ctx})->hexdigest;
	return $fail->('truncated body') unless $ok;

	return $res;
}

sub _read_body {
	my ($self, $res, %opt) = @_;

	return 1 if ($opt{method} || '') eq 'HEAD' || $res->{status} == 204
		|| $res->{status} == 304;

	my $h = $res->{headers};
	if (lc($h->{'transfer-encoding'} ? $h->{'transfer-encoding'}[0] : '')
		eq 'chunked')
	{
		while (1) {
			my $line = $self->_line;
			return 0 unless defined $line
				&& $line =~ /\A([0-9A-Fa-f]+)\s*(?:;.*)?\z/;
			my $n = hex $1;
			last unless $n;
			$self->_take($res, $n, %opt) or return 0;
			return 0 unless defined($line = $self->_line) && $line eq '';
		}
		while (1) {
			my $line = $self->_line;
			return 0 unless defined $line;
			return 1 if $line eq '';
		}
	}

	if ($h->{'content-length'}) {
		return $self->_take($res, $h->{'content-length'}[0], %opt);
	}

	while (1) {
		$self->_take($res, length $self->{rbuf}, %opt) or return 0;
		last unless $self->_fill;
	}
	return !$self->{error};
}

sub _line {
	my ($self) = @_;
	until ($self->{rbuf} =~ /\n/) {
		$self->_fill or return undef;
	}
	$self->{rbuf} =~ s/\A(.*?)\r?\n//s;
	return $1;
}

sub _take {
	my ($self, $res, $n, %opt) = @_;
	while ($n > 0) {
		if ($self->{rbuf} eq '') {
			$self->_fill or return 0;
		}
		my $piece = substr $self->{rbuf}, 0, $n, '';
		$n -= length $piece;
		$res->{length} += length $piece;
		$res->{md5ctx}->add($piece);
		$opt{sink}->($piece) if $opt{sink};
		$res->{body} .= $piece unless $opt{hash} || $opt{sink};
		return 0 if defined $opt{stop_after}
			&& $res->{length} >= $opt{stop_after};
		# a long body may take longer than the timeout, silence may not
		$self->{deadline} = time() + ($opt{timeout} || $self->{timeout});
	}
	return 1;
}

###############################################################################

# method, uri (raw bytes), headers (hash or list of pairs), body (bytes or a
# sub that returns pieces, '' at the end), length (for a sub), chunked,
# abort_after => N (reset after N bytes of the body)

sub request {
	my ($self, %a) = @_;

	my $method = defined $a{method} ? $a{method} : 'GET';
	my @headers = ref $a{headers} eq 'ARRAY' ? @{$a{headers}}
		: map { my $n = $_; my $v = $a{headers}{$n};
			map { [$n, $_] } ref $v ? @$v : $v }
			sort keys %{$a{headers} || {}};
	my %has = map { lc $_->[0] => 1 } @headers;

	my $body = $a{body};
	if ($a{chunked}) {
		push @headers, ['Transfer-Encoding', 'chunked']
			unless $has{'transfer-encoding'};
	} elsif (!$has{'content-length'} && defined $body) {
		push @headers, ['Content-Length',
			ref $body ? $a{length} : length $body];
	}

	my $head = "$method $a{uri} " . ($a{http10} ? 'HTTP/1.0' : 'HTTP/1.1')
		. "\r\n" . join('', map { "$_->[0]: $_->[1]\r\n" } @headers) . "\r\n";

	$self->{deadline} = time() + ($a{timeout} || $self->{timeout});
	$self->send($head);
	return $self->_send_body($body, %a) if defined $body;
	return 1;
}

sub _send_body {
	my ($self, $body, %a) = @_;

	if ($a{wait_continue}) {
		until ($self->{interim}) {
			return 0 if $self->_answered;
			last if $self->{interim};
			$self->_wait(1) or return 0;
		}
	}

	my ($sent, $done) = (0, 0);
	my $next = ref $body ? $body : do {
		my $at = 0;
		sub { my $p = substr $body, $at, CHUNK; $at += length $p; $p } };

	until ($done) {
		my $piece = $next->();
		$piece = '' unless defined $piece;
		$done = 1 if $piece eq '';
		if (defined $a{abort_after} && $sent + length $piece
			>= $a{abort_after})
		{
			$piece = substr $piece, 0, $a{abort_after} - $sent;
			$piece = sprintf("%x\r\n", length $piece) . $piece
				if $a{chunked};
			$self->send($piece);
			$self->reset;
			return 0;
		}
		$sent += length $piece;
		$piece = sprintf("%x\r\n", length $piece) . "$piece\r\n"
			if $a{chunked};
		$self->{deadline} = time() + ($a{timeout} || $self->{timeout});
		last if $piece eq '';
		$self->send($piece, stop_on_answer => 1) or return 0;
	}
	return 1;
}

###############################################################################

package Test::COS::Response;

use overload '""' => sub { $_[0]->as_string }, bool => sub { 1 },
	fallback => 1;

sub new {
	my ($class, %f) = @_;
	return bless { status => 0, headers => {}, body => '', head => '',
		length => 0, %f }, $class;
}

sub status { return $_[0]{status} }
sub body { return $_[0]{body} }
sub headers { return $_[0]{headers} }
sub length { return $_[0]{length} }
sub md5 { return $_[0]{md5} }
sub error { return $_[0]{error} }
sub truncated { return $_[0]{truncated} }
sub interim { return $_[0]{interim} }
sub as_string { return $_[0]{head} . $_[0]{body} }

# the first value, or undef; never an empty list

sub header { return ($_[0]{headers}{lc $_[1]} || [])->[0] }
sub header_all { return @{$_[0]{headers}{lc $_[1]} || []} }

# <Code> of an error document

sub code {
	my ($self) = @_;
	return $self->{body} =~ m!<Code>([^<]*)</Code>! ? $1 : undef;
}

1;
