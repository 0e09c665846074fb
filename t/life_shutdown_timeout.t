#!/usr/bin/perl

# Tests for worker_shutdown_timeout: what is stuck does not keep an old worker.

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

my $t = Test::COS->new()->plan(8);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->write_file('cred', '{"secretId":"' . SECRET_ID . '","secretKey":"'
	. SECRET_KEY . '"}');
$t->control({ rules => [{ path_re => '/stuck', stall => 60 }] });

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

worker_shutdown_timeout 300ms;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider file cred; }
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

# nothing to wait for: the timer that looks at files is no reason to stay

$t->wait_until(sub { $t->worker_pids });
my ($first) = $t->worker_pids;
ok($t->reload, 'reload');
ok($t->wait_until(sub { !kill 0, $first }), 'idle worker is gone');

# a request that is stuck

my ($second) = $t->worker_pids;
my $c = http_connect();
$c->request(uri => '/stuck', headers => [['Host', 'localhost']]);
http_get('/a.txt');

ok($t->reload, 'reload with a request');
is(http_get('/a.txt')->body, 'hello', 'new worker');
ok($t->wait_until(sub { !kill 0, $second }, 10), 'old worker is gone');
is($c->read_response(method => 'GET')->status, 0, 'request is gone, too');
like($t->error_log, qr/worker process $second exited with code 0/, 'clean');
ok($t->stop, 'stopped');

###############################################################################
