#!/usr/bin/perl

# Tests for conditional requests and ranges of the client, with proxy_cache
# and without.

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

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos()->plan(39);

$t->cos();
$t->store_put('images-1250000000', $_, '0123456789', mtime => 1700000000)
	for qw/ a b c d e /;
my $etag = '"' . $t->store->head('images-1250000000', 'a')->{etag} . '"';

my $before = 'Mon, 13 Nov 2023 00:00:00 GMT';
my $after = 'Thu, 16 Nov 2023 00:00:00 GMT';

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache_valid 200 206 304 412 1m;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /plain/ {
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location /cache/ {
            proxy_cache one;
            cos_pass images-1250000000/;
        }

        location /far/ {
            proxy_cache one;
            proxy_cache_max_range_offset 4;
            proxy_cache_key far$cos_key;
            cos_pass images-1250000000/;
        }
    }
}
EOC

$t->run();

###############################################################################

# without cache the conditions are for COS

ask('/plain/a', 304, '', 'if-none-match', 'If-None-Match' => $etag);
ask('/plain/a', 200, '0123456789', 'if-none-match of another',
	'If-None-Match' => '"other"');
ask('/plain/a', 412, undef, 'if-match of another', 'If-Match' => '"other"');
ask('/plain/a', 200, '0123456789', 'if-match', 'If-Match' => $etag);
ask('/plain/a', 304, '', 'if-modified-since', 'If-Modified-Since' => $after);
ask('/plain/a', 200, '0123456789', 'if-modified-since, earlier',
	'If-Modified-Since' => $before);
ask('/plain/a', 412, undef, 'if-unmodified-since',
	'If-Unmodified-Since' => $before);
ask('/plain/a', 206, '234', 'range', Range => 'bytes=2-4');
ask('/plain/a', 206, '234', 'if-range', Range => 'bytes=2-4',
	'If-Range' => $etag);
ask('/plain/a', 200, '0123456789', 'if-range of another',
	Range => 'bytes=2-4', 'If-Range' => '"other"');
ask('/plain/a', 416, undef, 'range beyond', Range => 'bytes=20-');

my @j = $t->journal;
is(scalar @j, 11, 'each is a request');
is(scalar(grep { $_->{verified} } @j), 11, 'each is signed');
is(join(' ', map { $_->{status} } @j),
	'304 200 412 200 304 200 412 206 206 200 416', 'COS has decided');
is(scalar(grep { $_->{header_list} =~ /if-|range/ } @j), 0,
	'neither conditions nor ranges are signed');

$t->journal_clear();

# with it they are not: the whole object is taken, and nginx decides

my $whole = qr/^(?:if-.*|range)$/i;

ask('/cache/a', 304, '', 'if-none-match, miss', 'If-None-Match' => $etag);
$t->wait_until(sub { () = glob $t->path('cache') . '/*' });
ask('/cache/a', 200, '0123456789', 'no condition after it');
ask('/cache/a', 304, '', 'if-none-match, hit', 'If-None-Match' => $etag);
ask('/cache/a', 304, '', 'if-modified-since, hit',
	'If-Modified-Since' => 'Tue, 14 Nov 2023 22:13:20 GMT');

ask('/cache/b', 412, undef, 'if-match of another, miss',
	'If-Match' => '"other"');
ask('/cache/b', 200, '0123456789', 'no condition after an error');

ask('/cache/c', 206, '234', 'range, miss', Range => 'bytes=2-4');
ask('/cache/c', 200, '0123456789', 'no range after it');
ask('/cache/c', 206, '89', 'suffix, hit', Range => 'bytes=-2');
ask('/cache/c', 206, '789', 'open range, hit', Range => 'bytes=7-');
ask('/cache/c', 206, '789', 'range over the end, hit',
	Range => 'bytes=7-99');
ask('/cache/c', 416, undef, 'range beyond, hit', Range => 'bytes=20-');
ask('/cache/c', 206, '23', 'if-range, hit', Range => 'bytes=2-3',
	'If-Range' => $etag);
ask('/cache/c', 200, '0123456789', 'if-range of another, hit',
	Range => 'bytes=2-3', 'If-Range' => '"other"');

@j = $t->journal;
is(join(' ', map { $_->{key} } @j), 'a b b c',
	'one request, but for the error made of the answer');
is(scalar(grep { $_->{verified} && $_->{status} == 200 } @j), 4,
	'each is signed and answered in full');
is(scalar(grep { $_->[0] =~ $whole } map { @{$_->{headers}} } @j), 0,
	'nothing of it is sent');

$t->journal_clear();

# a range that is too far to take all before it

ask('/far/d', 206, '789', 'far range', Range => 'bytes=7-');
ask('/far/d', 206, '789', 'far range again', Range => 'bytes=7-');

@j = $t->journal;
is(scalar(grep { $_->{verified} && $_->{status} == 206 } @j), 2,
	'far range is signed and not kept');
is(scalar(grep { lc $_->[0] eq 'range' && $_->[1] eq 'bytes=7-' }
	map { @{$_->{headers}} } @j), 2, 'far range is sent');

$t->journal_clear();

# a condition of a write is for COS in any case

my $r = http_put('/plain/e', 'new', 'If-Match' => '"other"');
is($r->status, 200, 'put with condition');
my ($put) = $t->journal;
ok($put->{verified}, 'put with condition, signed');
is(scalar(grep { lc $_->[0] eq 'if-match' } @{$put->{headers}}), 1,
	'put with condition, sent');

###############################################################################

sub ask {
	my ($uri, $status, $body, $name, %headers) = @_;
	my $r = http_get($uri, %headers);
	ok($r->status == $status && (!defined $body || $r->body eq $body), $name)
		or diag "$status expected: $r";
}

###############################################################################
