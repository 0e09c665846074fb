#!/usr/bin/perl

# Tests for the local COS of the test harness, without nginx.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use Digest::MD5 qw/ md5 md5_hex /;
use MIME::Base64 qw/ encode_base64 /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(164);

my $temporary = { secret_id => 'AKIDtemporary', secret_key => 'temporarykey',
	token => 'temporary-token_0123456789', expires => time() + 600 };

$t->cos(credentials => [
	{ secret_id => SECRET_ID, secret_key => SECRET_KEY }, $temporary,
	{ %$temporary, secret_id => 'AKIDold', expires => time() - 1 },
], buckets => [
	{ name => 'images-1250000000', region => 'ap-guangzhou',
		hosts => ['{BucketName}.{AppId}.example.com'] },
	{ name => 'videos-1250000000', region => 'ap-shanghai', strict => 0,
		path_style => 1 },
	{ name => 'open-1250000000', region => 'ap-shanghai', public_read => 1 },
]);

my $images = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my $videos = 'videos-1250000000.cos.ap-shanghai.myqcloud.com';
my $open = 'open-1250000000.cos.ap-shanghai.myqcloud.com';
my $r;

# objects

$r = signed(PUT => '/a.txt', body => 'hello world', headers => {
	'Content-Type' => 'text/plain', 'Cache-Control' => 'max-age=1',
	'x-cos-meta-One' => 'two', 'Content-MD5' =>
		encode_base64(md5('hello world'), '') });
is($r->status, 200, 'put');
is($r->header('etag'), '"' . md5_hex('hello world') . '"', 'put etag');
like($r->header('x-cos-request-id'), qr/^\w{10,}$/, 'request id');
is($r->header('server'), 'tencent-cos', 'server');
like($r->header('date'), qr/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/, 'date');

$r = signed(GET => '/a.txt');
is($r->status, 200, 'get');
is($r->body, 'hello world', 'get body');
is($r->header('content-type'), 'text/plain', 'get type');
is($r->header('x-cos-meta-one'), 'two', 'get metadata');
is($r->header('content-length'), 11, 'get length');

my $etag = $r->header('etag');
my $modified = $r->header('last-modified');

$r = signed(HEAD => '/a.txt');
is($r->status, 200, 'head');
is($r->header('content-length'), 11, 'head length');
is($r->header('etag'), $etag, 'head etag');

is(signed(GET => '/none')->code, 'NoSuchKey', 'no such key');
is(signed(HEAD => '/none')->status, 404, 'head no such key');
is(signed(PUT => '/bad', body => 'x', headers => { 'Content-MD5' =>
	encode_base64(md5('y'), '') })->code, 'BadDigest', 'bad digest');

is(signed(GET => '/a.txt?response-content-type=a%2Fb')->header('content-type'),
	'a/b', 'override');

# ranges and conditions

for (['bytes=0-4', 206, 'hello', '0-4'], ['bytes=6-', 206, 'world', '6-10'],
	['bytes=-5', 206, 'world', '6-10'], ['bytes=6-99', 206, 'world', '6-10'],
	['bytes=-99', 206, 'hello world', '0-10'],
	['bytes=0-0,2-2', 200, 'hello world'], ['bytes=5-4', 200, 'hello world'],
	['bytes=11-', 416], ['bytes=-0', 416])
{
	my ($range, $status, $body, $content_range) = @$_;
	$r = signed(GET => '/a.txt', headers => { Range => $range });
	is($r->status, $status, "$range");
	is($r->body, $body, "$range body") if defined $body;
	is($r->header('content-range'), $status == 416 ? 'bytes */11'
		: "bytes $content_range/11", "$range content-range")
		if $status != 200;
}

my $old = 'Thu, 01 Jan 2015 00:00:00 GMT';
for (['If-Match' => $etag, 200], ['If-Match' => '"x"', 412],
	['If-None-Match' => $etag, 304], ['If-None-Match' => '"x"', 200],
	['If-Modified-Since' => $modified, 304],
	['If-Modified-Since' => $old, 200],
	['If-Unmodified-Since' => $modified, 200],
	['If-Unmodified-Since' => $old, 412])
{
	my ($name, $value, $status) = @$_;
	is(signed(GET => '/a.txt', headers => { $name => $value })->status, $status,
		"$name $status");
}

# keys are bytes, and what is not the same is different

my %keys = ('//x' => 1, '/x' => 2, '/a/./b' => 3, '/a/b' => 4, '/a/../b' => 5,
	'/%E4%B8%AD' => 6, '/%C3' => 7, '/a+b' => 8, '/a%20b' => 9,
	'/a%2520b' => 10, '/' . '%01' x 850 => 11);
