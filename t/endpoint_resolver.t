#!/usr/bin/perl

# Tests for addresses of COS that "resolver" gives: looked up when they are
# needed, and again when their time has passed, without a reload.

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

my $t = Test::COS->new()->needs(qw/ proxy cache /)->needs_cos();

$t->skip_all('no 127.0.0.2') unless IO::Socket::INET->new(Listen => 1,
	LocalAddr => '127.0.0.2', LocalPort => $t->port(8081), ReuseAddr => 1);
$t->plan(30);

my @names = qw/ one two none moving six many cold /;

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names, 'same']);
$t->store_put("$_-1250000000", 'a.txt', "of $_") for @names, 'same';

# what stands at the second address

$t->run_daemon(sub { answer(IO::Socket::INET->new(Listen => 5,
	LocalAddr => '127.0.0.2', LocalPort => $t->port(8081), ReuseAddr => 1)) });
$t->wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.2',
	PeerPort => $t->port(8081)) });

my $dns = Test::COS::DNS->new($t);

my $buckets = join '', map { "cos_bucket $_-1250000000 ap-guangzhou"
	. " alias=$_ protocol=http endpoint=$_.test:" . $t->port(8081) . ";\n" }
	@names;
my $port = $t->port(8081);

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    resolver 127.0.0.1:8053;
    resolver_timeout 1s;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $buckets
    cos_bucket same-1250000000 ap-guangzhou alias=same protocol=http
               endpoint=ONE.test:$port;

    cos_allow read write;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }

        location /cache/ {
            cos_pass path_style;
            proxy_cache one;
            proxy_cache_lock on;
            proxy_cache_valid 200 1m;
        }
    }
}

EOF

$t->run();

###############################################################################

# looked up when it is needed, once for all buckets with this name

is($dns->queries, 0, 'nothing is asked at start');

$dns->set('one.test', A => ['127.0.0.1']);
is(http_get('/one/a.txt')->body, 'of one', 'first request');
is($dns->queries('one.test', 'A'), 1, 'asks');
is(http_get('/one/a.txt')->body, 'of one', 'second request');
is(http_get('/same/a.txt')->body, 'of same', 'another bucket, same name');
is(http_put('/one/b.txt', 'body')->status, 200, 'put');
is($dns->queries('one.test', 'A'), 1, 'do not');
is($dns->queries('two.test'), 0, 'nor do unused buckets');

# those that come meanwhile wait, whatever they bring with them

$dns->set('many.test', A => ['127.0.0.1'], delay => 0.5);
my @c = map { get('/many/a.txt') } 1 .. 5;
is(http_put('/many/b.txt', 'x' x 100_000)->status, 200, 'put waits');
is(scalar(grep { $_->read_response(method => 'GET')->body eq 'of many' } @c),
	5, 'others, too');
is($dns->queries('many.test', 'A'), 1, 'for one lookup');
is(length $t->store_get('many-1250000000', 'b.txt'), 100_000, 'body is whole');

# also those that are not in the cache

$dns->set('cold.test', A => ['127.0.0.1'], delay => 0.5);
@c = map { get("/cache/cold/$_.txt") } qw/ a a b /;
is(http_put('/cache/cold/c.txt', 'body')->status, 200, 'put beside a cache');
is(join(' ', map { $_->read_response(method => 'GET')->status } @c),
	'200 200 404', 'misses wait');
is($dns->queries('cold.test', 'A'), 1, 'for one lookup, too');
is(scalar(grep { $_->{bucket} =~ /^cold/ } $t->journal), 3, 'sent once each');

# a client that leaves meanwhile, and one that a reload finds waiting

$dns->set('two.test', fail => 'drop');
my $gone = get('/two/a.txt');
my $stays = get('/two/a.txt');
ok($t->wait_until(sub { $dns->queries('two.test') }), 'both wait');
$gone->close;
ok($t->wait_until(sub { $t->access_log =~ m!"GET /two/a.txt[^"]*" 499 ! }),
	'one has gone');
ok($t->reload, 'reload');
is($stays->read_response(method => 'GET')->status, 502, 'the other stays');

# a name without addresses, until it has one

is(http_get('/none/a.txt')->status, 502, 'unknown name');
$dns->set('none.test', A => []);
is(http_get('/none/a.txt')->status, 502, 'name without an address');
$dns->set('none.test', A => ['127.0.0.1']);
ok($t->wait_until(sub { http_get('/none/a.txt')->status == 200 }),
	'name that has come');
like($t->error_log, qr/endpoint "none.test" could not be resolved \(/,
	'logged');

# other addresses, without a reload

$dns->set('moving.test', A => ['127.0.0.1'], ttl => 1);
is(http_get('/moving/a.txt')->body, 'of moving', 'first address');
$dns->set('moving.test', A => ['127.0.0.2'], ttl => 1);
ok($t->wait_until(sub { http_get('/moving/a.txt')->body eq 'second' }),
	'then the second');
$dns->set('moving.test', A => ['127.0.0.1', '127.0.0.2'], ttl => 1);
ok($t->wait_until(sub { http_get('/moving/a.txt')->body eq 'of moving' }),
	'then both');
is(join(' ', sort map { http_get('/moving/a.txt')->body } 1, 2),
	'of moving second', 'which take turns');

# IPv6

SKIP: {
	my $listen = eval { require IO::Socket::IP; IO::Socket::IP->new(
		LocalHost => '::1', LocalPort => $port, Listen => 5) };
	skip 'no ::1', 1 unless $listen;
	$t->run_daemon(sub { answer($listen) });
	$dns->set('six.test', AAAA => ['::1']);
	is(http_get('/six/a.txt')->body, 'second', 'IPv6 alone');
}

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

###############################################################################

sub get {
	my ($uri) = @_;
	my $c = http_connect();
	$c->send("GET $uri HTTP/1.1\r\nHost: localhost\r\n\r\n");
	return $c;
}

sub answer {
	my ($listen) = @_;
	while (my $c = $listen->accept) {
		while (defined(my $line = readline $c)) {
			last if $line =~ /^\r?$/;
		}
		print {$c} "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n"
			. "Connection: close\r\n\r\nsecond";
		close $c;
	}
}

###############################################################################
