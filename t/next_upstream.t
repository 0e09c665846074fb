#!/usr/bin/perl

# Tests for proxy_next_upstream: the second address gets the same signature.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Hosts;

use IO::Socket::INET;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos();

# a name with two addresses

my $hosts = Test::COS::Hosts->new($t);
$hosts->set('127.0.0.1 two.test', '127.0.0.2 two.test');

$t->skip_all('no 127.0.0.2') unless IO::Socket::INET->new(Listen => 1,
	LocalAddr => '127.0.0.2', LocalPort => $t->port(8081), ReuseAddr => 1);

$t->plan(36);

my @names = qw/ get reset status put post post2 put2 big head cache
	status2 /;

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names]);
for my $name (@names) {
	$t->store_put("$name-1250000000", $_, "of $name") for qw! a.txt 1 2 !;
}

# the one that fails: answers by the second letter of the bucket's name

$t->run_daemon(\&bad_cos);
$t->wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.2',
	PeerPort => $t->port(8081)) });

my $buckets = join '', map { "cos_bucket $_-1250000000 ap-guangzhou"
	. " alias=$_ protocol=http endpoint=two.test:" . $t->port(8081) . ";\n" }
	@names;

$t->write_conf(<<"EOC");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $buckets

    server {
        listen 127.0.0.1:8080;

        proxy_next_upstream error timeout http_503;
        cos_allow read write;
        add_header X-Tried \$upstream_status always;

        location / {
            cos_pass path_style;
        }

        location /post2/ {
            proxy_next_upstream http_503 non_idempotent;
            cos_pass post2-1250000000;
        }

        location /put2/ {
            proxy_request_buffering off;
            cos_pass put2-1250000000;
        }

        location /cache/ {
            proxy_cache one;
            proxy_cache_valid 200 1m;
            cos_pass cache-1250000000;
        }
    }
}
EOC

$t->run();

###############################################################################

# an answer that counts as a failure

my ($r, $bad, $good) = try('status', 'GET', '/status/a.txt');
is($r->body, 'of status', 'answered by the second');
is($r->header('X-Tried'), '503, 200', 'both tried');
ok($good->{verified}, 'second, signed');
is(authorization($bad), authorization($good), 'the same signature');
is(host($bad), host($good), 'the same host');

# a connection that is closed

($r, $bad, $good) = try('reset', 'GET', '/reset/a.txt');
is($r->body, 'of reset', 'after a close');
is($r->header('X-Tried'), '502, 200', 'after a close, both tried');
ok($good->{verified}, 'after a close, signed');
is(authorization($bad), authorization($good), 'after a close, same signature');

# HEAD, and a HEAD that the cache makes a GET

($r, $bad, $good) = try('head', 'HEAD', '/head/a.txt');
is($r->status, 200, 'head');
ok($good->{method} eq 'HEAD' && $good->{verified}, 'head, signed');

($r, $bad, $good) = try('cache', 'HEAD', '/cache/%d');
is($r->status, 200, 'cached head');
ok($good->{method} eq 'GET' && $good->{verified}, 'cached head, signed');
is(authorization($bad), authorization($good), 'cached head, same signature');
is(http_get("/cache/$good->{key}")->body, 'of cache', 'cached head, kept');

# uploads that may be sent again

($r, $bad, $good) = try('put', 'PUT', '/put/b.txt', 'small');
is($r->status, 200, 'put');
is($r->header('X-Tried'), '503, 200', 'put, both tried');
ok($good->{verified}, 'put, signed');
is(authorization($bad), authorization($good), 'put, same signature');
is($t->store_get('put-1250000000', 'b.txt'), 'small', 'put, stored');

($r, $bad, $good) = try('big', 'PUT', '/big/b.txt', 'x' x 300_000);
is($r->status, 200, 'put from a file');
ok($good->{verified}, 'put from a file, signed');
is($t->store_get('big-1250000000', 'b.txt'), 'x' x 300_000,
	'put from a file, stored');

# and those that may not: a body that is not kept, a POST

($r, $bad, $good) = try('put2', 'PUT', '/put2/b.txt', 'small');
is($r->status, 503, 'unbuffered put');
is($good, undef, 'unbuffered put is not repeated');

($r, $bad, $good) = try('post', 'POST', '/post/b.txt?uploads');
is($r->status, 503, 'post');
is($good, undef, 'post is not repeated');

($r, $bad, $good) = try('post2', 'POST', '/post2/b.txt?uploads');
is($r->status, 200, 'post with non_idempotent');
is($r->header('X-Tried'), '503, 200', 'post with non_idempotent, both tried');
ok($good->{verified}, 'post with non_idempotent, signed');
is(authorization($bad), authorization($good),
	'post with non_idempotent, same signature');

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

# a clock that differs, found out at the second address

$t->control({ clock_offset => 7200 });
($r, $bad, $good) = try('status2', 'GET', '/status2/a.txt');
is($r->body, 'of status2', 'signed again after the second');
like($r->header('X-Tried'), qr/(^|, )403 : .*200$/, 'both signatures sent');
unlike($t->error_log, qr/no live upstreams/, 'no address is taken for dead');
$t->control({ });
unlike($bad, qr/^Cookie/mi, 'no cookie at the first');

###############################################################################

# The addresses take turns: one of two requests gets to the bad one first.
# (response, what the bad one got, journal entry of the good one)

sub try {
	my ($bucket, $method, $uri, $body) = @_;

	for my $n (1, 2) {
		$t->write_file('bad.log', '');
		$t->journal_clear();
		(my $target = $uri) =~ s!%d!$n!;
		my $r = http_request(method => $method, uri => $target,
			body => $body, wait_continue => scalar($uri =~ /put2/),
			headers => { Cookie => 'a=b', $method eq 'POST'
				? ('Content-Length' => 0) : () });
		my $bad = $t->read_file('bad.log');
		next if $bad eq '';
		return ($r, $bad, ($t->journal)[0]);
	}
	die "bad address of $bucket was not tried\n";
}

sub authorization {
	my ($from) = @_;
	return $1 if !ref $from && $from =~ /^Authorization: (.*?)\r?$/mi;
	return (map { $_->[1] } grep { lc $_->[0] eq 'authorization' }
		@{$from->{headers}})[0];
}

sub host {
	my ($from) = @_;
	return ref $from ? $from->{host} : $from =~ /^Host: (.*?)\r?$/mi ? $1 : '';
}

# writes down the head of a request, then fails

sub bad_cos {
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.2',
		LocalPort => $t->port(8081), Listen => 5, ReuseAddr => 1)
		or die "cannot listen: $!\n";

	while (my $c = $listen->accept) {
		my ($head, $left) = ('', 0);
		while (defined(my $line = readline $c)) {
			last if $line =~ /^\r?$/;
			$head .= $line;
			$left = $1 if $line =~ /^Content-Length: (\d+)/i;
		}
		next if $head eq '';
		while ($left > 0) {
			my $n = read $c, my $buf, $left < 65536 ? $left : 65536;
			last unless $n;
			$left -= $n;
		}
		$t->write_file('bad.log', $head);
		print {$c} "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"
			. "Connection: close\r\n\r\n" unless $head =~ /^Host: reset/mi;
		close $c;
	}
}

###############################################################################
