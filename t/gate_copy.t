#!/usr/bin/perl

# Tests for copy: only from where the same location could read.

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

my $t = Test::COS->new()->needs_cos()->plan(137);

my $images = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my $videos = 'videos-1250000000.cos.ap-shanghai.myqcloud.com';
my $other = 'other-1250000000.cos.ap-shanghai.myqcloud.com';

$t->cos(
	credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
		{ secret_id => 'AKIDOTHER', secret_key => 'OtherSecretKey0002' }],
	buckets => [
		{ name => 'images-1250000000', region => 'ap-guangzhou' },
		map { { name => "$_-1250000000", region => 'ap-shanghai' } }
			qw/ videos other undeclared /]);
$t->store_put('images-1250000000', $_, "images $_") for 'a', 'pub/a',
	'pub/a b+c%d', 'public/a', 'secret', "\xe4\xb8\xad";
$t->store_put("$_-1250000000", 'a', "$_ a") for qw/ videos other undeclared /;

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

    cos_credentials other {
        provider static;
        secret_id  AKIDOTHER;
        secret_key OtherSecretKey0002;
    }

    cos_bucket images-1250000000 ap-guangzhou alias=img credentials=app
               protocol=http endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai credentials=app
               protocol=http endpoint=127.0.0.1:8081;
    cos_bucket other-1250000000 ap-shanghai credentials=other
               protocol=http endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        cos_allow read write copy;

        location / {
            cos_pass path_style;
        }

        location /closed/ {
            cos_pass  path_style;
            cos_allow read write;
        }

        location /pub/ {
            cos_pass images-1250000000/pub/;
        }

        location /bare/ {
            cos_pass images-1250000000/pub;
        }

        location /one/ {
            cos_pass images-1250000000;
        }

        location /two/ {
            cos_pass path_style images-1250000000 other-1250000000;
        }

        location /role/ {
            cos_pass path_style credentials=app;
        }

        location ~ ^/key/(.*)$ {
            cos_pass images-1250000000/pub/$1;
        }
    }
}

EOC

$t->run();

###############################################################################

# allowed

copies('/images-1250000000/t', "$images/a", 'images a', 'same bucket');
copies('/img/t', "$videos/a", 'videos a', 'other bucket');
copies('/one/t', "$images/pub/a%20b%2Bc%25d", 'images pub/a b+c%d', 'escaped');
copies('/one/t', "$images/%E4%B8%AD", "images \xe4\xb8\xad", 'utf-8');
copies('/one/t', "$images/%73ecret", 'images secret', 'over-escaped');
copies('/one/t', "$images/a?versionId=MTg0NDY3", 'images a', 'version');
copies('/one/t', 'images-1250000000.cos.ap-guangzhou.tencentcos.cn/a',
	'images a', 'new domain');
copies('/pub/t', "$images/pub/a", 'images pub/a', 'inside the prefix', 'pub/t');
copies('/two/images-1250000000/t', "$images/a", 'images a', 'in the list');
copies('/role/other-1250000000/t', "$images/a", undef,
	'credentials of the location');

# not without the feature

refused('/closed/images-1250000000/t', "$images/a", 'not allowed');
refused('/closed/images-1250000000/t', undef, 'directive alone',
	'x-cos-metadata-directive' => 'Replaced');
refused('/closed/images-1250000000/t', undef, 'range alone',
	'x-cos-copy-source-range' => 'bytes=0-1');

# out of reach

refused('/img/t', 'undeclared-1250000000.cos.ap-shanghai.myqcloud.com/a',
	'undeclared bucket');
refused('/img/t', "$other/a", 'bucket of other credentials');
refused('/img/t', 'img.cos.ap-guangzhou.myqcloud.com/a', 'alias');
refused('/pub/t', "$images/secret", 'out of the prefix');
refused('/pub/t', "$images/public/a", 'beside the prefix');
refused('/pub/t', "$images/pub", 'above the prefix');
refused('/bare/t', "$images/public/a", 'beside a prefix without a slash');
refused('/bare/', "$images/public/a", 'the same, from the location itself');
refused('/pub/t', "$images/%70ub%2F..%2Fsecret", 'dots');
refused('/pub/t', "$images/pub/../secret", 'raw dots');
refused('/pub/t', "$images/pub/%2e%2e/secret", 'escaped dots');
refused('/pub/t', "$images/pub/.%2E/secret", 'half escaped dots');
refused('/pub/t', "$images/./pub/a", 'one dot');
refused('/pub/t', "$images//pub/a", 'slash before the prefix');
refused('/pub/t', "$images/pub%252Fa", 'escaped twice');
refused('/pub/t', "$videos/pub/a", 'prefix of another bucket');
refused('/two/images-1250000000/t', "$videos/a", 'not in the list');
refused('/two/images-1250000000/t', "$other/a",
	'in the list, of other credentials');
