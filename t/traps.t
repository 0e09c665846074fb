#!/usr/bin/perl

# Tests for the traps of a signing proxy, cos-protocol 8.1 to 8.12.

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

my $t = Test::COS->new()->needs_cos()->plan(72);

$t->cos();
$t->store_put('images-1250000000', 'a', 'hello');
$t->store_put('images-1250000000', 'secret', 'secret');

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou alias=img protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
        }

        location /all/ {
            cos_pass  images-1250000000;
            cos_allow read write list delete;
        }

        location /path/ {
            cos_pass  path_style;
            cos_allow read write list delete;
        }

        location /open/ {
            cos_pass  images-1250000000;
            cos_allow read write list delete acl copy response_override image
                      sse callback tagging;
        }
    }

    server {
        listen 127.0.0.1:8082;
        merge_slashes off;

        location / {
            cos_pass  images-1250000000;
            cos_allow read write list delete;
        }
    }
}

EOC

$t->run();

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';

###############################################################################

# 8.1

$t->journal_clear;
is(http_request(uri => '/a', headers => { Authorization => 'q-sign-algorithm='
	. 'sha1&q-ak=x', 'x-cos-security-token' => 't1', 'X-CI-Security-Token' =>
	't2', token => 't3', clientIP => 't4', ClientUA => 't5' })->body, 'hello',
	"8.1: the client's identity does not matter");
my ($s) = $t->journal;
is(join(' ', grep { /\b(?:t[1-5]|q-ak=x)\b/ } map { "@$_" }
	@{$s->{headers}}), '', "8.1: the client's identity is not sent");
is($s->{secret_id} . $s->{verified}, SECRET_ID . '1', '8.1: ours is');
http_request(uri => '/a', host => $host, sign => { secret_id => 'x' });
is(($t->journal)[-1]{secret_id}, SECRET_ID, '8.1: a well-formed one');

# 8.2

for my $query ('q-sign-algorithm=sha1&q-ak=x&q-sign-time=1;2&q-key-time=1;2'
	. '&q-header-list=&q-url-param-list=&q-signature=x', 'sign=x',
	'x-cos-security-token=x', '%71-ak=x', 'q%2Dak=x', 'Q-AK=x', 'q-Signature=x',
	'SIGN=x', '%53ign', 'X-COS-Security-Token=x', 'q-', 'q-new=x', 'q-ak',
	'sign=x&q-ak=y&sign=z&q-ak=y')
{
	for my $uri ("/a?$query", "/a?$query&versionId=1", "/a?versionId=1&$query")
	{
		$t->journal_clear;
		http_get($uri);
		($s) = $t->journal;
		is("$s->{target} $s->{verified}", '/a'
			. ($uri =~ /versionId/ ? '?versionId=1 1' : ' 1'),
			"8.2: signature in the query stripped, $uri")
			if $uri =~ /versionId/ || $query =~ /sign|%71/i;
	}
}

# 8.3

refused('8.3: copy source', ['PUT', '/all/x', 'x-cos-copy-source' =>
	"$host/secret"], ['PUT', '/all/x?partNumber=1&uploadId=U',
	'X-COS-COPY-SOURCE' => "$host/secret"], map { ['PUT', '/all/x',
	"x-cos-copy-source-$_" => 'x'] } qw/ Range If-Match If-Modified-Since
	server-side-encryption-customer-key /);

# 8.4

refused('8.4: ACL', map { ['PUT', '/all/x', $_ => 'public-read'] }
	qw/ x-cos-acl X-Cos-ACL x-cos-grant-read x-cos-grant-write
	x-cos-grant-read-acp x-cos-grant-write-acp x-cos-grant-full-control /);
refused('8.4: ACL of a form', ['POST', '/open/', 'Content-Type' =>
	'multipart/form-data; boundary=x']);
refused('8.4: ACL sub-resource', ['PUT', '/all/a?acl'], ['PUT', '/open/?acl']);

# 8.5

refused('8.5: response overrides', map { ['GET', "/all/a?$_=text/html"] }
	map { ("response-$_", "Response-$_", "%72esponse-$_") }
	qw/ cache-control content-disposition content-encoding content-language
	content-type expires /);

# 8.6

refused('8.6: sub-resources', map { my $name = $_; map { ['GET', "/all/a?$_"],
	['PUT', "/all/?$_"], ['DELETE', "/open/a?$_"] } $name, uc $name,
	ucfirst $name, "$name=", '%' . unpack('H2', $name) . substr $name, 1 }
	qw/ acl policy delete restore lifecycle cors /);

