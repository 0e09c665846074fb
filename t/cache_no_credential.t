#!/usr/bin/perl

# Tests for a cache while there is no credential: hits are served, and misses
# wait for the first one.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->needs('slice')->plan(26);

$t->cos();
$t->store_put('images-1250000000', $_, 'hello') for qw/ a.txt b.txt /;
$t->issuer(life => 3600);

my $url = $t->issuer_url;
$t->write_conf(<<"EOT");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials php { provider http $url/sts.php; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    cos_allow read write;
    server {
        listen 127.0.0.1:8080;
        proxy_cache one;
        proxy_cache_valid any 1h;
        location / { cos_pass images-1250000000; }
        location /short/ { cos_pass images-1250000000/; cos_wait 200ms; }
        location /stale/ { cos_pass images-1250000000/;
                           proxy_cache_valid any 1s;
                           proxy_cache_use_stale error; }
        location /slice/ { cos_pass images-1250000000/; slice 2; cos_wait 9s;
                           proxy_set_header Range \$slice_range;
                           proxy_cache_key \$uri\$slice_range; }
        location /stream/ { cos_pass images-1250000000/; cos_wait 9s;
                            proxy_request_buffering off; }
    }
}
EOT
$t->run();

is(http_get("/$_")->body, 'hello', "filled /$_") for qw!a.txt stale/a.txt!;
$t->stop();

$t->issuer_control({ rules => [{ status => 500 }] });
$t->run();
$t->journal_clear;

# nothing but what is in the cache

is(http_get('/a.txt')->body, 'hello', 'hit');
is(http_head('/a.txt')->status, 200, 'hit, HEAD');

my $r = http_get('/short/b.txt');
is($r->status, 503, 'miss');
is($r->code, 'ServiceUnavailable', 'miss, code');
ok($r->header('Retry-After'), 'miss, Retry-After');
ok($r->header('x-cos-request-id'), 'miss, request id');
is(http_head('/short/b.txt')->status, 503, 'miss, HEAD');
is(http_request(uri => '/short/b.txt', headers => { Range => 'bytes=0-1' })
	->status, 503, 'miss, range');
is(http_put('/short/c.txt', 'body')->status, 503, 'PUT');
ok($t->wait_until(sub { $t->access_log =~ qr!/short/b\.txt.*" 503! }, 3),
	'miss, in the log');

ok($t->wait_until(sub { http_get('/stale/a.txt')->header('Date') && 1 }, 3),
	'stale');
is(http_get('/stale/a.txt')->body, 'hello', 'stale, body');
is(scalar(() = $t->journal), 0, 'nothing sent');

# the credential comes while these wait

my %wait = map { $_ => http_connect() } qw! b.txt slice/a.txt stale/b.txt !;
for my $uri (sort keys %wait) {
	$wait{$uri}->send("GET /$uri HTTP/1.1\r\nHost: localhost\r\n"
		. "Connection: close\r\n\r\n");
}
my $put = http_connect();
$put->send("PUT /stream/put.txt HTTP/1.1\r\nHost: localhost\r\n"
	. "Connection: close\r\nContent-Length: 5\r\n\r\nhello");
my $gone = http_connect();
$gone->send("GET /slice/b.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");

is(http_get('/a.txt')->body, 'hello', 'hit meanwhile');
$gone->close;
ok($t->wait_until(sub { $t->access_log =~ m!/slice/b\.txt.*" 499! }, 3),
	'client has gone');
$t->issuer_control();

for my $uri (sort keys %wait) {
	$r = $wait{$uri}->read_response;
	is($r->status, 200, "$uri");
	is($r->body, 'hello', "$uri, body");
}
is($put->read_response->status, 200, 'unbuffered PUT');
is($t->store_get('images-1250000000', 'put.txt'), 'hello',
	'unbuffered PUT, body');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');

###############################################################################
