#!/usr/bin/perl

# Tests for several addresses of COS: all of them are tried, one that failed is
# left alone for a while, and closed idle connections are no failures.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;

use IO::Socket::INET;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos();

$t->skip_all('no 127.0.0.2') unless IO::Socket::INET->new(Listen => 1,
	LocalAddr => '127.0.0.2', LocalPort => $t->port(8082), ReuseAddr => 1);
$t->plan(24);

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } qw/ dead moved /]);
$t->store_put("$_-1250000000", 'a.txt', "of $_") for qw/ dead moved /;

$t->run_daemon(sub { closing($_) }) for 1, 2;
for my $n (1, 2) {
	$t->wait_until(sub { IO::Socket::INET->new(PeerAddr => "127.0.0.$n",
		PeerPort => $t->port(8082)) });
}

my $dns = Test::COS::DNS->new($t);
$dns->set('dead.test', A => ['127.0.0.2', '127.0.0.1']);
$dns->set('closing.test', A => ['127.0.0.1', '127.0.0.2']);
$dns->set('moved.test', A => ['127.0.0.1', '127.0.0.2'], ttl => 1);

my ($port, $closing) = map { $t->port($_) } 8081, 8082;

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    resolver 127.0.0.1:8053;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket dead-1250000000 ap-guangzhou alias=dead protocol=http
               endpoint=dead.test:$port;
    cos_bucket moved-1250000000 ap-guangzhou alias=moved protocol=http
               endpoint=moved.test:$port;
    cos_bucket closing-1250000000 ap-guangzhou alias=closing protocol=http
               endpoint=closing.test:$closing;
    cos_bucket off-1250000000 ap-guangzhou alias=off protocol=http
               endpoint=dead.test:$port;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        add_header X-Tried \$upstream_status always;
        add_header X-At \$upstream_addr always;

        location / { cos_pass path_style; }

        location /off/ {
            cos_pass path_style;
            proxy_next_upstream off;
        }
    }
}

EOF

$t->run();

###############################################################################

# nobody listens at one of two addresses

my @r = map { http_get('/dead/a.txt') } 1 .. 6;
is(scalar(grep { $_->body eq 'of dead' } @r), 6, 'all are answered');
is(scalar(grep { $_->header('X-Tried') eq '502, 200' } @r), 1,
	'the dead one is tried once');
is(scalar(grep { $_->header('X-Tried') eq '200' } @r), 5, 'then left alone');
like($t->error_log, qr/upstream server temporarily disabled/, 'logged');

# each location knows what it has seen itself; without other attempts

@r = map { http_get('/off/dead/a.txt') } 1 .. 6;
is(join(' ', sort map { $_->status } @r), '200 200 200 200 200 502',
	'proxy_next_upstream off');

# what is known of an address outlives a lookup: the old one is down still

@r = map { http_get('/moved/a.txt') } 1 .. 2;
is(scalar(grep { $_->header('X-Tried') eq '502, 200' } @r), 1,
	'one of two is dead');
$dns->set('moved.test', A => ['127.0.0.2', '127.0.0.1', '127.0.0.3']);
ok($t->wait_until(sub {
	my $r = http_get('/moved/a.txt');
	push @r, $r;
	$r->header('X-At') =~ /127\.0\.0\.3/ }), 'a third has come');
is(scalar(grep { $_->header('X-At') =~ /127\.0\.0\.2/ } @r), 1,
	'the dead one was not tried again');
is(scalar(grep { $_->status != 200 } @r), 0, 'all are answered');

# idle connections to both are closed: neither is taken for dead

for my $round (1 .. 3) {
	@r = map { http_get('/closing/a.txt') } 1, 2;
	is(scalar(grep { $_->status == 200 } @r), 2, "round $round, answered");
	$r[0] = http_get('/closing/a.txt');
	is($r[0]->status, 200, "round $round, on closed connections");
	is($r[0]->header('X-Tried') =~ /\A(?:502, )?200\z/ ? 1 : 0, 1,
		"round $round, once more at most");
	is(http_get('/closing/a.txt')->status, 200, "round $round, on others");
}

my @disabled = $t->error_log =~ /disabled .*?:$closing\//g;
is(scalar @disabled, 0, 'nothing is disabled');
unlike($t->error_log, qr/no live upstreams/, 'none is missed');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

###############################################################################

# one answer for each connection, which is closed at the second request

sub closing {
	my ($n) = @_;
	my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.$n",
		LocalPort => $t->port(8082), Listen => 32, ReuseAddr => 1)
		or die "cannot listen: $!\n";
	local $SIG{CHLD} = 'IGNORE';

	while (1) {
		my $c = $listen->accept or next;
		next if fork;
		while (defined(my $line = readline $c)) {
			last if $line =~ /^\r?$/;
		}
		print {$c} "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
		$c->flush;
		readline $c;
		exit;
	}
}

###############################################################################
