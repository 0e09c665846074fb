#!/usr/bin/perl

# Tests for image processing: parameters that are whole operations, signed,
# chained, cached; and styles, which are a part of the key.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use JSON::PP ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos();

$t->cos();
$t->store_put('images-1250000000', $_, $_, 'Content-Type' => 'image/jpeg')
	for 'a.jpg', 'a.jpg!small', 'a.jpg/small', 'a.jpg_small', 'a.jpg-small',
	"\xe5\x9b\xbe.jpg";

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache_valid 1h;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou alias=img protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read image;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass images-1250000000;
        }

        location /path/ {
            cos_pass path_style;
        }

        location /plain/ {
            cos_pass  images-1250000000;
            cos_allow read;
        }

        location /cache/ {
            proxy_cache one;
            add_header X-Cache $upstream_cache_status always;
            cos_pass images-1250000000;
        }

        location /thumb/ {
            set $args imageMogr2/thumbnail/200x;
            cos_pass images-1250000000;
        }

        location /get/ {
            cos_pass  images-1250000000;
            cos_allow GetObject image;
        }
    }
}

EOC

# as clients write it, as COS sees it, as it is signed

my @queries = (
	['imageMogr2/thumbnail/!50p%7CimageInfo',
		'imageMogr2/thumbnail/!50p|imageInfo',
		'imagemogr2%2fthumbnail%2f%2150p%7cimageinfo='],
	['imageMogr2/thumbnail/!50p|imageInfo',
		'imageMogr2/thumbnail/!50p|imageInfo',
		'imagemogr2%2fthumbnail%2f%2150p%7cimageinfo='],
	['imageMogr2%2Fthumbnail%2F200x', 'imageMogr2/thumbnail/200x',
		'imagemogr2%2fthumbnail%2f200x='],
	['imageMogr2%2Fthumbnail%2F200x=', 'imageMogr2/thumbnail/200x',
		'imagemogr2%2fthumbnail%2f200x='],
	['imageView2/1/w/400/h/600/q/85', 'imageView2/1/w/400/h/600/q/85',
		'imageview2%2f1%2fw%2f400%2fh%2f600%2fq%2f85='],
	['watermark/2/text/6IW-6K6v5LqR/fill/IzNEM0QzRA/dx/20',
		'watermark/2/text/6IW-6K6v5LqR/fill/IzNEM0QzRA/dx/20',
		'watermark%2f2%2ftext%2f6iw-6k6v5lqr%2ffill%2fiznem0qzra%2fdx%2f20='],
	['watermark/1/image/aHR0cDovL2E%3D/gravity/south',
		'watermark/1/image/aHR0cDovL2E=/gravity/south',
		'watermark%2f1%2fimage%2fahr0cdovl2e%3d%2fgravity%2fsouth='],
	['imageMogr2/thumbnail/!50p%7Cwatermark/2/text/YQ%7CimageInfo',
		'imageMogr2/thumbnail/!50p|watermark/2/text/YQ|imageInfo',
		'imagemogr2%2fthumbnail%2f%2150p%7cwatermark%2f2%2ftext%2fyq'
		. '%7cimageinfo='],
	['imageMogr2/cut/600x600x100x10/format/webp/interlace/1',
		'imageMogr2/cut/600x600x100x10/format/webp/interlace/1',
		'imagemogr2%2fcut%2f600x600x100x10%2fformat%2fwebp%2finterlace%2f1='],
	['imageMogr2/strip+x', 'imageMogr2/strip x', 'imagemogr2%2fstrip%20x='],
	['imageInfo', 'imageInfo', 'imageinfo='],
	['exif', 'exif', 'exif='],
	['imageInfo|exif', 'imageInfo|exif', 'imageinfo%7cexif='],
	['imageAve', 'imageAve', 'imageave='],
	['ci-process=snapshot&time=1&format=jpg', 'ci-process=snapshot',
		'ci-process=snapshot&format=jpg&time=1'],
	['ci-process=AIImageAnalysis', 'ci-process=AIImageAnalysis',
		'ci-process=AIImageAnalysis'],
	['imageMogr2/format/png&response-content-type=x', undef, undef],
);

$t->plan(6 * @queries + 46);
$t->run();

###############################################################################

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';

for (@queries) {
	my ($query, $seen, $signed) = @$_;

	for my $method (qw/ GET HEAD /) {
		$t->journal_clear;
		my $r = http_request(method => $method, uri => "/a.jpg?$query");
		my ($e) = $t->journal;

		if (!defined $seen) {
			is($r->status, 403, "$method $query refused");
			is($e, undef, "$method $query not sent");
			next;
		}
		is($r->status . ' ' . ($r->header('x-test-ci') || ''), "200 $seen",
			"$method $query");
		is($e->{http_string} . $e->{verified}, lc($method)
			. "\n/a.jpg\n$signed\nhost=$host\n1", "$method $query signed");
	}

	$t->journal_clear;
	is(http_get("/plain/a.jpg?$query")->code, 'AccessDenied',
		"$query refused without image");
	is(scalar(my @none = $t->journal), 0, "$query not sent without image");
}

