#!/usr/bin/perl

# Tests for idle connections to COS: kept for the same bucket and location.

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

my $t = Test::COS->new()->needs(qw/ proxy cache /)->needs_cos()->plan(32);

my @names = qw/ one two off few /;

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names]);
$t->store_put("$_-1250000000", 'a.txt', "of $_") for @names;

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket one-1250000000 ap-guangzhou alias=one protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket two-1250000000 ap-guangzhou alias=two protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket off-1250000000 ap-guangzhou alias=off protocol=http
               endpoint=127.0.0.1:8081 keepalive=0;
    cos_bucket few-1250000000 ap-guangzhou alias=few protocol=http
               endpoint=127.0.0.1:8081 keepalive=1;

    cos_allow read write list delete;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }

        location /other/ { cos_pass one-1250000000; }

        location /close/ {
            cos_pass one-1250000000;
            proxy_set_header Connection close;
        }

        location /old/ {
            cos_pass one-1250000000;
            proxy_http_version 1.0;
        }

        location /bind/ {
            cos_pass one-1250000000;
            proxy_bind $server_addr;
        }

        location /cache/ {
            cos_pass one-1250000000;
            proxy_cache one;
            proxy_cache_valid 200 1m;
        }

        location /service {
            cos_pass service protocol=http endpoint=127.0.0.1:8081
                     keepalive=2;
            cos_allow GetService;
        }
    }
}

EOF

$t->run();

###############################################################################

# one bucket in one location

is(http_get('/one/a.txt')->body, 'of one', 'first');
is(http_get('/one/a.txt')->body, 'of one', 'second');
is(http_head('/one/a.txt')->status, 200, 'head');
is(http_get('/one/none')->status, 404, 'not found');
is(http_put('/one/b.txt', 'body')->status, 200, 'put');
is(http_request(method => 'PUT', uri => '/one/c.txt', chunked => 1,
	body => 'chunks')->status, 200, 'chunked put');
is(http_delete('/one/b.txt')->status, 204, 'delete');
is(http_get('/one/a.txt')->body, 'of one', 'last');

my @e = $t->journal;
is(scalar @e, 8, 'all sent');
is(scalar(grep { $_->{verified} } @e), 8, 'all signed');
is(conns(), 1, 'over one connection');
is(scalar(grep { lc $_->[0] eq 'connection' } map { @{$_->{headers}} } @e), 0,
	'connection is not mentioned');

# which is for no other

is(http_get('/two/a.txt')->body, 'of two', 'another bucket');
is(http_get('/other/a.txt')->body, 'of one', 'another location');
is(conns(), 3, 'have their own');

is(http_get('/two/a.txt')->body, 'of two', 'another bucket again');
is(http_get('/other/a.txt')->body, 'of one', 'another location again');
is(conns(), 3, 'and keep it');

# a cache in front

$t->journal_clear;
is(http_get('/cache/a.txt')->body, 'of one', 'cache miss');
is(http_head('/cache/c.txt')->status, 200, 'cached head, miss');
is(http_get('/cache/a.txt')->body, 'of one', 'cache hit');
is(requests(), '2 over 1', 'cache misses');

# GetService

$t->journal_clear;
http_get('/service') for 1 .. 3;
is(requests(), '3 over 1', 'service');

# not kept: by the bucket, by a header, with HTTP/1.0, by an address to come
# from that depends on the request

for my $path (qw! /off/a.txt /close/a.txt /old/a.txt /bind/a.txt !) {
	$t->journal_clear;
	http_get($path) for 1 .. 3;
	is(requests(), '3 over 3', "$path is not kept");
}
is(scalar(grep { $_->{status} == 200 } $t->journal), 3, 'but answered');

# no more than keepalive=N: the one that was used last

$t->control({ rules => [{ stall => 0.5, method => 'GET', times => 2 }] });
$t->journal_clear;

my @c = map { http_connect() } 1 .. 2;
$_->send("GET /few/a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n") for @c;
is(scalar(grep { $_->read_response(method => 'GET')->body eq 'of few' } @c), 2,
	'two at once');
is(requests(), '2 over 2', 'over two connections');
$t->control();

is(scalar(grep { http_get('/few/a.txt')->status == 200 } 1 .. 3), 3,
	'three more');
is(requests(), '5 over 2', 'over one of them');

###############################################################################

sub conns {
	my %conn = map { $_->{conn} => 1 } $t->journal;
	return scalar keys %conn;
}

sub requests { return scalar(my @e = $t->journal) . ' over ' . conns() }

###############################################################################
