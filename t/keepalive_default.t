#!/usr/bin/perl

# Tests for the number of idle connections to COS that are kept by default.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use IO::Socket::INET;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

use constant { N => 40, KEPT => 32 };

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(5);

$t->run_daemon(\&cos);
$t->waitforsocket(8081);

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

###############################################################################

my @first = at_once();
is(scalar(@first), N, 'so many at once');
is(unique(@first), N, 'need as many connections');

my %first = map { $_ => 1 } @first;
my @second = at_once();
is(scalar(@second), N, 'once more');
is(unique(@second), N, 'need as many again');
is(scalar(grep { $first{$_} } @second), KEPT, 'most of which were kept');

###############################################################################

# requests that COS answers when all of them are there: with the number of the
# connection

sub at_once {
	my @c = map { http_connect() } 1 .. N;
	$_->send("GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n") for @c;
	return grep { length } map { $_->read_response(method => 'GET')->body } @c;
}

sub unique {
	my %seen = map { $_ => 1 } @_;
	return scalar keys %seen;
}

sub cos {
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
		LocalPort => $t->port(8081), Listen => 64, ReuseAddr => 1)
		or die "cannot listen: $!\n";
	my (%conn, %asked);
	my $conns = 0;

	while (1) {
		my $set = '';
		vec($set, fileno $_, 1) = 1 for $listen, map { $_->[0] } values %conn;
		select $set, undef, undef, undef;

		for my $n (sort keys %conn) {
			my $c = $conn{$n}[0];
			next unless vec $set, fileno $c, 1;
			if (!sysread $c, $conn{$n}[1], 4096, length $conn{$n}[1]) {
				delete $conn{$n};
				delete $asked{$n};
			} elsif ($conn{$n}[1] =~ s/\A.*?\r\n\r\n//s) {
				$asked{$n} = 1;
			}
		}
		$conn{++$conns} = [scalar $listen->accept, '']
			if vec $set, fileno $listen, 1;

		next if keys %asked < N;
		for my $n (keys %asked) {
			syswrite $conn{$n}[0], "HTTP/1.1 200 OK\r\nContent-Length: "
				. length($n) . "\r\n\r\n$n";
		}
		%asked = ();
	}
}

###############################################################################
