#!/usr/bin/perl

# Tests for listing, append, tags, ACLs, restore, select: passed as they are.

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

my $t = Test::COS->new()->needs_cos()->plan(53);

$t->cos();
$t->store_put('images-1250000000', $_, "key $_") for 'a b', 'a/1', 'a/2+3',
	"b/\xe4\xb8\xad", 'c<&>';

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
            cos_pass  images-1250000000;
            cos_allow read write list GetObjectTagging PutObjectTagging
                      DeleteObjectTagging GetObjectACL PutObjectACL
                      SelectObjectContent PostObjectRestore GetBucketLocation
                      GetBucketCORS PutBucketCORS acl;
        }

        location /default/ {
            cos_pass images-1250000000;
        }
    }
}

EOC

$t->run();

###############################################################################

# a listing comes through byte for byte

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';

for my $query ('', 'prefix=a', 'prefix=a%2F&delimiter=/', 'delimiter=%2f',
	'max-keys=2&marker=a%20b', 'encoding-type=url', 'prefix=b/%e4%b8%ad',
	'prefix=c<%26>', 'prefix=a&delimiter=/&marker=a%2F&max-keys=1'
	. '&encoding-type=url', 'versions', 'versions&prefix=a/&delimiter=&max-keys=1'
	. '&key-marker=a/1&version-id-marker=null&encoding-type=url',
	'uploads&prefix=a&delimiter=/&max-uploads=1&key-marker=a'
	. '&upload-id-marker=x&encoding-type=url')
{
	my $r = http_get("/?$query");
	my $direct = http_request(uri => '/?' . ($query =~ s/</%3C/r
		=~ s/>/%3E/r), host => $host, sign => 1, port => 8081);
	is($r->body, $direct->body, "listing $query");
	is(($t->journal)[-2]{verified} . $r->header('content-type'),
		'1application/xml', "listing $query signed");
}
like(http_get('/?prefix=a/')->body, qr!<Key>a/1</Key>.*<Key>a/2\+3</Key>!,
	'keys');
is(http_head('/')->header('x-cos-bucket-region'), 'ap-guangzhou', 'head');
like(http_get('/?location')->body, qr/ap-guangzhou/, 'location');

# an error of COS, too

my $r = http_get('/none');
is($r->code, 'NoSuchKey', 'error');
is($r->header('x-cos-request-id'), ($t->journal)[-1]{request_id},
	'request id of COS');

# append

$r = http_post('/log?append&position=0', 'one');
is($r->header('x-cos-next-append-position'), 3, 'append');
is(http_post('/log?append=&position=3', ' two')->status, 200, 'append more');
is(http_post('/log?append&position=3', 'x')->code, 'PositionNotEqualToLength',
	'append elsewhere');
is($t->store_get('images-1250000000', 'log'), 'one two', 'appended');
is(($t->journal)[-1]{param_list}, 'append;position', 'append signed');

# tags and ACLs by their actions

my $tags = '<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet>'
	. '</Tagging>';
is(http_put('/a/1?tagging', $tags, 'Content-Type' => 'application/xml',
	'Content-MD5' => MIME::Base64::encode_base64(Digest::MD5::md5($tags),
	''))->status, 200, 'put tagging');
is(http_get('/a/1?tagging')->body, $tags, 'get tagging');
like(($t->journal)[-2]{header_list}, qr/content-md5;content-type/,
	'digest signed');
is(http_delete('/a/1?tagging')->status, 204, 'delete tagging');
is(http_put('/a/1?acl', '', 'x-cos-acl' => 'public-read')->status, 200,
	'put acl');
like(http_get('/a/1?acl')->body, qr/AllUsers/, 'get acl');

is(http_put('/?cors', '<CORSConfiguration/>')->status, 200, 'put cors');
is(http_get('/?cors')->body, '<CORSConfiguration/>', 'get cors');

# select answers with what is not XML

$t->journal_clear;
my $select = '<SelectRequest><Expression>Select * from COSObject</Expression>'
	. '</SelectRequest>';
like(http_post('/a/1?select&select-type=2', $select, 'Content-Type' =>
	'application/xml')->body, qr/:message-type.*Records.*key a\/1\0{4}\z/s,
	'select');
is(join(' ', map { "$_->{method} $_->{target} $_->{verified}" } $t->journal),
	'POST /a/1?select&select-type=2 1', 'select sent');
is(http_post('/none?select&select-type=2', $select)->code, 'NoSuchKey',
	'select of nothing');

# restore

$t->store_put('images-1250000000', 'cold', 'x',
	'x-cos-storage-class' => 'ARCHIVE');
my $restore = '<RestoreRequest><Days>3</Days><CASJobParameters><Tier>Standard'
	. '</Tier></CASJobParameters></RestoreRequest>';
is(http_post('/cold?restore', $restore)->status, 202, 'restore');
is(($t->journal)[-1]{xml}, $restore, 'restore sent');
is(http_post('/cold?restore&versionId=MTg0', $restore)->status, 202,
	'restore of a version');
is(($t->journal)[-1]{param_list}, 'restore;versionid', 'restore signed');
is(http_post('/a/1?restore', $restore)->code, 'InvalidObjectState',
	'nothing to restore');

# none of it by default

$t->journal_clear;
my @status = (map({ http_get("/default/$_")->status } '', '?prefix=a',
	'?location', 'a/1?tagging', 'a/1?acl'),
	map { http_post("/default/a/1?$_", '')->status } 'append&position=0',
	'select&select-type=2', 'restore');
is("@status", join(' ', (403) x 8), 'default');
is(scalar(my @none = $t->journal), 0, 'default not sent');
is_deeply([grep { !$_->{verified} } $t->journal], [], 'all verified');