is(signed(PUT => $_, body => $keys{$_})->status, 200, 'put ' . substr $_, 0, 20)
	for sort keys %keys;
is(signed(GET => $_)->body, $keys{$_}, 'get ' . substr $_, 0, 20)
	for sort keys %keys;
is(signed(GET => '/%2Fx')->body, 1, 'escaped slash');
is(signed(PUT => '/' . 'x' x 851, body => '')->code, 'KeyTooLong', 'long key');
is((($t->journal)[-1])->{key_hex}, '78' x 851, 'journal key');

# what is not understood is an error

for my $target ('/a.txt?foo', '/a.txt?ACL', '/a.txt?restore', '/a.txt?acl&acl',
	'/a.txt?acl&tagging', '/?inventory')
{
	is(signed(GET => $target)->code, 'InvalidArgument', "get $target");
}
like(signed(GET => '/a.txt?foo'), qr!<ArgumentName>foo<!, 'argument named');
is(signed(POST => '/a.txt', body => '')->status, 405, 'post object');
is(signed(GET => '/a.txt?imageMogr2/thumbnail/!50p%7CimageInfo')
	->header('x-test-ci'), 'imageMogr2/thumbnail/!50p|imageInfo', 'image');
is(signed(GET => '/a.txt?ci-process=snapshot&time=1')->header('x-test-ci'),
	'ci-process=snapshot', 'ci-process');

# authorization

is(plain(GET => '/a.txt')->code, 'AccessDenied', 'unsigned');
like(plain(GET => '/a.txt'), qr/Check auth failure because signature empty\./,
	'unsigned message');
is(plain(GET => '/none', host => $open)->code, 'NoSuchKey', 'public read');
is(plain(PUT => '/x', host => $open, body => '')->code, 'AccessDenied',
	'public write');

$r = signed(GET => '/a.txt', sign => { secret_key => 'wrong' });
is($r->code, 'SignatureDoesNotMatch', 'wrong key');
like($r->body, qr!<FormatString>get\n/a\.txt\n\nhost=!, 'format string');
like($r->body, qr!<StringToSign>sha1\n\d+;\d+\n\w{40}\n<!, 'string to sign');
is(signed(GET => '/a.txt', sign => { secret_id => 'AKIDx' })->code,
	'InvalidAccessKeyId', 'unknown key');
$r = signed(GET => '/a.txt', sign => { start => time() - 100, expires => 50 });
is($r->code, 'AccessDenied', 'expired');
like($r->body, qr/<Message>Request has expired<.*<ServerTime>2/s,
	'expired message');
is(signed(GET => '/a.txt', sign => { start => time() + 60 })->code,
	'RequestTimeTooSkewed', 'from the future');

is(signed(GET => '/a.txt', sign => $temporary)->status, 200, 'token');
is(signed(GET => '/a.txt', sign => { %$temporary, token => undef })->status, 403,
	'no token');
is(signed(GET => '/a.txt', sign => { %$temporary, token => 'x' })->status, 403,
	'wrong token');
is(signed(GET => '/a.txt', sign => { %$temporary, secret_id => 'AKIDold' })
	->code, 'ExpiredToken', 'expired token');

is(signed(PUT => '/b', body => '', headers => { 'x-cos-acl' => 'private' },
	sign => { header_list => ['host'] })->code, 'AccessDenied', 'strict');
is(signed(PUT => '/b', body => '', headers => { 'x-cos-acl' => 'private' },
	sign => { header_list => ['host'] }, host => $videos)->status, 200,
	'not strict');

$r = request(method => 'GET', uri => '/a.txt?response-expires=1',
	presign => 1, host => $images);
is($r->status, 200, 'presigned');
is($r->header('expires'), '1', 'presigned override');
is(request(method => 'GET', uri => '/a.txt', host => $images,
	presign => { merged => 1 })->status, 200, 'merged');

# addressing

is(signed(GET => '/a', host => 'nope-1.cos.ap-guangzhou.myqcloud.com')->code,
	'NoSuchBucket', 'no such bucket');
is(signed(GET => '/a.txt', host => 'images.1250000000.example.com')->status, 200,
	'own domain');
is(signed(GET => '/images-1250000000/a.txt',
	host => 'cos.ap-guangzhou.myqcloud.com')->code,
	'PathStyleDomainForbidden', 'path style forbidden');
is(signed(GET => '/videos-1250000000/b',
	host => 'cos.ap-shanghai.myqcloud.com')->status, 200, 'path style');
like(signed(GET => '/', host => 'service.cos.myqcloud.com')->body,
	qr!<Name>images-1250000000</Name><Location>ap-guangzhou<!, 'service');
