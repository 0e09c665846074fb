#!/usr/bin/perl

# Tests for HEAD with proxy_cache: the method that is sent is the one signed.

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

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos()->plan(45);

$t->cos();
$t->store_put('images-1250000000', $_, 'twelve bytes',
	'Content-Type' => 'text/plain') for qw/ a b c d e /;

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache_valid 200 404 1m;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /on/ {
            proxy_cache one;
            cos_pass images-1250000000/;
        }

        location /off/ {
            proxy_cache one;
            proxy_cache_convert_head off;
            proxy_cache_key $request_method$cos_host$cos_key;
            cos_pass images-1250000000/;
        }

        location /uses/ {
            proxy_cache one;
            proxy_cache_min_uses 2;
            proxy_cache_key uses$cos_key;
            cos_pass images-1250000000/;
        }

        location /none/ {
            cos_pass images-1250000000/;
        }
    }
}
EOC

$t->run();

###############################################################################

# proxy_cache_convert_head on: HEAD, then GET

head('/on/a', 'MISS', 'head');
sent('GET', 'head converted');
kept(1);
get('/on/a', 'HIT', 'get after head');
sent('', 'get after head');

# GET, then HEAD

get('/on/b', 'MISS', 'get');
sent('GET', 'get');
head('/on/b', 'HIT', 'head after get');
sent('', 'head after get');

# off: HEAD stays what it is

head('/off/c', 'MISS', 'head not converted');
kept(3);
sent('HEAD', 'head not converted');
head('/off/c', 'HIT', 'head again');
sent('', 'head again');
get('/off/c', 'MISS', 'get beside head');
sent('GET', 'get beside head');
get('/off/c', 'HIT', 'get again');
sent('', 'get again');

# not used often enough to be kept

head('/uses/d', 'MISS', 'head used once');
sent('GET', 'head used once');
head('/uses/d', 'MISS', 'head used twice');
sent('GET', 'head used twice');
kept(5);
head('/uses/d', 'HIT', 'head used thrice');
sent('', 'head used thrice');

# no cache

head('/none/e', undef, 'head without cache');
sent('HEAD', 'head without cache');

# errors have no body, from COS and from the cache

for my $status ('MISS', 'HIT') {
	my $r = http_head('/on/nope');
	is($r->status, 404, "head of nothing, $status");
	kept(6);
	is($r->header('X-Cache'), $status, "head of nothing, $status status");
	is(http("HEAD /on/nope HTTP/1.0\nHost: localhost\n\n",
		method => 'GET')->body, '', "head of nothing, $status, no body");
}

is(scalar(grep { $_->{key} eq 'nope' } $t->journal), 1, 'error kept');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');
is(http_get('/on/nope')->code, 'NoSuchKey', 'get of nothing after head');

###############################################################################

sub head {
	my ($uri, $status, $name) = @_;
	my $r = http("HEAD $uri HTTP/1.1\nHost: localhost\nConnection: close\n\n",
		method => 'HEAD');
	is($r->header('X-Cache'), $status, "$name, cache status");
	ok($r->status == 200 && $r->header('Content-Length') == 12
		&& $r->header('Content-Type') eq 'text/plain', $name) or diag $r;
}

sub get {
	my ($uri, $status, $name) = @_;
	my $r = http_get($uri);
	is($r->header('X-Cache'), $status, "$name, cache status");
	is($r->body, 'twelve bytes', $name);
}

# A HEAD is answered before the object is in the cache: wait for so many

sub kept {
	my ($n) = @_;
	$t->wait_until(sub { (my @f = glob $t->path('cache') . '/*') >= $n });
}

# what has been sent since the last time, all of it signed

my $seen;

sub sent {
	my ($methods, $name) = @_;
	my @j = $t->journal;
	$seen ||= 0;
	is(join(' ', map { $_->{verified} ? $_->{method} : 'unsigned' }
		@j[$seen .. $#j]), $methods, "$name, sent");
	$seen = @j;
}

###############################################################################
