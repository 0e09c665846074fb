#!/usr/bin/perl

# Tests for multipart uploads through path_style.

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

my $t = Test::COS->new()->needs_cos()->plan(35);

$t->cos();

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

    client_max_body_size 0;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass  path_style;
            cos_allow write;
        }

        location /read/ {
            cos_pass path_style;
        }

        location /list/ {
            cos_pass  path_style;
            cos_allow list;
        }
    }
}

EOC

$t->run();

###############################################################################

my $uri = '/img/dir/%E5%A4%A7%20b+c.bin';
my $key = "dir/\xe5\xa4\xa7 b+c.bin";

# initiate

my $r = http_post("$uri?uploads", '', 'Content-Type' => 'image/png',
	'x-cos-meta-name' => 'a b');
is($r->status, 200, 'initiate');
is(COS::XML::element($r->body, 'Key'), $key, 'initiate key');
my $id = COS::XML::element($r->body, 'UploadId');
like($id, qr/\A\S+\z/, 'upload id');

# two parts

my @part = ('a' x 100000, "\0\xff+b" x 5);
my @etag;
for my $n (1, 2) {
	$r = http_put("$uri?partNumber=$n&uploadId=$id", $part[$n - 1]);
	is($r->status, 200, "part $n");
	push @etag, $r->header('etag');
}
$r = http_put("$uri?uploadId=$id&partNumber=2", $part[1]);
is($r->header('etag'), $etag[1], 'part again, parameters in another order');

# list

$r = http_get("$uri?uploadId=$id&max-parts=1&encoding-type=url");
is($r->status, 200, 'list parts');
is(join(' ', map { COS::XML::element($r->body, $_) } qw/ PartNumber
	IsTruncated NextPartNumberMarker /), '1 true 1', 'first part');
$r = http_get("$uri?uploadId=$id&part-number-marker=1");
is(join(' ', COS::XML::elements($r->body, 'PartNumber')), '2', 'second part');

$r = http_get('/list/img/?uploads');
is(COS::XML::element($r->body, 'UploadId'), $id, 'list uploads');
is(http_get('/img/?uploads')->status, 403, 'list uploads is not write');

# complete

my $xml = '<CompleteMultipartUpload>' . join('', map { '<Part><PartNumber>'
	. "$_</PartNumber><ETag>$etag[$_ - 1]</ETag></Part>" } 1, 2)
	. '</CompleteMultipartUpload>';
$r = http_post("$uri?uploadId=$id", $xml =~ s/$etag[0]/"none"/r,
	'Content-Type' => 'application/xml');
is($r->status . ' ' . $r->code, '400 InvalidPart', 'complete, wrong part');
$r = http_post("$uri?uploadId=$id", $xml, 'Content-Type' => 'application/xml');
is($r->status, 200, 'complete');
like(COS::XML::element($r->body, 'ETag'), qr/-2"\z/, 'etag of two parts');

is($t->store_get('images-1250000000', $key), join('', @part), 'stored');
$r = http_get("/read$uri");
is($r->md5, Digest::MD5::md5_hex(@part), 'read');
is($r->header('content-type') . $r->header('x-cos-meta-name'), 'image/pnga b',
	'headers of initiate');

# abort

$r = http_post("$uri?uploads=", '');
$id = COS::XML::element($r->body, 'UploadId');
http_put("$uri?partNumber=1&uploadId=$id", 'x');
is(http_delete("$uri?uploadId=$id")->status, 204, 'abort');
is(http_get("$uri?uploadId=$id")->code, 'NoSuchUpload', 'aborted');
is($t->store_get('images-1250000000', $key), join('', @part), 'object stays');

# every one of them signed, with all that it says

my @sent = $t->journal;
is_deeply([grep { !$_->{verified} } @sent], [], 'all verified');
is_deeply([grep { $_->{operation} !~ /ListMulti/ && $_->{key_hex}
	ne unpack 'H*', $key } @sent], [], 'the same key in all');
my %seen;
my @distinct = grep { !$seen{$_}++ } map { "$_->{operation} $_->{param_list}" }
	@sent;
is($distinct[0], 'InitiateMultipartUpload uploads', 'signed: initiate');
is($distinct[1], 'UploadPart partnumber;uploadid', 'signed: part');
is($distinct[2], 'ListParts encoding-type;max-parts;uploadid',
	'signed: list parts');
like($sent[0]{header_list}, qr/content-type.*host.*x-cos-meta-name/,
	'signed headers');
unlike(join(' ', map { $_->{header_list} } @sent), qr/content-length/,
	'length is not signed');

# what is not an upload

$t->journal_clear;
is(http_delete($uri)->status, 403, 'delete is not abort');
is(http_delete("$uri?uploadId=$id&versionId=1")->status, 403,
	'nor of a version');
is(http_get($uri)->status, 403, 'read is not list parts');
is(http_put("$uri?partNumber=1", 'x')->status, 403, 'part of nothing');
is(http_put("$uri?uploadId=$id", 'x')->status, 403, 'part without a number');
is(http_get("/read$uri?uploadId=$id")->status, 403, 'list parts is not read');
is(http_put("/list$uri?partNumber=1&uploadId=$id", 'x')->status, 403,
	'part is not list');
is(scalar(my @none = $t->journal), 0, 'not sent');