is(plain(GET => '/', host => 'service.cos.myqcloud.com')->status, 403,
	'service unsigned');
like(http("GET /a.txt HTTP/1.1\r\nHost: $images\r\nHost: $videos\r\n"
	. "Connection: close\r\n\r\n", port => 8081), qr/ 400 /, 'two hosts');

# listing

$t->store_put('videos-1250000000', $_, $_) for qw! d/1 d/2 d/e/3 f g !;
$r = signed(GET => '/?delimiter=%2F&max-keys=3', host => $videos);
is(join(' ', $r->body =~ m!<(?:Key|Prefix)>([^<]+)<!g), 'b f d/', 'list');
like($r->body, qr!<IsTruncated>true</IsTruncated><NextMarker>f<!, 'truncated');
is(join(' ', signed(GET => '/?delimiter=%2F&marker=f', host => $videos)->body
	=~ m!<Key>([^<]+)<!g), 'g', 'list from marker');
is(join(' ', signed(GET => '/?prefix=d/', host => $videos)->body
	=~ m!<Key>([^<]+)<!g), 'd/1 d/2 d/e/3', 'list prefix');
like(signed(GET => '/?encoding-type=url&prefix=a+')->body,
	qr!<Prefix>a%20</Prefix>.*<Key>a%20b</Key>!s, 'list encoded');
is(signed(HEAD => '/')->status, 200, 'head bucket');

# sub-resources

like(signed(GET => '/a.txt?acl')->body, qr/FULL_CONTROL/, 'acl');
is(signed(PUT => '/a.txt?acl', body => '', headers =>
	{ 'x-cos-acl' => 'public-read' })->status, 200, 'put acl');
is(plain(GET => '/a.txt')->status, 200, 'public object');
my $tags = '<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet>'
	. '</Tagging>';
is(signed(PUT => '/a.txt?tagging', body => $tags)->status, 200, 'put tagging');
is(signed(GET => '/a.txt?tagging')->body, $tags, 'tagging');
is(signed(DELETE => '/a.txt?tagging')->status, 204, 'delete tagging');
unlike(signed(GET => '/a.txt?tagging')->body, qr/<Tag>/, 'no tagging');

# copy, append, delete

$r = signed(PUT => '/copy', headers => { 'x-cos-copy-source' => "$images/a.txt",
	'Content-Length' => 0 }, host => $videos);
like($r->body, qr/<CopyObjectResult>.*\Q${\md5_hex('hello world')}/, 'copy');
is(signed(GET => '/copy', host => $videos)->body, 'hello world', 'copied');
is(signed(POST => '/log?append&position=0', body => 'one')->status, 200,
	'append');
is(signed(POST => '/log?append&position=1', body => 'x')->code,
	'PositionNotEqualToLength', 'append in the wrong place');
is(signed(POST => '/log?append&position=3', body => 'two')
	->header('x-cos-next-append-position'), 6, 'append again');
is(signed(GET => '/log')->body, 'onetwo', 'appended');
is(signed(DELETE => '/log')->status, 204, 'delete');
is(signed(GET => '/log')->status, 404, 'deleted');
my $delete = '<Delete><Object><Key>d/1</Key></Object>'
	. '<Object><Key>d/e/3</Key></Object></Delete>';
is(signed(POST => '/?delete', body => $delete, host => $videos)->status, 400,
	'delete many without digest');
is(signed(POST => '/?delete', body => $delete, host => $videos,
	headers => { 'Content-MD5' => 'AAAAAAAAAAAAAAAAAAAAAA==' })->code,
	'BadDigest', 'delete many with another digest');
like(signed(POST => '/?delete', body => $delete, host => $videos,
	headers => { 'Content-MD5' => Digest::MD5::md5_base64($delete) . '==' })
	->body, qr!<Key>d/1</Key></Deleted><Deleted><Key>d/e/3<!, 'delete many');
is($t->store_get('videos-1250000000', 'd/1'), undef, 'deleted many');

# multipart

$r = signed(POST => '/big?uploads', headers => { 'Content-Type' => 'x/y',
	'Content-Length' => 0 });
my ($id) = $r->body =~ m!<UploadId>(\w+)<!;
ok($id, 'initiate');
my $p2 = signed(PUT => "/big?partNumber=2&uploadId=$id", body => 'bb')
	->header('etag');
my $p1 = signed(PUT => "/big?partNumber=1&uploadId=$id", body => 'a')
	->header('etag');
signed(PUT => "/big?partNumber=3&uploadId=$id", headers => {
	'x-cos-copy-source' => "$images/a.txt", 'Content-Length' => 0,
	'x-cos-copy-source-range' => 'bytes=6-10' });
