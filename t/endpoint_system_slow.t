#!/usr/bin/perl

# Tests for addresses of COS that the resolver of the system gives: it is asked
# when they are needed, and nothing waits for it but what needs them.

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

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos();

my $hosts = Test::COS::Hosts->new($t, 'resolv.conf' =>
	"nameserver 127.0.0.3\noptions timeout:1 attempts:1\n");
hosts('127.0.0.1 two.test', '127.0.0.2 two.test');

# a name server that never answers; at worst there is none

my $deaf = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.3',
	LocalPort => 53);

$t->plan(18);

my @names = qw/ one two slow /;

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names]);
$t->store_put("$_-1250000000", 'a.txt', "of $_") for @names;

my $port = $t->port(8081);

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket one-1250000000 ap-guangzhou alias=one protocol=http
               endpoint=one.test:$port;
    cos_bucket two-1250000000 ap-guangzhou alias=two protocol=http
               endpoint=two.test:$port;
    cos_bucket slow-1250000000 ap-guangzhou alias=slow protocol=http
               endpoint=slow.test:$port;

    cos_allow read write;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        add_header X-Tried \$upstream_addr always;

        location / { cos_pass path_style; }
    }
}

EOF

$t->run();

###############################################################################

is(http_get('/one/a.txt')->body, 'of one', 'first request');
is(http_get('/one/a.txt')->body, 'of one', 'second request');
is(http_put('/one/b.txt', 'body')->status, 200, 'put');

# all addresses

my @r = map { http_get('/two/a.txt') } 1 .. 4;
is(scalar(grep { $_->body eq 'of two' } @r), 4, 'two addresses');
is($r[0]->header('X-Tried'), "127.0.0.1:$port", 'the first');
is($r[1]->header('X-Tried'), "127.0.0.2:$port, 127.0.0.1:$port",
	'and the second');

# one that changes, without a reload

hosts('127.0.0.2 two.test');
ok($t->wait_until(sub { http_get('/two/a.txt')->status == 502 }, 40),
	'the first has gone');
hosts('127.0.0.1 two.test', '127.0.0.2 two.test');

# one that takes its time

my @c = map { http_connect(timeout => 60) } 1 .. 3;
$_->send("GET /slow/a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n") for @c;
is(scalar(grep { http_get('/one/a.txt')->status == 200 } 1 .. 5), 5,
	'others are answered meanwhile');
$c[0]->close;
is($c[1]->read_response(method => 'GET')->status, 502, 'no address');
is($c[2]->read_response(method => 'GET')->status, 502, 'no address, either');
like($t->error_log, qr/endpoint "slow.test" could not be resolved \(/,
	'logged');

my $n = () = $t->error_log =~ /could not be resolved/g;
is($n, 1, 'one lookup');

# it can be found later

hosts('127.0.0.1 slow.test');
ok($t->wait_until(sub { http_get('/slow/a.txt')->status == 200 }, 20),
	'has come');

# nginx stops while a name is looked up

ok($t->reload, 'reload');
hosts();
$c[0] = http_connect(timeout => 60);
$c[0]->send("GET /slow/a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
is(http_get('/one/a.txt')->body, 'of one', 'after a reload');
ok($t->reload, 'reload with a lookup');
is($c[0]->read_response(method => 'GET')->status, 502, 'which is over then');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

###############################################################################

sub hosts {
	$hosts->set('127.0.0.1 one.test', @_);
}

###############################################################################
