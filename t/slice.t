#!/usr/bin/perl

# Tests for slice: each range is a signed request of its own.

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

my $t = Test::COS->new()->needs('proxy', 'cache', 'slice')->needs_cos()
	->plan(46);

my $file = join '', map { sprintf '%04d', $_ } 0 .. 749;	# 3000 bytes

$t->cos();
$t->store_put('images-1250000000', $_, $file, 'Content-Type' => 'text/plain')
	for 'a', 'suffix', 'open', 'over', 'beyond', 'pub/b c', 'head', 'full',
		'retry';
$t->store_put('videos-1250000000', 'a', scalar reverse $file);

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache one;
    proxy_cache_key $cos_host/$cos_key$is_args$args$slice_range;
    proxy_cache_valid 200 206 1m;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou alias=images protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai alias=videos protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        slice 1000;
        proxy_set_header Range $slice_range;

        location / {
            cos_pass path_style;
        }

        location ~ ^/re/(?<dir>[a-z]+)/(.+)$ {
            cos_pass images-1250000000/$dir/$2;
        }

        location /plain/ {
            proxy_cache off;
            cos_pass images-1250000000/;
        }
    }
}
EOC

$t->run();

###############################################################################

# the whole object

my $r = http_get('/images/a');
is($r->status, 200, 'object');
is($r->body, $file, 'object body');
is($r->header('Content-Length'), 3000, 'object length');
is($r->header('Content-Type'), 'text/plain', 'object type');
sent('0-999 1000-1999 2000-2999', 'object');

$r = http_get('/images/a');
is($r->body, $file, 'object again');
is($r->header('X-Cache'), 'HIT', 'object again, hit');
sent('', 'object again');

# an object of the same name

$r = http_get('/videos/a');
is($r->body, reverse($file), 'other bucket');
sent('0-999 1000-1999 2000-2999', 'other bucket');

# ranges take what they need

range('a', 'bytes=1990-2010', 1990, 2010, '', 'range, kept');
range('over', 'bytes=1990-2010', 1990, 2010, '1000-1999 2000-2999', 'range');
range('over', 'bytes=2500-9999', 2500, 2999, '', 'over the end, kept');
range('over', 'bytes=0-9', 0, 9, '0-999', 'begin');
range('open', 'bytes=2500-', 2500, 2999, '2000-2999', 'open end');
range('open', 'bytes=2999-4000', 2999, 2999, '', 'over the end');
range('open', 'bytes=100-', 100, 2999, '0-999 1000-1999', 'rest');
range('full', 'bytes=0-', 0, 2999, '0-999 1000-1999 2000-2999', 'all of it');

# a suffix: nobody knows the length before the first slice

$r = http_get('/images/suffix', Range => 'bytes=-100');
is($r->status . ' ' . $r->body, '206 ' . substr($file, -100), 'suffix');
is($r->header('Content-Range'), 'bytes 2900-2999/3000', 'suffix range');
my @j = $t->journal;
is(scalar(grep { $_->{key} eq 'suffix' && !$_->{verified} } @j), 0,
	'suffix, signed');
sent(undef);

$r = http_get('/images/beyond', Range => 'bytes=5000-');
is($r->status, 416, 'beyond');
sent('5000-5999', 'beyond');

# captures, and a key that has to be escaped

$r = http_get('/re/pub/b%20c');
is($r->body, $file, 'captures');
sent('0-999 1000-1999 2000-2999', 'captures');
is(scalar(grep { $_->{target} eq '/pub/b%20c' } $t->journal), 3,
	'captures, key');

# HEAD takes one slice

$r = http_head('/images/head');
is($r->status . ' ' . $r->header('Content-Length'), '200 3000', 'head');
sent('0-999', 'head');

# without cache

$r = http_get('/plain/a', Range => 'bytes=900-1100');
is($r->status . ' ' . $r->body, '206 ' . substr($file, 900, 201), 'no cache');
sent('0-999 1000-1999', 'no cache');

# the client's own signature and headers do not come back in a later slice

$r = http_get('/images/retry?q-signature=0000&sign=1', 'x-cos-meta-a' => 'b',
	Authorization => 'q-sign-algorithm=sha1', 'Content-Type' => 'a/b');
is($r->body, $file, 'headers of the client');
sent('0-999 1000-1999 2000-2999', 'headers of the client');
@j = ($t->journal)[-3 .. -1];
is(join(' ', map { $_->{header_list} } @j),
	join(' ', ('content-type;host;x-cos-meta-a') x 3),
	'headers of the client, each signed');
is(join(' ', map { $_->{target} } @j), '/retry /retry /retry',
	'headers of the client, target');
is(scalar(grep { my $e = $_; 1 == grep { lc $_->[0] eq 'authorization' }
	@{$e->{headers}} } @j), 3, 'headers of the client, one signature');

# an object that changes in between is not glued together

$t->store_put('images-1250000000', 'open', 'x' x 3000);
$r = http_get('/images/open');
is($r->body, $file, 'kept slices are of one object');

$t->store_put('images-1250000000', 'beyond', $file);
http_get('/images/beyond', Range => 'bytes=0-9');
$t->store_put('images-1250000000', 'beyond', 'x' x 3000);
$r = http_get('/images/beyond');
unlike($r->body, qr/x/, 'changed object is not glued');
ok($r->truncated, 'changed object is an error');

###############################################################################

sub range {
	my ($key, $range, $from, $to, $sent, $name) = @_;
	my $r = http_get("/images/$key", Range => $range);
	is($r->status . ' ' . $r->header('Content-Range') . ' ' . $r->body,
		"206 bytes $from-$to/3000 " . substr($file, $from, $to - $from + 1),
		$name);
	sent($sent, $name);
}

# the ranges of what has been sent since the last time

my $seen;

sub sent {
	my ($ranges, $name) = @_;
	my @j = $t->journal;
	my @new = @j[$seen || 0 .. $#j];
	$seen = @j;
	return unless defined $ranges;
	my @range = map { my $e = $_; $e->{verified} ? map { $_->[1] } grep {
		lc $_->[0] eq 'range' } @{$e->{headers}} : 'unsigned' } @new;
	is(join(' ', map { s/^bytes=//r } @range), $ranges, "$name, sent");
}

###############################################################################