# 8.7

refused('8.7: versionId on DELETE', ['DELETE', '/all/a?versionId=1'],
	['DELETE', '/open/a?versionId'], ['DELETE', '/all/a?%76ersionId=1'],
	['DELETE', '/all/a?VERSIONID=1']);

# 8.8

refused('8.8: bucket', map { my $uri = $_; map { [$_, $uri] }
	qw/ DELETE PUT POST / } '/all/', '/path/img/', '/path/img');
refused('8.8: keys that are nothing', map { my $uri = $_; map { [$_, $uri] }
	qw/ GET HEAD DELETE PUT POST / } '/all//', '/all/./', '/all/%2F',
	'/all/%2e', '/all/%2e%2e', '/path/img//', '/path/img/./', '/path/img/%2F',
	'/path/img/x/..', '/path/img/%2E%2e%2f');
$t->journal_clear;
http_request(method => 'DELETE', uri => $_, port => 8082) for '//', '///',
	'/%2F', '/%2f%2f', '/./', '/..';
is(scalar(my @none = $t->journal), 0, '8.8: only slashes, not merged');

# 8.9; the local COS is strict

http_put('/all/x?partNumber=1&uploadId=U', 'x', 'Content-Type' => 'a/b',
	'x-cos-storage-class' => 'STANDARD', 'x-cos-meta-a' => 1);
$s = ($t->journal)[-1];
is($s->{verified}, 1, '8.9: strict signature mode');
is("$s->{header_list} $s->{param_list}", 'content-type;host;x-cos-meta-a;'
	. 'x-cos-storage-class partnumber;uploadid', '8.9: all of it signed');

# 8.10

my $sse = 'x-cos-server-side-encryption';
refused('8.10: encryption', ['PUT', '/all/x', $sse => 'AES256'], ['GET',
	'/all/a', "$sse-customer-key" => 'U2VjcmV0Q3VzdG9tZXJLZXk='], ['PUT',
	'/all/x', "$sse-cos-kms-key-id" => 'x'], ['PUT', '/all/x',
	"$sse-context" => 'x']);
http_put('/open/x', 'x', "$sse-customer-key" => 'U2VjcmV0Q3VzdG9tZXJLZXk=');
unlike($t->error_log . $t->access_log, qr/U2VjcmV0/, '8.10: key in no log');

# 8.11

refused('8.11: processing', (map { ['GET', "/all/a?$_"] }
	'ci-process=videoinfo', 'imageMogr2/thumbnail/9x', 'imageInfo', 'exif',
	'IMAGEINFO', '%69mageInfo', 'watermark/1', 'imageView2/1/w/1'),
	map { ['PUT', '/all/x', $_ => 'x'] } qw/ Pic-Operations x-cos-callback
	x-cos-callback-var x-cos-return-body x-ci-anything /);
refused('8.11: image_process', ['POST', '/open/a?image_process']);

# 8.12

refused('8.12: unknown headers of COS', map { ['PUT', '/open/x', $_ => 'x'] }
	qw/ x-cos-object-type x-cos-symlink-target x-cos-mfa x-cos-new
	x-cos-website-redirect-location x-ci-new x-cos- /);
refused('8.12: tags', ['PUT', '/all/x', 'x-cos-tagging' => 'a=b']);
is(http_put('/all/x', 'x', map { ("x-cos-$_->[0]" => $_->[1]) }
	['meta-a', 1], ['storage-class', 'STANDARD'], ['traffic-limit', 819200])
	->status, 200, '8.12: known headers of COS');

is($t->store_get('images-1250000000', 'a'), 'hello', 'the object is there');

###############################################################################

# all of them, in silence

sub refused {
	my ($name, @requests) = @_;
	$t->journal_clear;
	my @wrong;
	for my $request (@requests) {
		my ($method, $uri, @headers) = @$request;
		my $status = http_request(method => $method, uri => $uri,
			headers => { @headers },
			$method =~ /\AP/ ? (body => '') : ())->status;
		push @wrong, "$method $uri @headers: $status"
			if $status !~ /\A40[035]\z/;
	}
	is(join("\n", @wrong), '', "$name refused");
	is(join("\n", map { "$_->{method} $_->{target}" } $t->journal), '',
		"$name not sent");
}
