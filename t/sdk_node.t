#!/usr/bin/perl

# Tests that the official Node.js SDK signs every kind of request as we do.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib', 'sdk';
use Node;
use Test::COS;

use Digest::MD5 qw/ md5_base64 /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos());

my $token = 'token+/' . 'x' x 1500 . '==';
my @credentials = ({ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	{ secret_id => 'AKIDtemporary_-1', secret_key => 'TemporaryKey',
		token => $token });
my %key_of = map { $_->{secret_id} => $_->{secret_key} } @credentials;

$t->cos(credentials => \@credentials, buckets => [
		{ name => 'images-1250000000', region => 'ap-guangzhou' },
		{ name => 'videos-1250000000', region => 'ap-shanghai',
			hosts => ['{Bucket}.private.example.com'] },
		{ name => 'old-1250000000', region => 'ap-beijing', path_style => 1 }]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_conf(<<'EOC' =~ s/TOKEN/$token/r);

%%TEST_GLOBALS%%

events { }

http {
    %%TEST_GLOBALS_HTTP%%
    merge_slashes off;
    proxy_cache_path %%TESTDIR%%/cache keys_zone=cache:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials temporary { provider static;
                                secret_id AKIDtemporary_-1;
                                secret_key TemporaryKey; token TOKEN; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 credentials=temporary
               "domain={Bucket}.private.example.com";
    cos_bucket old-1250000000 ap-beijing protocol=http force_path_style
               endpoint=127.0.0.1:8081 credentials=app;

    cos_allow read write list delete acl copy response_override image sse
              callback tagging GetObjectACL PutObjectACL GetObjectTagging
              PutObjectTagging DeleteObjectTagging DeleteObjectVersion
              PostObjectRestore SelectObjectContent GetBucketCORS
              PutBucketCORS DeleteBucketCORS GetBucketLocation
              GetBucketInventory;

    server {
        listen 127.0.0.1:8080;

        location /          { cos_pass path_style; }
        location /prefix/   { cos_pass images-1250000000/a/b/; }
        location ~ ^/re(.+) { cos_pass images-1250000000/re$1; }
        location = /service { cos_pass service protocol=http
                                       endpoint=127.0.0.1:8081
                                       credentials=app; }

        location /cache/ {
            cos_pass images-1250000000;
            proxy_cache cache;
            proxy_cache_valid 200 1h;
        }

        location /set/ {
            cos_pass images-1250000000;
            proxy_set_header x-cos-meta-set "set $request_method";
        }

        location /more/ {
            cos_pass images-1250000000;
            cos_sign_headers Cache-Control Content-Disposition
                             Content-Encoding Expires;
        }
    }
}

EOC

$t->run();

###############################################################################

my ($i, $v) = ('/images-1250000000', '/videos-1250000000');
my $image = 'imageMogr2/thumbnail/!50p%7cwatermark/2/text/5paH5a2X/fill/I0ZGRg';
my $utf8 = '%E4%B8%AD%E6%96%87%20%F0%9F%98%80';
my $source = 'images-1250000000.cos.ap-guangzhou.myqcloud.com/a.txt';
my %xml = ('Content-Type' => 'application/xml',
	'Content-MD5' => 'of the body');

my @requests = (
	# objects
	['GET', "$i/a.txt"],
	['HEAD', "$i/a.txt"],
	['GET', "$i/a.txt", Range => 'bytes=1-2', 'If-None-Match' => '"x"'],
	['GET', "$i/a.txt?versionId=MTg0NDUx"],
	['PUT', "$i/b", 'Content-Type' => 'image/jpeg; q="1"'],
	['PUT', "$i/b", 'Content-MD5' => 'of the body',
		'x-cos-meta-A-b' => "a b+c&d=e,f;g/h\xe4\xb8\xad", 'X-Cos-Meta-B' =>
		'-_.~!*()\'', 'x-cos-storage-class' => 'STANDARD_IA'],
	['PUT', "$i/b", 'x-cos-meta-empty' => ''],
	['PUT', "$i/b", 'x-cos-acl' => 'public-read', 'x-cos-grant-read' =>
		'id="100000000001",id="100000000002"'],
	['PUT', "$i/b", 'x-cos-tagging' => 'a=b&c=d%20e',
		'x-cos-server-side-encryption' => 'AES256'],
	['PUT', "$i/b", 'Pic-Operations' =>
		'{"is_pic_info":1,"rules":[{"fileid":"x","rule":"imageMogr2"}]}'],
	['PUT', "$i/b", 'x-cos-callback' => 'eyJhIjoxfQ==',
		'x-cos-return-body' => 'eyJiIjoyfQ=='],
	['PUT', "$i/b", 'Content-Type' => 'text/plain', 'Cache-Control' =>
		'no-cache', 'Content-Disposition' => 'inline; filename="a b"'],
	['POST', "$i/app?append&position=0"],
	['DELETE', "$i/b"],
	['DELETE', "$i/b?versionId=1"],
	['GET', "$i/a.txt?acl"],
	['PUT', "$i/a.txt?acl", 'x-cos-acl' => 'private'],
	['GET', "$i/a.txt?tagging"],
	['PUT', "$i/a.txt?tagging=", %xml],
	['DELETE', "$i/a.txt?tagging"],
	['POST', "$i/a.txt?restore", %xml],
	['POST', "$i/a.txt?select&select-type=2", %xml],
	['OPTIONS', "$i/a.txt", 'Access-Control-Request-Method' => 'PUT',
		Origin => 'https://example.com'],

	# what rides on them
	['GET', "$i/a.txt?response-content-type=text%2Fplain%3B+charset%3Dutf-8"
		. "&response-content-disposition=attachment%3b%20filename%3d%22"
		. "$utf8%22&response-expires=Thu%2c+01+Dec+1994+16:00:00+GMT"
		. '&response-cache-control=max-age%3d1&response-content-language=zh'],
	['GET', "$i/a.txt?$image"],
	['GET', "$i/a.txt?imageView2/1/w/100/h/100/q/85!&versionId=1"],
	['GET', "$i/a.txt?imageInfo"],
	['GET', "$i/a.txt?ci-process=snapshot&time=1.5&format=jpg&width=10"],
	['PUT', "$i/copy", 'x-cos-copy-source' => $source,
		'x-cos-metadata-directive' => 'Replaced'],
	['PUT', "$i/copy", 'x-cos-copy-source' => $source,
		'x-cos-copy-source-If-Match' => '"5d41402abc4b2a76b9719d911017c592"'],

	# multipart
	['POST', "$i/m?uploads", 'Content-Type' => 'video/mp4'],
	['PUT', "$i/m?partNumber=1&uploadId=14846420620b1f381e5d7b057692e131dd8"],
	['PUT', "$i/m?uploadId=1&partNumber=2", 'x-cos-copy-source' => $source,
		'x-cos-copy-source-range' => 'bytes=0-1'],
	['GET', "$i/m?uploadId=1&max-parts=10&part-number-marker=0"],
	['POST', "$i/m?uploadId=1", %xml],
	['DELETE', "$i/m?uploadId=1"],

	# buckets and the service
	['GET', "$i/"],
	['HEAD', "$i/"],
	['GET', "$i/?prefix=a/%2b%25+b%26c%3d$utf8&delimiter=%2F&max-keys=10"
		. '&marker=~!*()\'&encoding-type=url'],
	['GET', "$i/?prefix=&marker&max-keys=1"],
	['GET', "$i/?versions&key-marker=a%2Fb&version-id-marker=x"],
	['GET', "$i/?uploads&prefix=a&encoding-type=url&max-uploads=5"],
	['GET', "$i/?cors"],
	['PUT', "$i/?cors", %xml],
	['DELETE', "$i/?cors"],
	['GET', "$i/?location"],
	['GET', "$i/?inventory&id=list+1"],
	['GET', '/service?region=ap-guangzhou&max-keys=10'],
	['GET', '/service'],

	# keys
	(map { ['GET', "$i/$_"], ['PUT', "$v/$_"] }
		'a%20b', 'a+b', 'a%2Bb', 'a%252Bb', 'a%25b', '(a)!*\'~@=,;:$&',
		'%23%3F%26%5b%5D%7b%7D%5c%5e%60%7c%22%3c%3e', '%61%2e%62', 'a//b///',
		'a/', '...', $utf8, 'e%CC%81', '%D7%A9%D7%9C%D7%95%D7%9D',
		'%EF%BF%BF', join('/', ('%E4%B8%AD' x 30) x 9)),

	# other ways to the same
	['GET', "$v/a.txt"],
	['POST', "$v/m?uploads", 'x-cos-meta-a' => '1'],
	['GET', '/old-1250000000/a%20b?versionId=1'],
	['PUT', "/old-1250000000/$utf8", 'Content-Type' => 'a/b'],
	['GET', '/old-1250000000/?prefix=a'],
	['PUT', '/prefix/c%20d', 'Content-Type' => 'a/b'],
	['GET', '/re%20/%E4%B8%AD'],
	['HEAD', '/cache/a.txt'],
	['PUT', '/set/a', 'x-cos-meta-set' => 'client', 'x-cos-meta-z' => 'z'],
	['PUT', '/more/a', 'Cache-Control' => 'max-age=1, public',
		'Content-Disposition' => "attachment; filename*=UTF-8''a%20b",
		'Content-Encoding' => 'identity', Expires => '0'],
);

$t->plan(2 * @requests + 1);

# sent one by one, compared at the end

my (@cases, @sent);

for my $request (@requests) {
	my ($method, $uri, %headers) = @$request;
	my $body = $method =~ /\AP/ ? "body\n" : undef;
	$headers{'Content-MD5'} = md5_base64($body) . '=='
		if $headers{'Content-MD5'};

	$t->journal_clear;
	http_request(method => $method, uri => $uri, headers => \%headers,
		body => $body);

	my ($e, @more) = $t->journal;
	my @authorization = map { $_->[1] }
		grep { lc $_->[0] eq 'authorization' } @{$e->{headers} || []};
	push @sent, { count => @more + !!$e . ' ' . ($e->{verified} || 0),
		authorization => "@authorization" };

	my ($time) = "@authorization" =~ /q-key-time=(\d+;\d+)/;
	push @cases, { secretId => $e->{secret_id}, method => $e->{method},
		secretKey => $key_of{$e->{secret_id} || ''}, keyTime => $time,
		target => $e->{target}, headers => $e->{headers},
		optional => $uri =~ /more/ ? 1 : 0 };
}

my $expected = eval { Node::run($t, 'sign.js', \@cases) } or diag $@;

for my $n (0 .. $#requests) {
	my $name = substr "$requests[$n][0] $requests[$n][1]", 0, 60;
	is($sent[$n]{count}, '1 1', "$name verified");
	is($sent[$n]{authorization}, $expected->[$n], "$name as the sdk");
}

$cases[0]{target} .= 'x';
isnt(Node::run($t, 'sign.js', [$cases[0]])->[0], $sent[0]{authorization},
	'another key');

###############################################################################
