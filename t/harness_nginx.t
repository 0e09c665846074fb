#!/usr/bin/perl

# Tests for the part of the test harness that drives nginx.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

# no cos directive is used here: the module need not be there
BEGIN { $ENV{NGINX_COS_STATIC} = 1; }

use lib 'lib';
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs('proxy', 'ssl')->plan(31);

$t->cos();
$t->cos(port => 8082, tls => 1, dir => 8081);
$t->store_put('images-1250000000', 'a.txt', 'hello',
	'Content-Type' => 'text/plain', mtime => 1700000000);

my $conf = <<'EOC';

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;
    proxy_set_header Host images-1250000000.cos.ap-guangzhou.myqcloud.com;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            proxy_pass http://127.0.0.1:8081;
        }

        location /tls/ {
            proxy_pass https://127.0.0.1:8082/;
            proxy_ssl_server_name on;
            proxy_ssl_name images-1250000000.cos.ap-guangzhou.myqcloud.com;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate %%TESTDIR%%/ca.crt;
        }

        location /hang {
            proxy_pass http://127.0.0.1:8083;
        }

        location /env {
            return 200 $arg_x:$request_length;
        }
    }
}

EOC

$t->write_conf($conf);
$t->run();

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my @signed = (sign => 1, host => $host);
my $r;

# proxied

$r = http_request(uri => '/a.txt', @signed);
is($r->status, 200, 'get');
is($r->body, 'hello', 'body');
is($r->header('last-modified'), 'Tue, 14 Nov 2023 22:13:20 GMT', 'mtime');
like($r, qr/^HTTP\/1.1 200 OK\r\n.*\r\n\r\nhello$/s, 'as a string');
is(http_get('/a.txt', Host => $host)->code, 'AccessDenied', 'unsigned');
is(http_head('/a.txt')->status, 403, 'head');
is(http_put('/x', 'x')->status, 403, 'put');
is(http_delete('/x')->status, 403, 'delete');
is(http_request(uri => '/a.txt', presign => 1,
	host => $host)->body, 'hello', 'presigned');
is(http_get('/tls/a.txt')->status, 403, 'tls');
is(($t->journal(8082))[-1]{tls_sni}, $host, 'sni');

# raw requests

my @r = http("GET /env?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
	. "GET /env?x=2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
	count => 2);
is(join(' ', map { $_->body } @r), '1:34 2:53', 'pipelined');
http("GET /%C3\xc3 HTTP/1.0\r\nHost: h\r\n\r\n");
is(($t->journal)[-1]{target}, "/%C3\xc3", 'raw target');
is(http_request(method => 'PUT', uri => '/p', body => 'abc', chunked => 1,
	@signed)->status, 200, 'chunked');
is($t->store_get('images-1250000000', 'p'), 'abc', 'chunked body');

$t->journal_clear;
http_request(method => 'PUT', uri => '/q', body => 'x' x 100000,
	abort_after => 1000, @signed);
is(http_request(uri => '/q', @signed)->status, 404, 'aborted');

# a server that accepts and says nothing

my $listen = COS::Server->listen('127.0.0.1', $t->port(8083));
my $daemon = $t->run_daemon(sub { my $s = $listen->accept; sleep 60 });
close $listen;
$r = http_request(uri => '/hang', timeout => 0.3);
is($r->status, 0, 'hanging');
is($r->error, 'timeout', 'hanging error');
ok($daemon->stop('TERM'), 'daemon stopped');

# processes

$t->wait_until(sub { 2 == (() = $t->worker_pids) });
is(scalar(my @workers = $t->worker_pids), 2, 'workers');
ok($t->reload, 'reload');
is(http_request(uri => '/a.txt', @signed)->status, 200, 'after reload');
ok($t->kill_worker, 'worker killed');
is(http_request(uri => '/a.txt', @signed)->status, 200, 'after kill');

my ($status, $output) = $t->try_conf($conf);
is($status, 0, 'configuration good') or diag $output;
($status, $output) = $t->try_conf("%%TEST_GLOBALS%%\nbogus;\n");
is($status, 1, 'configuration bad');
like($output, qr/unknown directive "bogus" in .*try\.conf:\d+/, 'says where');
$t->write_conf('bogus;');
ok(!$t->reload, 'reload refused');
$t->allow_alerts(qr/unknown directive "bogus"/);

ok($t->version_at_least('1.1'), 'version');
ok(!$t->version_at_least('9.1'), 'later version');
ok($t->stop, 'stop');

###############################################################################
