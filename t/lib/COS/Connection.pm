package COS::Connection;

# One accepted connection: buffered input, request heads, bodies, responses.

use strict;
use warnings;

use Time::HiRes qw/ sleep time /;

use constant CHUNK => 65536;

sub new {
	my ($class, $socket, %opt) = @_;
	return bless { socket => $socket, buf => '', idle => 65, io => 60,
		max_head => 65536, %opt }, $class;
}

# 1 when more input was read; 0 at the end, on an error or timeout

sub fill {
	my ($self, $timeout) = @_;
	my $s = $self->{socket};

	unless ($self->{tls} && $s->pending) {
		my $set = '';
		vec($set, fileno $s, 1) = 1;
		my $n = select(my $ready = $set, undef, undef, $timeout);
		return 0 if !defined $n || $n <= 0;
	}
	my $n = sysread $s, $self->{buf}, CHUNK, length $self->{buf};
	return $n ? 1 : 0;
}

sub send {
	my ($self, $data) = @_;
	return 0 if $self->{dead};
	my $off = 0;
	while ($off < length $data) {
		my $n = syswrite $self->{socket}, $data, CHUNK, $off;
		if (!$n) {
			$self->{dead} = 1;
			return 0;
		}
		$off += $n;
	}
	return 1;
}

# A request, undef when the client is gone, or { bad => status }.