refused('/key/t', "$images/pub/a", 'key with variables');
refused('/key/t', "$images/secret", 'key with variables, elsewhere');

# hostile spellings of the host

refused('/img/t', $_->[1], $_->[0]) for (
	['region' => 'images-1250000000.cos.ap-shanghai.myqcloud.com/a'],
	['longer region' => 'images-1250000000.cos.ap-guangzhou-2.myqcloud.com/a'],
	['domain' => 'images-1250000000.cos.ap-guangzhou.example.com/a'],
	['domain behind' =>
		'images-1250000000.cos.ap-guangzhou.myqcloud.com.example.com/a'],
	['label before' => "x.$images/a"],
	['no dots' => 'images-1250000000/a'],
	['short name' => 'images.cos.ap-guangzhou.myqcloud.com/a'],
	['path style' => 'cos.ap-guangzhou.myqcloud.com/images-1250000000/a'],
	['scheme' => "http://$images/a"],
	['leading slash' => "/$images/a"],
	['leading slashes' => "//$images/a"],
	['userinfo' => "x\@$images/a"],
	['port' => "$images:80/a"],
	['trailing dot' => "$images./a"],
	['escaped slash' => "$images%2Fa/b"],
	['escaped host' => "%69mages-1250000000.cos.ap-guangzhou.myqcloud.com/a"],
	['backslash' => "$images\\a"],
	['missing slash' => $images],
	['missing key' => "$images/"],
	['only slashes' => "$images///"],
	['query without key' => "$images/?versionId=1"],
	['query instead of key' => "$images?versionId=1/a"],
	['bad escape' => "$images/a%zz"],
	['cut escape' => "$images/a%2"],
	['nul' => "$images/a%00b"],
	['line feed' => "$images/a%0Ab"],
	['empty' => ''],
	['space' => ' '],
);

# which of the two would be checked?

$t->journal_clear;
my $r = http_request(method => 'PUT', uri => '/pub/t', body => '',
	headers => [['x-cos-copy-source', "$images/pub/a"],
		['X-COS-Copy-Source', "$images/secret"]]);
is($r->status, 400, 'two headers');
is(scalar(my @none = $t->journal), 0, 'two headers not sent');

# on the operations that copy, and no other

for my $request (['GET', '/one/a'], ['HEAD', '/one/a'],
	['POST', '/one/t?uploads'], ['POST', '/one/t?append&position=0'],
	['POST', '/one/t?uploadId=U'])
{
	my ($method, $uri) = @$request;
	$t->journal_clear;
	is(http_request(method => $method, uri => $uri, body => '',
		headers => { 'x-cos-copy-source' => "$images/a" })->status, 403,
		"$method $uri");
	is(scalar(@none = $t->journal), 0, "$method $uri not sent");
}

$t->journal_clear;
http_put('/one/t?partNumber=1&uploadId=U', '', 'x-cos-copy-source' =>
	"$images/a", 'x-cos-copy-source-range' => 'bytes=0-1');
is(($t->journal)[-1]{operation}, 'UploadPartCopy', 'part');
is(($t->journal)[-1]{verified}, 1, 'part signed');

http_put('/pub/t?partNumber=1&uploadId=U', '', 'x-cos-copy-source' =>
	"$images/secret");
is(scalar(@none = $t->journal), 1, 'part out of the prefix not sent');

###############################################################################

sub copies {
	my ($uri, $source, $content, $name, $key) = @_;
	$t->journal_clear;
	my $r = http_put($uri, '', 'x-cos-copy-source' => $source);
	my ($sent) = $t->journal;
	if (defined $content) {
		is($t->store_get('images-1250000000', $key || 't'), $content, $name)
			or diag "$r";
	} else {
		is($sent->{secret_id}, SECRET_ID, $name);
	}
	like($sent->{header_list} . " $sent->{verified}",
		qr/x-cos-copy-source.* 1\z/, "$name signed");
}

sub refused {
	my ($uri, $source, $name, %headers) = @_;
	$t->journal_clear;
	my $r = http_put($uri, '', %headers,
		defined $source ? ('x-cos-copy-source' => $source) : ());
	like($r->status, qr/\A40[03]\z/, "$name refused");
	is(scalar(my @sent = $t->journal), 0, "$name not sent");
}
