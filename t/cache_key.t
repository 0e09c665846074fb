#!/usr/bin/perl

# Tests for the default cache key: what makes two objects of it.

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

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos()->plan(29);

$t->cos();

for my $bucket (qw/ images videos /) {
	$t->store_put("$bucket-1250000000", 'a.txt', "of $bucket",
		'Content-Type' => 'text/plain');
}

$t->store_put('images-1250000000', 'p/a.txt', 'of p');
$t->store_put('images-1250000000', 'a b', 'space');
$t->store_put('images-1250000000', 'a+b', 'plus');
$t->store_put('images-1250000000', 'a?x', 'mark');
$t->store_put('images-1250000000', 'a', 'short');
$t->store_put('images-1250000000', 'a%20b', 'percent');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache one;
    proxy_cache_valid 200 1m;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass path_style;
            cos_allow read list response_override;
        }

        location /images/ { cos_pass images-1250000000; }
        location /p/      { cos_pass images-1250000000/p/; }
        location /videos/ { cos_pass videos-1250000000; }
    }
}
EOC

$t->run();

###############################################################################

# buckets, prefixes

get('/images-1250000000/a.txt', 'MISS', qr/^of images$/, 'bucket');
get('/videos-1250000000/a.txt', 'MISS', qr/^of videos$/, 'other bucket');
get('/p/a.txt', 'MISS', qr/^of p$/, 'prefix');

get('/images/a.txt', 'HIT', qr/^of images$/, 'other location');
get('/videos/a.txt', 'HIT', qr/^of videos$/, 'other location and bucket');
get('/images-1250000000/p/a.txt', 'HIT', qr/^of p$/, 'prefix in full');

# keys that look alike

get('/images/a%20b', 'MISS', qr/^space$/, 'space');
get('/images/a+b', 'MISS', qr/^plus$/, 'plus');
get('/images/a%2Bb', 'HIT', qr/^plus$/, 'encoded plus');
get('/images/a%2520b', 'MISS', qr/^percent$/, 'percent');
get('/images/a%3Fx', 'MISS', qr/^mark$/, 'question mark');
get('/images/a', 'MISS', qr/^short$/, 'without what follows it');

# parameters: their values, not their spelling

my $uri = '/images-1250000000/a.txt?response-content-type=';

get($uri . 'a%2Fb', 'MISS', qr/^of images$/, 'override');
get($uri . 'a/b', 'HIT', qr/^of images$/, 'override spelled otherwise');
get($uri . 'a%2Fc', 'MISS', qr/^of images$/, 'other override');
is(http_get($uri . 'a/b')->header('Content-Type'), 'a/b', 'override kept');
is(http_get('/images-1250000000/a.txt')->header('Content-Type'),
	'text/plain', 'no override kept');

get('/images/a.txt?versionId=1', 'MISS', qr/^of images$/, 'version');
get('/images/a.txt?versionId=2', 'MISS', qr/^of images$/, 'other version');
get('/images/a.txt?versionId=1', 'HIT', qr/^of images$/, 'version kept');

# a listing is not an object, and the filter is part of it

get('/images-1250000000/?prefix=p', 'MISS', qr/<Prefix>p</, 'listing');
get('/images-1250000000/?prefix=q', 'MISS', qr/<Prefix>q</, 'other listing');
get('/images-1250000000/?prefix=p', 'HIT', qr/<Prefix>p</, 'listing kept');

# each miss has been signed, and each was one request

my @j = $t->journal;
is(scalar(grep { !$_->{verified} } @j), 0, 'all are signed');
my @miss = $t->access_log =~ /"MISS"$/mg;
is(scalar @j, scalar @miss, 'a request for each miss');

# the key itself

my %key = map { $_ => 1 } map { $t->read_file($_) =~ /^KEY: (.*)$/m }
	grep { -f } glob $t->path('cache') . '/*';

is(scalar(keys %key), scalar @miss, 'an entry for each miss');
ok($key{'http://app@images-1250000000.cos.ap-guangzhou.myqcloud.com/a%20b'},
	'key is the address') or diag join "\n", sort keys %key;
ok($key{'http://app@images-1250000000.cos.ap-guangzhou.myqcloud.com/a.txt'
	. '?versionId=2'}, 'key has the version');
is(scalar(grep { /sign|authorization|token|AKID/i } keys %key), 0,
	'no signature in a key');

###############################################################################

sub get {
	my ($uri, $status, $body, $name) = @_;
	my $r = http_get($uri);
	my $got = defined $r->header('X-Cache') ? $r->header('X-Cache') : '';
	ok($got eq $status && $r->body =~ $body, $name)
		or diag "$status expected: $r";
}

###############################################################################