sub read_request {
	my ($self) = @_;

	my $end;
	while (1) {
		$self->{buf} =~ s/\A(?:\r?\n)+//;
		last if $self->{buf} =~ /\r?\n\r?\n/ and $end = $+[0];
		return { bad => 431 } if length $self->{buf} > $self->{max_head};
		$self->fill($self->{buf} eq '' ? $self->{idle} : $self->{io})
			or return undef;
	}
	return { bad => 431 } if $end > $self->{max_head};

	my ($line, @lines) = split /\r?\n/, substr($self->{buf}, 0, $end, '');
	my $req = { headers => [], h => {}, body_len => 0 };

	return { bad => 400 } unless
		$line =~ m!\A([A-Z]{1,32}) ([^\x00-\x20\x7f]+) HTTP/1\.([01])\z!;
	@$req{qw/ method target minor /} = ($1, $2, $3);

	for (@lines) {
		return { %$req, bad => 400 } unless
			/\A([!#\$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*\z/s;
		push @{$req->{headers}}, [$1, $2];
		push @{$req->{h}{lc $1}}, $2;
	}

	my $h = $req->{h};
	my $connection = lc join ',', @{$h->{connection} || []};
	$req->{close} = 1 if $connection =~ /\bclose\b/
		|| !$req->{minor} && $connection !~ /\bkeep-alive\b/;
	$req->{expect} = 1 if $req->{minor}
		&& lc join(',', @{$h->{expect} || []}) eq '100-continue';

	# anything two parsers could frame differently
	my @length = @{$h->{'content-length'} || []};
	my @te = @{$h->{'transfer-encoding'} || []};
	return { %$req, bad => 400 } if @length > 1 || @te > 1 || @length && @te
		|| @length && $length[0] !~ /\A\d{1,15}\z/
		|| @te && lc $te[0] ne 'chunked';

	$req->{length} = $length[0] if @length;
	$req->{chunked} = 1 if @te;
	$req->{left} = @length ? $length[0] : 0;
	$req->{body_done} = !$req->{chunked} && !$req->{left};

	return $req;
}

# The next piece of the body, '' at its end, undef if it is broken.

sub read_body {
	my ($self, $req) = @_;

	return '' if $req->{body_done};

	if ($req->{expect}) {
		$req->{expect} = 0;
		$self->send("HTTP/1.1 100 Continue\r\n\r\n") or return undef;
	}

	if ($req->{chunked} && !$req->{left}) {
		my $line = $self->_line;
		return undef unless defined $line
			&& $line =~ /\A([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?\z/;
		$req->{left} = hex $1;
		if (!$req->{left}) {
			while (1) {
				$line = $self->_line;
				return undef unless defined $line;
				last if $line eq '';
			}
			$req->{body_done} = 1;
			return '';
		}
	}

	if ($self->{buf} eq '') {
		$self->fill($self->{io}) or return undef;
	}
	my $piece = substr $self->{buf}, 0, $req->{left}, '';
	$req->{left} -= length $piece;
	$req->{body_len} += length $piece;

	if (!$req->{left}) {
		if ($req->{chunked}) {
			my $line = $self->_line;
			return undef unless defined $line && $line eq '';
		} else {
			$req->{body_done} = 1;
		}
	}

	return $piece;
}

sub _line {
	my ($self) = @_;
	until ($self->{buf} =~ /\n/) {
		return undef if length $self->{buf} > 8192;
		$self->fill($self->{io}) or return undef;
	}
	$self->{buf} =~ s/\A(.*?)\r?\n//s;
	return $1;
}

# Reads and drops what is left of a body, up to a limit.

sub discard_body {
	my ($self, $req, $limit) = @_;
	my $seen = 0;
	while (!$req->{body_done}) {
		return 0 if $req->{expect};
		my $piece = $self->read_body($req);
		return 0 unless defined $piece;
		$seen += length $piece;
		return 0 if $seen > $limit;
	}
	return 1;
}

# body: bytes, or { fh, offset, length }.  The fault of the request, if any,
# is applied here.

sub respond {
	my ($self, $req, $status, $headers, $body) = @_;

	my $fault = $req->{fault} || {};
	my $length = ref $body ? $body->{length} : length $body;
	my $bodiless = $req->{method} eq 'HEAD' || $status == 204
		|| $status == 304;

	$req->{close} = 1 if !$req->{body_done};
	sleep $fault->{stall} if $fault->{stall} && !defined
		$fault->{stall_body_after};

	my $head = "HTTP/1.1 $status " . _reason($status) . "\r\n";
	$head .= "$_->[0]: $_->[1]\r\n" for @$headers;
	$head .= "Content-Length: $length\r\n" unless $status == 204
		|| $status == 304;
	$head .= 'Connection: ' . ($req->{close} ? 'close' : 'keep-alive')
		. "\r\n\r\n";

	if ($bodiless || !$length) {
		return $self->send($head);
	}

	# short answers go out in one write
	if (!ref $body && !%$fault) {
		return $self->send($head . $body);
	}
	$self->send($head) or return 0;

	for my $at (grep { defined } $fault->{close_after}) {
		$self->_send_part($body, 0, $at < $length ? $at : $length);
		$req->{close} = $self->{abrupt} = 1;
		return 0;
	}

	if (defined $fault->{stall_body_after}) {
		my $at = $fault->{stall_body_after};
		$at = $length if $at > $length;
		$self->_send_part($body, 0, $at) or return 0;
		sleep($fault->{stall} || 60);
		return $self->_send_part($body, $at, $length - $at);
	}

	return $self->_send_part($body, 0, $length);
}

sub _send_part {
	my ($self, $body, $offset, $length) = @_;

	return $self->send(substr $body, $offset, $length) unless ref $body;

	my $fh = $body->{fh};
	sysseek $fh, $body->{offset} + $offset, 0 or return 0;
	while ($length > 0) {
		my $n = sysread $fh, my $buf, $length < CHUNK ? $length : CHUNK;
		return 0 unless $n;
		$self->send($buf) or return 0;
		$length -= $n;
	}
	return 1;
}

# The peer must be able to read the answer although it is still sending.

sub linger {
	my ($self) = @_;
	return if $self->{dead} || $self->{abrupt} || $self->{tls};
	shutdown $self->{socket}, 1;
	my $until = time() + 2;
	while (time() < $until) {
		$self->{buf} = '';
		last unless $self->fill($until - time());
	}
}

sub close {
	my ($self) = @_;
	if ($self->{tls}) {
		$self->{socket}->close(SSL_no_shutdown => $self->{abrupt} ? 1 : 0);
	} else {
		close $self->{socket};
	}
}

my %REASON = (200 => 'OK', 204 => 'No Content', 206 => 'Partial Content',
	303 => 'See Other', 304 => 'Not Modified', 400 => 'Bad Request',
	403 => 'Forbidden', 404 => 'Not Found', 405 => 'Method Not Allowed',
	409 => 'Conflict', 411 => 'Length Required',
	412 => 'Precondition Failed', 416 => 'Requested Range Not Satisfiable',
	431 => 'Request Header Fields Too Large', 451 => 'Unavailable',
	500 => 'Internal Server Error', 501 => 'Not Implemented',
	502 => 'Bad Gateway', 503 => 'Service Unavailable',
	504 => 'Gateway Timeout');

sub _reason { return $REASON{$_[0]} || 'Unknown' }

1;
