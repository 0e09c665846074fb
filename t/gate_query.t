#!/usr/bin/perl

# Tests for what is said of query parameters that are refused, and for what is
# sent of those that are not.

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

my $many = join '&', map { "imageView2/$_" } 1 .. 100;
my $token = 'x-cos-security-token=t';
my $time = '1700000000;1700000001';
my $signed = join '&', 'q-sign-algorithm=sha1', 'q-ak=a', "q-sign-time=$time",
	"q-key-time=$time", 'q-header-list=', 'q-url-param-list=',
	'q-signature=' . '0' x 40;

my $known = qr/is not known for this request/;
my $too_many = qr/too many query parameters/;
my $invalid = qr/invalid query string/;

my @refused = (
	# in any case, next to each other or not, with escapes or without
	['GET', '/a?acl&acl', qr/duplicate query parameter "acl"/],
	['GET', '/a?acl&ACL', qr/duplicate query parameter "ACL"/],
	['GET', '/a?versionId=1&x=2&versionid=1',
		qr/duplicate query parameter "versionid"/],
	['GET', '/a?x%2Fy&b&X/Y=', qr/duplicate query parameter "X\/Y"/],
	['GET', '/a?[&{', qr/"%5B" $known/],
	['GET', '/a?=1&=2', qr/duplicate query parameter ""/],

	# the first that the first row does not take
	['GET', '/a?versionId=1&uploads', qr/"uploads" $known/],
	['GET', '/a?uploads&versionId=1', qr/"uploads" $known/],
	['GET', '/a?uploadId=1&max-keys=1', qr/"uploadId" $known/],
	['GET', '/a?acl&x', qr/"acl" $known/],
	['GET', '/a?versionid=1', qr/"versionid" $known/],
	['GET', '/a?time=1', qr/"time" $known/],
	['GET', '/a?ci-processes=1', qr/"ci-processes" $known/],
	['GET', '/a?response-expires2=1', qr/"response-expires2" $known/],
	['PUT', '/a?ci-process=1', qr/"ci-process" $known/],
	['PUT', '/a?versionId=1', qr/"versionId" $known/],
	['GET', '/?prefix=&position=1', qr/"position" $known/],
	['PROPFIND', '/a?acl', qr/method "PROPFIND" is not known/],
	['POST', '/a', qr/method "POST" is not known/],

	# one thing at a time
	['GET', '/a?uploadId=&x&X', qr/query parameter "uploadId" is empty/],
	['GET', '/a?x&X&uploadId=', qr/duplicate query parameter "X"/],
	['GET', '/a?q-a&Q-a&uploadId=', qr/query parameter "uploadId" is empty/],
	['GET', "/a?$many&imageInfo", $too_many],
	['GET', "/a?$many&imageInfo&x=%zz", $too_many],
	['GET', "/a?x=%zz&$many", $too_many],
	['GET', '/a?x=%zz&x=1', $invalid],
	['GET', '/a?x=%4&x=1', $invalid],
	['GET', '/a?%=1', $invalid],
	['GET', '/a?x%0A', $invalid],

	# a signature of the client is in the way where it is used
	['GET', "/own/a?$signed&Q-AK=b", qr/duplicate query parameter "Q-AK"/],
	['GET', "/own/a?$signed&SIGN&zz", qr/"zz" $known/],
	['GET', "/a?$signed&zz", qr/"zz" $known/],
);

# sent of what is asked for

my @sent = (
	['/a?versionId=1', '/a?versionId=1'],
	['/a?versionId=%41', '/a?versionId=A'],
	['/a?versionId=1&', '/a?versionId=1'],
	['/a?&&versionId=1', '/a?versionId=1'],
	['/a?versionId', '/a?versionId'],
	['/a?%76ersionId=a/b', '/a?versionId=a%2Fb'],
	['/a?imageMogr2/a!&imageInfo', '/a?imageMogr2%2Fa%21&imageInfo'],
	['/a?imageMogr2%2fa&imageInfo=', '/a?imageMogr2%2Fa&imageInfo='],
	['/a?response-expires=a+b', '/a?response-expires=a%20b'],
	['/a?response-expires=a%20b&response-content-type=image%2Fgif',
		'/a?response-expires=a%20b&response-content-type=image%2Fgif'],
	['/a?ci-process=x&time=1', '/a?ci-process=x&time=1'],
	['/a?time=1&ci-process=x', '/a?time=1&ci-process=x'],
	['/a?q-ak=1&versionId=1', '/a?versionId=1'],
	["/a?versionId=1&$token", '/a?versionId=1'],
	["/a?SIGN=1&versionId=1&$signed&Q-&imageInfo",
		'/a?versionId=1&imageInfo'],
	["/a?$token", '/a'],
	['/a?X-Cos-Security-Token', '/a'],
	# of one length and end
	['/a?imageInfo&imageAve%2fx', '/a?imageInfo&imageAve%2Fx'],
	['/v/a?versionId=1', '/a?versionId=1'],
	['/v/a?versionId=1&&', '/a?versionId=1'],
	['/v/a?versionId=1&sign', '/a?versionId=1'],
);

my $t = Test::COS->new()->needs_cos()->plan(3 * @refused + 2 * @sent);

$t->cos();

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    large_client_header_buffers 4 16k;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        cos_allow read write list image response_override;

        location / {
            cos_pass images-1250000000;
        }

        location /own/ {
            cos_pass images-1250000000/;
            cos_sign unless_signed;
        }

        location ~ ^/v/(.*) {
            cos_pass images-1250000000/$1;
        }
    }
}
EOC

$t->run();

###############################################################################

for my $case (@refused) {
	my ($method, $uri, $message) = @$case;
	my $name = substr "$method $uri", 0, 60;
	my $r = http_request(method => $method, uri => $uri,
		$method =~ /^P/ ? (body => 'x') : ());
	like($r->status, qr/^40[035]$/, "$name, refused");
	like($r->body =~ s{&quot;}{"}gr, $message, "$name, why");
	is(scalar(my @none = $t->journal), 0, "$name, nothing sent");
	$t->journal_clear;
}

for my $case (@sent) {
	my ($uri, $target) = @$case;
	my $name = substr $uri, 0, 60;
	http_get($uri);
	my @e = $t->journal;
	$t->journal_clear;
	is(join(' ', map { $_->{target} || $_->{uri} || '' } @e), $target,
		"$name, sent");
	is($e[-1] && $e[-1]{verified}, 1, "$name, signed");
}

###############################################################################
