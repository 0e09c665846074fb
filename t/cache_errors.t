#!/usr/bin/perl

# Tests for errors in proxy_cache, and for proxy_cache_lock.

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

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos()->plan(28);

$t->cos();
$t->store_put('images-1250000000', $_, "of $_") for qw/ denied lock /;

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache one;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            proxy_cache_valid 200 1m;
            proxy_cache_valid 404 1s;
            cos_pass images-1250000000/;
        }

        location /any/ {
            proxy_cache_valid any 1m;
            cos_pass images-1250000000/;
        }

        location /lock/ {
            proxy_cache_valid 200 1m;
            proxy_cache_lock on;
            cos_pass images-1250000000/;
        }
    }
}
EOC

$t->run();

###############################################################################

# 404 is kept, but not for long

my $r = http_get('/new');
is($r->status, 404, 'nothing there');
is($r->header('X-Cache'), 'MISS', 'nothing there, miss');
is($r->code, 'NoSuchKey', 'nothing there, code');
my $id = $r->header('x-cos-request-id');

$r = http_get('/new');
is($r->status, 404, 'nothing there yet');
is($r->header('X-Cache'), 'HIT', 'nothing there yet, hit');
is($r->code, 'NoSuchKey', 'nothing there yet, code');
is($r->header('x-cos-request-id'), $id, 'nothing there yet, id');
is(scalar(my @j = $t->journal), 1, 'nothing there yet, not sent');

$t->store_put('images-1250000000', 'new', 'there');
ok($t->wait_until(sub { http_get('/new')->status == 200 }), 'there now');
is(http_get('/new')->body, 'there', 'there now, body');
@j = $t->journal;
is(scalar(grep { $_->{verified} } @j), 2, 'there now, sent once more');

$t->journal_clear();

# 403 of COS is not kept where only 200 and 404 are

$t->control({ rules => [{ path_re => 'denied', expire => 1, times => 1 }] });

$r = http_get('/denied');
is($r->status, 403, 'denied by COS');
is($r->header('X-Cache'), 'MISS', 'denied by COS, miss');
$r = http_get('/denied');
is($r->status . $r->body, '200of denied', 'not denied any more');
is($r->header('X-Cache'), 'MISS', 'not denied any more, miss');
is(scalar(grep { $_->{verified} } $t->journal), 2, 'denial is not kept');

# ours is never asked for nor kept, even with "any"

$t->journal_clear();

$r = http_delete('/any/denied');
is($r->status, 403, 'refused');
is($r->header('X-Cache'), undef, 'refused before the cache');
$r = http_get('/any/denied?acl');
is($r->status, 403, 'sub-resource refused');
$r = http_get('/any/denied?acl');
is($r->header('X-Cache'), undef, 'sub-resource refused before the cache');
is(scalar(@j = $t->journal), 0, 'refusals send nothing');
is(scalar(my @f = grep { $t->read_file($_) =~ /acl/ } glob
	$t->path('cache') . '/*'), 0, 'refusals are not kept');

# many ask for what is not there yet: one request

$t->control({ rules => [{ path_re => 'lock', stall => 0.3, headers => {} }] });

my @c = map { http_connect() } 1 .. 8;
$_->request(uri => '/lock/lock', headers => { Host => 'localhost' }) for @c;
my @r = map { $_->read_response(method => 'GET') } @c;

is(scalar(grep { $_->body eq 'of lock' } @r), 8, 'lock, all answered');
is(scalar(grep { ($_->header('X-Cache') || '') eq 'MISS' } @r), 1,
	'lock, one miss');
is(scalar(grep { ($_->header('X-Cache') || '') eq 'HIT' } @r), 7,
	'lock, others hit');

@j = $t->journal;
is(scalar @j, 1, 'lock, one request');
is($j[0]{verified}, 1, 'lock, signed');
is($j[0]{key}, 'lock', 'lock, key');

###############################################################################
