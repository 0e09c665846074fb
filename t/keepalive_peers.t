#!/usr/bin/perl

# Tests for idle connections to several addresses of COS: all addresses are used
# and tried, those that fail are left alone for a while, the others kept.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;
use Test::COS::Shim;

use Fcntl qw/ :flock /;
use IO::Socket::INET;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos();

my @addrs = map { "127.0.0.$_" } 2 .. 4;
my %listen = map { $_ => scalar IO::Socket::INET->new(Listen => 32,
	LocalAddr => $_, LocalPort => $t->port(8081), ReuseAddr => 1) } @addrs;
$t->skip_all('no 127.0.0.2') if grep { !$_ } values %listen;
$t->plan(24);

for my $addr (@addrs) {
	$t->run_daemon(sub { answer($addr, $listen{$addr}) });
}
%listen = ();

$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0),
	SHIM_MONOTONIC => 1);

my $dns = Test::COS::DNS->new($t);
$dns->set('cos.test', A => \@addrs, ttl => 600);
my $port = $t->port(8081);

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    resolver 127.0.0.1:8053;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket one-1250000000 ap-guangzhou alias=one protocol=http
               endpoint=cos.test:$port;
    cos_bucket few-1250000000 ap-guangzhou alias=few protocol=http
               endpoint=cos.test:$port keepalive=2;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        add_header X-Tried \$upstream_status always;

        location / { cos_pass path_style; }

        location /503/ {
            cos_pass one-1250000000;
            proxy_next_upstream error http_503;
        }

        location /tries/ {
            cos_pass one-1250000000;
            proxy_next_upstream error http_503;
            proxy_next_upstream_tries 2;
        }
    }
}

EOF

$t->run();

###############################################################################

my $now = 0;
my ($bad, $worse, $good) = @addrs;

# each address has its connection

my @r = gets('/one/a', 9);
is(answered(), 9, 'answered');
is(join(' ', map { "$_:" . at($_) } @addrs), "$bad:3 $worse:3 $good:3",
	'addresses take turns');
is(conns(), 3, 'a connection each');
is(unique('line'), 'GET /a HTTP/1.1', 'HTTP/1.1');

# two of them do not answer any more

mode($_, 'close') for $bad, $worse;
@r = gets('/one/a', 6);
is(answered(), 6, 'two are dead, answered');
is(fresh($bad) . fresh($worse), 11, 'new connections to the dead, one each');
like(join(' ', map { $_->header('X-Tried') } @r), qr/(?:502, ){2,4}200/,
	'all addresses in a request');
is(scalar(() = $t->error_log =~ /temporarily disabled/g), 2, 'two are marked');

@r = gets('/one/a', 6);
is(answered(), 6, 'left alone, answered');
is(unique('addr'), $good, 'left alone, by the third');
is(conns() . fresh($good), '10', 'left alone, over its kept connection');

# all of them

mode($good, 'close');
@r = gets('/one/a', 1);
is($r[0]->status, 502, 'all are dead');
is(at($bad) + at($worse), 0, 'marks outlive that');
mode($_, 'ok') for @addrs;

pass_time(11);
@r = gets('/one/a', 9);
is(answered(), 9, 'alive again, answered');
is(join(' ', map { "$_:" . (at($_) > 1 ? 'used' : 'left') } @addrs),
	"$bad:used $worse:used $good:used", 'alive again, all of them');
is(conns(), 3, 'alive again, a connection each');

# an answer that counts as a failure

mode($_, '503') for @addrs;
@r = gets('/503/a', 1);
is($r[0]->header('X-Tried'), '503, 503, 503', 'all say 503, all are tried');
is(scalar(entries()), 3, 'all say 503, once each');
is(scalar(split ' ', unique('addr')), 3, 'all say 503, each of them');
unlike(unique('authorization'), qr/ q-sign/, 'all say 503, one signature');

@r = gets('/tries/a', 1);
is($r[0]->header('X-Tried'), '503, 503', 'proxy_next_upstream_tries');
mode($_, 'ok') for @addrs;

# keepalive=N is for all addresses

$t->write_file('log', '');
my @c = map { my $c = http_connect();
	$c->send("GET /few/wait HTTP/1.1\r\nHost: localhost\r\n\r\n"); $c } 1 .. 6;
$t->wait_until(sub { entries() == 6 });
$t->write_file('go', '');
is(scalar(grep { $_->read_response(method => 'GET')->status == 200 } @c), 6,
	'many at once');
ok($t->wait_until(sub { open_conns('few') == 2 }), 'keepalive=2, two are kept');
@r = gets('/few/a', 6);
is(answered(), 6, 'keepalive=2, answered');

###############################################################################

sub gets {
	my ($uri, $n) = @_;
	$t->write_file('log', '');
	return map { http_get($uri) } 1 .. $n;
}

sub answered { return scalar grep { $_->status == 200 } @r }

sub entries {
	return map { my %e; @e{qw/ addr conn n line authorization /} = split /\t/,
		$_; \%e } split /\n/, $t->read_file('log');
}

sub unique {
	my ($what) = @_;
	my %seen = map { $_->{$what} => 1 } entries();
	return join ' ', sort keys %seen;
}

sub conns { return scalar(my @list = split ' ', unique('conn')) }

sub at {
	my ($addr) = @_;
	return scalar grep { $_->{addr} eq $addr } entries();
}

sub fresh {
	my ($addr) = @_;
	return scalar grep { $_->{addr} eq $addr && $_->{n} == 1 } entries();
}

sub open_conns {
	my ($name) = @_;
	return scalar(my @files = glob $t->path("$name.*"));
}

sub mode {
	my ($addr, $mode) = @_;
	$t->write_file('mode', $mode);
	rename $t->path('mode'), $t->path("mode-$addr");
}

sub pass_time {
	my ($seconds) = @_;
	$now += $seconds;
	$t->shim_number('clock', $now);
}

sub answer {
	my ($addr, $listen) = @_;
	local $SIG{CHLD} = 'IGNORE';

	while (1) {
		my $c = $listen->accept or next;
		next if fork;
		my ($n, $file) = (0);
		while (1) {
			my $head = '';
			while (defined(my $line = readline $c)) {
				last if $line =~ /^\r?$/;
				$head .= $line;
			}
			last if $head eq '';
			my ($line) = $head =~ /^(.*?)\r?\n/;
			my ($auth) = $head =~ /^Authorization: (.*?)\r?$/mi;
			($file) = $head =~ /^Host: (\w+)/mi;
			$file = $t->path("$file.$$");
			$t->write_file($file, '');
			$n++;
			open my $log, '>>', $t->path('log') or die;
			flock $log, LOCK_EX;
			syswrite $log, "$addr\t$$\t$n\t$line\t$auth\n";
			close $log;
			my $mode = $t->read_file("mode-$addr");
			last if $mode eq 'close';
			$t->waitforfile('go') if $line =~ /wait/;
			print {$c} 'HTTP/1.1 ', $mode eq '503' ? '503 Busy' : '200 OK',
				"\r\nContent-Length: 2\r\n\r\nok";
			$c->flush;
		}
		unlink $file if $file;
		exit;
	}
}

###############################################################################
