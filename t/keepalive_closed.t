#!/usr/bin/perl

# Tests for idle connections that COS closes: no request fails, and none that
# must not be repeated is sent twice.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use Fcntl qw/ :flock /;
use IO::Socket::INET;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy cache /)->needs_cos()->plan(48);

$t->run_daemon(\&cos);
$t->waitforsocket(8081);

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket one-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write delete;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass one-1250000000; }

        location /unbuffered/ {
            cos_pass one-1250000000;
            proxy_request_buffering off;
        }

        location /never/ {
            cos_pass one-1250000000;
            proxy_next_upstream off;
        }

        location /once/ {
            cos_pass one-1250000000;
            proxy_next_upstream_tries 1;
        }

        location /twice/ {
            cos_pass one-1250000000;
            proxy_next_upstream error non_idempotent;
        }

        location /cache/ {
            cos_pass one-1250000000;
            proxy_cache one;
            proxy_cache_valid 200 1m;
        }
    }
}

EOF

$t->run();

###############################################################################

# Connections take one request each; at the second one they are closed.  What
# may be sent again is, on a new one.

for my $what ('GET /x', 'HEAD /x', 'PUT /x', 'DELETE /x', 'GET /once/x',
	'GET /cache/%d')
{
	my ($first, $second, @log) = two($what, $what);
	is($first->status, 200, "$what, first");
	is($second->status, 200, "$what, on a closed connection");
	is(scalar @log, 3, "$what, sent again");
	isnt($log[2]{conn}, $log[1]{conn}, "$what, over another connection");
	is($log[2]{authorization}, $log[1]{authorization},
		"$what, same signature");
}

# what must not is sent over a new connection in the first place

for my $what ('POST /x?uploads', 'PUT /unbuffered/x', 'GET /never/x') {
	(my $get = $what) =~ s!^\w+ (.*/x).*!GET $1!;
	my ($first, $second, @log) = two($get, $what);
	is($first->status . $second->status, '200200', "$what, answered");
	is(scalar @log, 2, "$what, sent once");
	isnt($log[1]{conn}, $log[0]{conn}, "$what, over another connection");
}

# and its connection can be used by others

my (undef, $second, @log) = two('POST /x?uploads', 'GET /x');
is($second->status, 200, 'after post');
is($log[1]{conn}, $log[0]{conn}, 'after post, over its connection');

# unless it was said that it may be

(undef, $second, @log) = two('POST /twice/x?uploads', 'POST /twice/x?uploads');
is($second->status, 200, 'non_idempotent');
is(scalar @log, 3, 'non_idempotent, sent again');

# many of them are closed: not one after the other is tried

$t->write_file('together', '');
my @c = map { http_connect() } 1 .. 3;
$_->send("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n") for @c;
$t->wait_until(sub { entries() == 3 });
unlink $t->path('together');
$_->read_response(method => 'GET') for @c;
clear();
is(http_get('/x')->status, 200, 'many closed');
is(scalar(entries()), 2, 'many closed, tried twice');

# a close that is seen in time

clear();
is(http_get('/gone/x')->status, 200, 'will be closed');
$t->wait_until(sub { -e $t->path('gone') });
clear();
is(http_get('/x')->status, 200, 'after a close');
is(http_get('/other')->status, 200, 'and once more');

###############################################################################

sub two {
	my @what = @_;
	# nothing is left from before
	$t->reload or die 'no reload';
	clear();
	my $n = 0;
	my @r = map { $n++; my ($method, $uri) = split / /, $_; $uri =~ s/%d/$n/;
		http_request(method => $method, uri => $uri,
			$method =~ /^P/ ? (body => 'body') : (),
			# or it could come with the header, and be kept
			wait_continue => scalar($uri =~ /unbuffered/)) } @what;
	return (@r, entries());
}

sub clear { $t->write_file('log', '') }

sub entries {
	return map { my %e; @e{qw/ conn line authorization /} = split /\t/, $_;
		\%e } split /\n/, $t->read_file('log');
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
		for my $n (1, 2) {
			my ($head, $left) = ('', 0);
			while (defined(my $line = readline $c)) {
				last if $line =~ /^\r?$/;
				$head .= $line;
				$left = $1 if $line =~ /^Content-Length: (\d+)/i;
			}
			exit if $head eq '';
			read $c, my ($body), $left if $left;
			my ($line) = $head =~ /^(.*?)\r?\n/;
			my ($auth) = $head =~ /^Authorization: (.*?)\r?$/mi;
			open my $log, '>>', $t->path('log') or die;
			flock $log, LOCK_EX;
			syswrite $log, "$conn\t$line\t$auth\n";
			close $log;
			last if $n == 2;
			select undef, undef, undef, 0.01 while -e $t->path('together');
			print {$c} "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
				. ($line =~ /^HEAD/ ? '' : 'ok');
			$c->flush;
			if ($line =~ /gone/) {
				close $c;
				$t->write_file('gone', '');
			}
		}
		exit;
	}
}

###############################################################################
