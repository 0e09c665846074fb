package Test::COS::DNS;

# A name server on 127.0.0.1 for "resolver", which answers what a test says.
#
#   my $dns = Test::COS::DNS->new($t);		# 127.0.0.1:8053
#   $dns->set('cos.test', A => ['127.0.0.1'], AAAA => [], ttl => 60);
#   $dns->set('cos.test', fail => 'servfail');	# nxdomain, drop
#   $dns->set('cos.test', delay => 0.5, ...);
#   $dns->queries('cos.test', 'A');		# how many so far
#   $dns->clear;				# counts from zero
#
# A name that was not set does not exist.

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP ();
use Socket qw/ AF_INET6 inet_aton inet_pton /;
use Time::HiRes qw/ sleep /;

my %TYPE = (1 => 'A', 28 => 'AAAA');
my %RCODE = (servfail => 2, nxdomain => 3);

sub new {
	my ($class, $t, %opt) = @_;

	my $self = bless { t => $t, zone => {} }, $class;
	$self->clear;
	$self->_write;

	my $socket = IO::Socket::INET->new(Proto => 'udp',
		LocalAddr => '127.0.0.1', LocalPort => $t->port($opt{port} || 8053))
		or die "no port for a name server: $!\n";
	$t->run_daemon(sub { $self->_serve($socket) });
	close $socket;

	return $self;
}

sub set {
	my ($self, $name, %zone) = @_;
	$self->{zone}{$name} = { ttl => 60, %zone };
	$self->_write;
	return $self;
}

sub queries {
	my ($self, $name, $type) = @_;
	return scalar grep { (!defined $name || $_ =~ /^\Q$name\E /)
		&& (!defined $type || $_ =~ / $type$/) }
		split /\n/, $self->{t}->read_file('dns.log');
}

sub clear { $_[0]{t}->write_file('dns.log', '') }

# A query is answered with the old or the new zone, never with half of one.

sub _write {
	my ($self) = @_;
	my $t = $self->{t};
	$t->write_file('dns.new', JSON::PP->new->encode($self->{zone}));
	rename $t->path('dns.new'), $t->path('dns.json') or die "rename: $!\n";
}

sub _serve {
	my ($self, $socket) = @_;
	my $t = $self->{t};

	local $SIG{CHLD} = 'IGNORE';

	while (1) {
		my $peer = recv $socket, my ($query), 4096, 0;
		next unless defined $peer && length $query > 12;

		my ($id) = unpack 'n', $query;
		my ($at, @labels) = 12;
		while (my $len = unpack "x$at C", $query) {
			push @labels, substr $query, $at + 1, $len;
			$at += $len + 1;
		}
		my $question = substr $query, 12, $at + 5 - 12;
		my $type = $TYPE{unpack 'n', substr $query, $at + 1} || 'other';
		my $name = lc join '.', @labels;

		open my $log, '>>', $t->path('dns.log') or die "dns.log: $!\n";
		syswrite $log, "$name $type\n";
		close $log;

		my $zone = JSON::PP->new->decode($t->read_file('dns.json'))->{$name}
			|| { fail => 'nxdomain' };
		next if ($zone->{fail} || '') eq 'drop';

		my @data = map { $type eq 'A' ? inet_aton($_)
			: inet_pton(AF_INET6, $_) } $zone->{fail} ? ()
			: @{$zone->{$type} || []};
		my $answer = pack('n6', $id, 0x8180
			| ($zone->{fail} ? $RCODE{$zone->{fail}} : 0), 1, scalar @data,
			0, 0) . $question . join '', map { pack 'n3 N n a*', 0xc00c,
			$type eq 'A' ? 1 : 28, 1, $zone->{ttl}, length $_, $_ } @data;

		if ($zone->{delay}) {
			next if fork;
			sleep $zone->{delay};
			send $socket, $answer, 0, $peer;
			exit;
		}
		send $socket, $answer, 0, $peer;
	}
}

1;