is(join(' ', signed(GET => "/big?uploadId=$id")->body
	=~ m!<PartNumber>(\d+)<!g), '1 2 3', 'list parts');
like(signed(GET => '/?uploads')->body, qr!<Key>big</Key><UploadId>$id<!,
	'list uploads');
my $complete = sub { '<CompleteMultipartUpload>' . join('', map {
	"<Part><PartNumber>$_->[0]</PartNumber><ETag>$_->[1]</ETag></Part>" } @_)
	. '</CompleteMultipartUpload>' };
is(signed(POST => "/big?uploadId=$id", body => $complete->([2, $p2], [1, $p1]))
	->code, 'InvalidPartOrder', 'wrong order');
is(signed(POST => "/big?uploadId=$id", body => $complete->([1, $p2]))->code,
	'InvalidPart', 'wrong etag');
$r = signed(POST => "/big?uploadId=$id", body => $complete->([1, $p1], [2, $p2],
	[3, '"' . md5_hex('world') . '"']));
like($r->body, qr/ETag>&quot;\w{32}-3&quot;/, 'complete');
$r = signed(GET => '/big');
is($r->body, 'abbworld', 'completed');
is($r->header('content-type'), 'x/y', 'completed type');
is(signed(GET => "/big?uploadId=$id")->code, 'NoSuchUpload', 'upload over');

# transfer

is(signed(PUT => '/c', body => 'chunked body', chunked => 1)->status, 200,
	'chunked');
is(signed(GET => '/c')->body, 'chunked body', 'chunked body');
is(signed(POST => '/y?append&position=0', body => 'x', chunked => 1)->code,
	'MissingContentLength', 'chunked append');
$r = signed(PUT => '/c', body => 'continued', wait_continue => 1);
is_deeply([$r->status, $r->interim->[0]], [200, 100], 'continue');
$r = plain(PUT => '/c', body => 'refused', wait_continue => 1);
is_deeply([$r->status, scalar @{$r->interim}], [403, 0], 'no continue');

$t->journal_clear;
my $block = 'x' x 1048576;
my $left = 20;
$r = signed(PUT => '/large', length => 20 << 20,
	body => sub { $left-- > 0 ? $block : '' });
is($r->status, 200, 'large put');
$r = signed(GET => '/large', hash => 1);
is($r->length, 20 << 20, 'large get');
is('"' . $r->md5 . '"', $r->header('etag'), 'large contents');
is_deeply([map { [@$_{qw/ n operation status body_len verified /}] }
	$t->journal], [[1, 'PutObject', 200, 20 << 20, 1],
	[2, 'GetObject', 200, 0, 1]], 'journal');

my $c = http_connect(port => 8081);
is(signed(GET => '/c', conn => $c)->status, 200, 'keep-alive');
is(signed(GET => '/a.txt', conn => $c)->status, 200, 'keep-alive again');
my @j = $t->journal;
is($j[-1]{conn}, $j[-2]{conn}, 'same connection');
$c->close;

# told to fail

$t->control({ rules => [{ path_re => '^/a', times => 2, status => 503,
	code => 'SlowDown' }] });
is(join(' ', map { signed(GET => '/a.txt')->status } 1 .. 3), '503 503 200',
	'fails twice');
$t->control({ rules => [{ method => 'GET', close_after => 3 }] });
$r = signed(GET => '/a.txt');
is_deeply([$r->body, $r->truncated], ['hel', 1], 'short body');
$t->control({ rules => [{ expire => 1, times => 1 }, { drop => 1,
	times => 1 }, { stall => 0.2 }] });
like(signed(GET => '/a.txt')->body, qr/Request has expired/, 'expire');
is(signed(GET => '/a.txt')->status, 0, 'drop');
is(signed(GET => '/a.txt')->status, 200, 'stall');
$t->control({ clock_offset => 2000, revoked => ['AKIDx'] });
is(signed(GET => '/a.txt')->code, 'AccessDenied', 'clock');
$t->control({ revoked => [SECRET_ID] });
is(signed(GET => '/a.txt')->code, 'InvalidAccessKeyId', 'revoked');
$t->control();
is(signed(GET => '/a.txt')->status, 200, 'normal again');

###############################################################################

sub request {
	return http_request(port => 8081, @_);
}

sub plain {
	my ($method, $uri, %a) = @_;
	return request(method => $method, uri => $uri, host => $images, %a);
}

sub signed {
	my ($method, $uri, %a) = @_;
	return plain($method, $uri, sign => 1, %a);
}

###############################################################################
