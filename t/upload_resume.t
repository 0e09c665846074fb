#!/usr/bin/perl

# Tests for multipart uploads that are interrupted: found again, and completed.

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

my $t = Test::COS->new()->needs_cos()->plan(50);

$t->cos();
$t->store_put('images-1250000000', 'pub/source', 'ABCDEFGH');

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou alias=img protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow write copy ListMultipartUploads;
    client_max_body_size 0;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass path_style;
        }

        location /files/ {
            cos_pass images-1250000000/pub/;
        }

        location /unbuffered/ {
            proxy_request_buffering off;
            cos_pass images-1250000000/pub/;
        }
    }
}

EOC

$t->run();

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my $name = '%E5%A4%A7%20b.bin';
my $part = 'x' x 200000;

# location, the prefix of the keys in it, what is missing of the real ones

for (['/img/', 'pub/', ''], ['/files/', '', 'pub/'],
	['/unbuffered/', '', 'pub/'])
{
	my ($uri, $dir, $prefix) = @$_;
	my $file = "$uri$dir$name";
	my $key = "pub/\xe5\xa4\xa7 b.bin";
	my $shown = substr $key, length $prefix;

	$t->journal_clear;

	# a part arrives, the next one breaks off

	my $r = http_post("$file?uploads", '', 'Content-Type' => 'video/mp4');
	is($r->status, 200, "$uri initiate");
	my $id = COS::XML::element($r->body, 'UploadId');
	is(http_put("$file?partNumber=1&uploadId=$id", $part)->status, 200,
		"$uri part");

	my $n = 0;
	my $c = http_connect();
	$c->request(method => 'PUT', uri => "$file?partNumber=2&uploadId=$id",
		headers => { Host => 'h' }, body => sub { $n++ < 9 ? $part : '' },
		length => 9 * length $part, abort_after => 3 * length $part);
	$t->wait_until(sub { $t->access_log =~ /partNumber=2&uploadId=$id/ });

	# another client, which knows the name of the file alone

	$r = http_get("$uri?uploads&prefix=" . $dir . $name
		. '&encoding-type=url&max-uploads=10');
	is($r->status, 200, "$uri list of uploads");
	is(join('|', map { COS::XML::elements($r->body, $_) } qw/ Key UploadId
		Prefix /), join('|', COS::Signature::escape($shown)
		=~ s!%2F!/!gr, $id, COS::Signature::escape($shown) =~ s!%2F!/!gr),
		"$uri upload found");

	$r = http_get("$file?uploadId=$id");
	is($r->status, 200, "$uri list of parts");
	is(join('|', map { COS::XML::elements($r->body, $_) } qw/ PartNumber
		Size /), '1|200000', "$uri part found");
	my @etag = (COS::XML::element($r->body, 'ETag'));

	# the rest, one of it from another object

	$r = http_put("$file?partNumber=2&uploadId=$id", 'second');
	is($r->status, 200, "$uri next part");
	push @etag, $r->header('etag');
	$r = http_put("$file?partNumber=3&uploadId=$id", '',
		'x-cos-copy-source' => "$host/pub/source",
		'x-cos-copy-source-range' => 'bytes=2-4');
	is($r->status, 200, "$uri copied part");
	push @etag, COS::XML::element($r->body, 'ETag');

	$r = http_post("$file?uploadId=$id", '<CompleteMultipartUpload>'
		. join('', map { "<Part><PartNumber>$_</PartNumber><ETag>"
			. "$etag[$_ - 1]</ETag></Part>" } 1 .. 3)
		. '</CompleteMultipartUpload>', 'Content-Type' => 'application/xml');
	is($r->status, 200, "$uri complete");
	ok($t->store_get('images-1250000000', $key) eq "${part}secondCDE",
		"$uri stored");
	is($t->store->head('images-1250000000', $key)->{headers}{'content-type'},
		'video/mp4', "$uri type");

	# nothing of it is left

	$r = http_get("$uri?uploads&prefix=");
	is(COS::XML::element($r->body, 'UploadId'), undef, "$uri done");
	is(http_get("$file?uploadId=$id")->code, 'NoSuchUpload',
		"$uri no such upload");

	# every request signed, that of the broken part included

	my @sent = $t->journal;
	is_deeply([grep { !$_->{verified} } @sent], [], "$uri all verified");
	my %operations = map { $_->{operation} => 1 } @sent;
	is(join(' ', sort keys %operations), 'CompleteMultipartUpload '
		. 'InitiateMultipartUpload ListMultipartUploads ListParts UploadPart '
		. 'UploadPartCopy', "$uri operations");
	$t->store->delete('images-1250000000', $key);
}

# parts page by page, and what is left of an upload is removed

my $id = COS::XML::element(http_post('/files/a?uploads', '')->body, 'UploadId');
http_put("/files/a?partNumber=$_&uploadId=$id", "part $_") for 3, 10000, 1;
my $r = http_get("/files/a?uploadId=$id&max-parts=2");
is(join('|', COS::XML::elements($r->body, 'PartNumber'),
	COS::XML::element($r->body, 'NextPartNumberMarker')), '1|3|3', 'parts');
$r = http_get("/files/a?uploadId=$id&max-parts=2&part-number-marker=3");
is(join('|', COS::XML::elements($r->body, 'PartNumber')), '10000',
	'rest of the parts');
is(http_delete("/files/a?uploadId=$id")->status, 204, 'abort');
is(COS::XML::element(http_get('/files/?uploads&prefix=')->body, 'UploadId'),
	undef, 'aborted');
is($t->store_get('images-1250000000', 'pub/a'), undef, 'no object');

###############################################################################