# the vector of the reference

open my $fh, '<:raw', 'vectors/cos-vectors.json' or die $!;
my ($vector) = grep { ($_->{id} || '') eq 'v12-ci-param' }
	map { ref eq 'ARRAY' ? @$_ : () }
	values %{JSON::PP->new->decode(do { local $/; readline $fh })};
http_get('/a.jpg?imageMogr2/thumbnail/!50p%7CimageInfo');
my $e = ($t->journal)[-1];
is($e->{param_list}, 'imagemogr2%2fthumbnail%2f%2150p%7cimageinfo',
	'parameters as in the vector');
is($e->{http_string} =~ s/host=.*//sr,
	$vector->{http_string} =~ s/host=.*//sr, 'text as in the vector');

# in any addressing, with any key, and set by the configuration

is(http_get('/path/img/%E5%9B%BE.jpg?imageInfo')->header('x-test-ci'),
	'imageInfo', 'path style');
is(http_get('/thumb/a.jpg')->header('x-test-ci'),
	'imageMogr2/thumbnail/200x', 'set by the configuration');
is(http_get('/thumb/a.jpg?acl')->header('x-test-ci'),
	'imageMogr2/thumbnail/200x', 'and not by the client');

# not what looks like one, and on nothing but objects that are read

$t->journal_clear;
for (['GET', '/a.jpg?imagemogr2/x'], ['GET', '/a.jpg?ximageMogr2/x'],
	['GET', '/a.jpg?IMAGEINFO'], ['GET', '/a.jpg?ci-Process=x'],
	['GET', '/a.jpg?time=1&format=jpg'], ['GET', '/a.jpg?watermark'],
	['GET', '/a.jpg?exifacl'], ['GET', '/a.jpg?imageMogr2%26acl'],
	['GET', '/a.jpg?imageInfo%3Dx'], ['GET', '/a.jpg?imageView21/w/9'],
	['GET', '/a.jpg?imageInfo&unknown'], ['GET', '/a.jpg?imageInfo&acl'],
	['GET', '/a.jpg?ci-process=x&acl'], ['GET', '/a.jpg?ci-process=x&fileid=y'],
	['PUT', '/a.jpg?imageMogr2/x'], ['POST', '/a.jpg?image_process'],
	['POST', '/a.jpg?ci-process=x'], ['DELETE', '/a.jpg?imageInfo'],
	['GET', '/?imageInfo'], ['HEAD', '/get/a.jpg?imageInfo'],
	['GET', '/a.m3u8?ci-process=pm3u8&expires=3600'])
{
	my ($method, $uri) = @$_;
	like(http_request(method => $method, uri => $uri)->status,
		qr/\A40[35]\z/, "$method $uri refused");
}
is(http_get('/a.jpg?imageInfo&imageInfo')->status, 400, 'twice');
is(http_get('/a.jpg?imageMogr2/x%00')->status, 400, 'zero byte');
is(scalar(my @none = $t->journal), 0, 'none of them sent');

# each operation is cached by itself, however it is spelled

my $one = 'imageMogr2/thumbnail/200x';
is(cached('/cache/a.jpg'), 'MISS ', 'object');
is(cached("/cache/a.jpg?$one"), "MISS $one", 'one operation');
is(cached('/cache/a.jpg?imageMogr2/thumbnail/300x'),
	'MISS imageMogr2/thumbnail/300x', 'another one');
is(cached('/cache/a.jpg'), 'HIT ', 'object again');
is(cached("/cache/a.jpg?$one"), "HIT $one", 'operation again');
is(cached('/cache/a.jpg?imageMogr2%2Fthumbnail%2f200x'), "HIT $one",
	'operation again, escaped');
is(cached("/cache/a.jpg?$one", 'HEAD'), "HIT $one", 'HEAD');
is(cached('/cache/a.jpg?exif', 'HEAD'), 'MISS exif', 'HEAD first');
ok($t->wait_until(sub { cached('/cache/a.jpg?exif') eq 'HIT exif' }, 5),
	'then GET');
is(cached('/cache/a.jpg?imagemogr2/thumbnail/200x'), '403 ', 'other letters');

# styles are keys, with any separator

is(http_get("/a.jpg${_}small")->body, "a.jpg${_}small", "style $_")
	for '!', '/', '_', '-';
is(http_get('/plain/a.jpg%21small')->body, 'a.jpg!small', 'style escaped');
is(($t->journal)[-1]{target}, '/a.jpg%21small', 'style sent');
is(($t->journal)[-1]{http_string}, "get\n/a.jpg!small\n\nhost=$host\n",
	'style signed');

###############################################################################

sub cached {
	my ($uri, $method) = @_;
	my $r = http_request(method => $method || 'GET', uri => $uri);
	return ($r->header('x-cache') || $r->status) . ' '
		. ($r->header('x-test-ci') || '');
}

###############################################################################
