#!/usr/bin/perl

# Tests for the limits of idle connections to COS: they give way
# to others when connections run out, and hold nobody up.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy stub_status /)->needs_cos();
$t->plan(12);

my @names = map { "b$_" } 1 .. 60;

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names], journal => 1);
$t->store_put("$_-1250000000", 'a.txt', "of $_") for @names;

my $buckets = join '', map { "cos_bucket $_-1250000000 ap-guangzhou"
	. " alias=$_ protocol=http endpoint=127.0.0.1:" . $t->port(8081) . ";\n" }
	@names;

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
    worker_connections 48;
}

http {
    %%TEST_GLOBALS_HTTP%%

    keepalive_requests 10000;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $buckets

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }
        location /status { stub_status; }
    }
}

EOF

$t->run();

###############################################################################

# more buckets than connections

my @r = map { http_get("/$_/a.txt") } @names, @names;
is(scalar(grep { $_->status == 200 } @r), 120, 'more buckets than connections');
like($t->error_log, qr/48 worker_connections are not enough, reusing/,
	'idle ones give way');
unlike($t->error_log, qr/worker_connections are not enough\n/,
	'nobody goes without');

my ($active, $waiting) = http_get('/status')->body
	=~ /Active connections: (\d+).*Waiting: (\d+)/s;
is($active, 1, 'active clients');
is($waiting, 0, 'waiting clients');

my $c = http_connect();
is($c->request(method => 'GET', uri => '/b1/a.txt', headers => [
	['Host', 'localhost']]) && $c->read_response(method => 'GET')->body,
	'of b1', 'client that stays');
($active, $waiting) = http_get('/status')->body
	=~ /Active connections: (\d+).*Waiting: (\d+)/s;
is("$active $waiting", '2 1', 'is waiting');

# a reload and a stop do not wait for idle connections

my @pids = $t->worker_pids;
ok($t->reload, 'reload');
ok($t->wait_until(sub { !kill 0, @pids }), 'old worker has gone');
is(http_get('/b1/a.txt')->body, 'of b1', 'after a reload');
@pids = $t->worker_pids;
kill 'QUIT', $t->master_pid;
ok($t->wait_until(sub { !kill 0, @pids }), 'stopped');
unlike($t->error_log, qr/left in connection/, 'nothing is left open');

###############################################################################
