#!/usr/bin/perl

# Tests for idle TLS connections that COS closes, in every way that there is: no
# request fails, and none that must not be repeated is sent twice.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use Fcntl qw/ :flock /;
use IO::Socket::INET;
use IO::Socket::SSL;
use Socket qw/ IPPROTO_TCP SOL_SOCKET SO_LINGER TCP_NODELAY /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

# the versions of TLS, and how a connection is closed: with what TLS says at the
# end, without it, or reset

my @cases = map { my $tls = $_; map { "/$tls/$_" } qw/ notify eof reset / }
	12, 13;

my $t = Test::COS->new()->needs(qw/ proxy ssl /)->needs_cos();
$t->plan(@cases * 23 + 8);

my $host = 'one-1250000000.cos.ap-guangzhou.myqcloud.com';
my $tls = $t->make_ca(names => [$host]);

$t->run_daemon(\&cos);
$t->waitforsocket(8081);

# each has idle connections of its own

my $locations = '';
for my $case (@cases) {
	my ($version) = $case =~ m!(\d)/!;
	$locations .= "location $case/$_/ { cos_pass one-1250000000; "
		. "proxy_ssl_protocols TLSv1.$version; }\n" for 1 .. 7;
}

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket one-1250000000 ap-guangzhou endpoint=127.0.0.1:8081;

    cos_allow read write delete;
    proxy_ssl_trusted_certificate %%TESTDIR%%/ca.crt;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        $locations

        location /unbuffered/ {
            cos_pass one-1250000000;
            proxy_request_buffering off;
        }

        location /never/ {
            cos_pass one-1250000000;
            proxy_next_upstream off;
        }
    }
}

EOF

$t->run();

###############################################################################

# Connections take one request each; at the second one they are closed.  What
# may be sent again is, on a new one.

for my $case (@cases) {
	my $n = 0;

	for my $method (qw/ GET PUT /) {
		$n++;
		my ($answers, @log) = two("$method $case/$n/x", "$method $case/$n/x");
		is($answers, '200 200', "$case, $method, answered");
		is(scalar @log, 3, "$case, $method, sent again");
		isnt($log[2]{conn}, $log[1]{conn}, "$case, $method, on another");
		is($log[2]{authorization}, $log[1]{authorization},
			"$case, $method, same signature");
	}

	# what must not is sent over a new one in the first place, even if that
	# fails; then it is kept

	$n++;
	my ($answers, @log) = two("GET $case/$n/x", "POST $case/$n/x?uploads");
	is($answers, '200 200', "$case, POST, answered");
	is(scalar @log, 2, "$case, POST, sent once");
	isnt($log[1]{conn}, $log[0]{conn}, "$case, POST, on another");

	$n++;
	($answers, @log) = two("GET $case/$n/x", "POST $case/$n/fail?uploads");
	is($answers, '200 502', "$case, POST, closed");
	is(scalar @log, 2, "$case, POST, closed, not repeated");
	isnt($log[1]{conn}, $log[0]{conn}, "$case, POST, closed, on another");

	$n++;
	($answers, @log) = two("POST $case/$n/x?uploads", "GET $case/$n/x");
	is($answers, '200 200', "$case, after POST, answered");
	is($log[1]{conn}, $log[0]{conn}, "$case, after POST, on its connection");
	is(scalar @log, 3, "$case, after POST, sent again");

	# closed while nothing is sent

	for my $what ('GET x', 'POST x?uploads') {
		my ($method, $key) = split / /, $what;
		$n++;
		($answers, @log) = two("GET $case/$n/gone", "$method $case/$n/$key");
		is($answers, '200 200', "$case, $method when it is gone, answered");
		is(scalar @log, 2, "$case, $method when it is gone, sent once");
		isnt($log[1]{conn}, $log[0]{conn},
			"$case, $method when it is gone, on another");
	}
}

# nor is what a location does not let pass twice

for my $what ('PUT /unbuffered/x', 'GET /never/x') {
	(my $get = $what) =~ s!^\w+!GET!;
	my ($answers, @log) = two($get, $what);
	is($answers, '200 200', "$what, answered");
	is(scalar @log, 2, "$what, sent once");
	isnt($log[1]{conn}, $log[0]{conn}, "$what, on another");
}

unlike($t->error_log, qr/\[crit\]/, 'nothing critical');
unlike($t->error_log, qr/temporarily disabled/, 'no failures');

###############################################################################

sub two {
	my @what = @_;
	$t->write_file('log', '');
	unlink map { $t->path($_) } qw/ close gone /;
	my @status;
	for (@what) {
		my ($method, $uri) = split / /, $_;
		push @status, http_request(method => $method, uri => $uri,
			$method =~ /^P/ ? (body => 'body') : (),
			# or it could come with the header, and be kept
			wait_continue => scalar($uri =~ /unbuffered/))->status;
		if ($uri =~ /gone/) {
			$t->write_file('close', '');
			$t->waitforfile('gone') or die "not closed\n";
		}
	}
	return ("@status", map { my %e; @e{qw/ conn authorization /}
		= split /\t/, $_; \%e } split /\n/, $t->read_file('log'));
}

sub cos {
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
		LocalPort => $t->port(8081), Listen => 32, ReuseAddr => 1)
		or die "cannot listen: $!\n";
	local $SIG{CHLD} = 'IGNORE';
	my $conn = 0;

	while (1) {
		my $c = $listen->accept or next;
		$conn++;
		next if fork;
		setsockopt $c, IPPROTO_TCP, TCP_NODELAY, 1;
		$c = IO::Socket::SSL->start_SSL($c, SSL_server => 1,
			SSL_cert_file => $tls->{cert}, SSL_key_file => $tls->{key})
			or exit;
		my $way = 'eof';
		for my $n (1, 2) {
			my ($head, $left) = ('', 0);
			while (defined(my $line = readline $c)) {
				last if $line =~ /^\r?$/;
				$head .= $line;
				$left = $1 if $line =~ /^Content-Length: (\d+)/i;
			}
			exit if $head eq '';
			read $c, my ($body), $left if $left;
			$way = $1 if $head =~ /(notify|reset)/;
			my ($auth) = $head =~ /^Authorization: (.*?)\r?$/mi;
			open my $log, '>>', $t->path('log') or die;
			flock $log, LOCK_EX;
			syswrite $log, "$conn\t$auth\n";
			close $log;
			last if $n == 2 || $head =~ /fail/;
			print {$c} "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
				. 'ok';
			if ($head =~ /gone/) {
				$t->waitforfile('close');
				last;
			}
		}
		setsockopt $c, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0
			if $way eq 'reset';
		$c->close(SSL_no_shutdown => $way ne 'notify');
		$t->write_file('gone', '');
		exit;
	}
}

###############################################################################
