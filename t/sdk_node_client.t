#!/usr/bin/perl

# Tests for the official Node.js SDK as a client, old versions and new ones, the
# signature of each replaced.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib', 'sdk';
use Node;
use Test::COS;

use Digest::MD5 qw/ md5_hex /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos());

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write list delete copy response_override;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass path_style;
        }
    }

    server {
        listen       127.0.0.1:8080;
        server_name  *.cos.example.com *.cos.ap-guangzhou.myqcloud.com;

        location / {
            cos_pass host_style;
            proxy_request_buffering off;
        }
    }

    server {
        listen       127.0.0.1:8080;
        server_name  photos.example.com;

        location / {
            cos_pass images-1250000000;
        }
    }
}

EOC

$t->run();

my $file = join '', map { pack 'N', $_ * 2654435761 % 4294967296 }
	1 .. 550000;
my $content = "content of \xe4\xb8\xad\xe6\x96\x87";

$t->write_file('file.bin', $file);

# how a client finds us

my $port = $t->port(8080);
my %path = (Domain => "127.0.0.1:$port/{Bucket}");
my %host = (Domain => '{Bucket}.cos.example.com', Ip => "127.0.0.1:$port");
my @clients = (
	['path', '', %path],
	['host', '', %host],
	['one', '', Domain => "photos.example.com:$port"],
	['proxy', '', Proxy => "http://127.0.0.1:$port"],
	['old path', '-2-12', Domain => "127.0.0.1:$port", ForcePathStyle => \1],
	['oldest one', '-2-9', Domain => "photos.example.com:$port"],
);

$t->plan(7 + 34 * @clients);

my $got = Node::run($t, 'client.js', { port => $port,
	dir => $t->testdir, file => $t->path('file.bin'), clients => [map {
		my ($name, $version, %options) = @$_;
		{ name => $name, sdk => "cos-nodejs-sdk-v5$version",
			options => \%options } } @clients] });

for my $style (map { $$_[0] } @clients) {
	my $key = "$style/\xe4\xb8\xad\xe6\x96\x87 +%&?#(1).txt";
	my $is = sub {
		my ($what, @expect) = @_;
		my $r = $got->{"$style $what"};
		is(join(' ', map { defined $r->{$_} ? $r->{$_} : '-' }
			'status', 'code', map { $expect[$_ * 2] } 1 .. @expect / 2 - 1),
			join(' ', map { $expect[$_ * 2 + 1] } 0 .. @expect / 2 - 1),
			"$style $what") or diag $r->{message};
	};
	my @ok = (status => '200 ');
	my %content = (length => length $content, md5 => md5_hex($content));

	$is->('putObject', @ok);
	$is->('headObject', @ok, type => 'text/plain; charset=utf-8',
		author => 'a b/c');
	$is->('getObject', @ok, %content);
	$is->('getObject range', status => '206 ', length => 7);
	$is->('getObject override', @ok, %content, type => 'text/x-other',
		disposition => 'attachment; filename="a b.txt"');
	$is->('getObject stream', @ok);
	$is->('streamed', @ok, length => length $content);
	$is->('putObject stream', @ok);
	$is->('putObject empty', @ok);
	$is->('putObjectCopy', @ok);
	$is->('getBucket', @ok);
	is(join("\n", @{$got->{"$style getBucket"}{keys} || []}),
		join("\n", map { "$style/$_" } qw/ copy empty stream /,
			"\xe4\xb8\xad\xe6\x96\x87 +%&?#(1).txt"), "$style list");
	$is->('uploadFile', @ok);
	$is->('sliceUploadFile', @ok);
	$is->('getObject slices', @ok, length => length $file,
		md5 => md5_hex($file));
	$is->('sliceCopyFile', @ok);
	$is->('uploadPartCopy', @ok);
	$is->('multipartAbort', status => '204 ');
	$is->('deleteMultipleObject', @ok);
	is(join("\n", @{$got->{"$style deleteMultipleObject"}{deleted} || []}),
		"$style/uploaded\n$style/&<\"'>\xc3\xa9", "$style list of deleted");
	$is->('deleteObject', status => '204 ');
	$is->('deleted', status => '404 404');
	$is->('missing', status => '404 NoSuchKey', id => 1);

	# the SDK reads our errors as it reads those of COS

	$is->('getBucketAcl', status => '403 AccessDenied', id => 1);
	$is->('putObject acl', status => '403 AccessDenied', id => 1);
	$is->('other bucket', $style =~ /one/ ? (status => '200 ')
		: (status => '404 NoSuchBucket', id => 1));
	$is->('getObjectUrl', @ok, %content);
	like($got->{"$style url"},
		qr/q-ak=AKIDdummy.*x-cos-security-token=dummy-token/, "$style url");

	# what is stored now

	ok($t->store_get('images-1250000000', $key) eq $content,
		"$style stored");
	ok($t->store_get('images-1250000000', "$style/stream") eq $file,
		"$style stream stored");
	ok($t->store_get('images-1250000000', "$style/slices \xc3\xa9") eq $file,
		"$style slices stored");
	is($t->store_get('images-1250000000', "$style/m"), 'content',
		"$style copied part stored");
	is($t->store_get('images-1250000000', "$style/copy"), undef,
		"$style deleted");
	is($t->store_get('images-1250000000', "$style/acl"), undef,
		"$style refused");
}

# the keys of the client are gone, and so is its token

my @sent = $t->journal;
my %ids = map { ($_->{secret_id} || '') => 1 } @sent;

is(scalar(grep { !$_->{verified} } @sent), 0, 'all verified');
is(join(' ', keys %ids), SECRET_ID, 'signed by us');
is(scalar(grep { grep { "@$_" =~ /dummy/i } @{$_->{headers}} } @sent), 0,
	'nothing of the client');
cmp_ok(scalar(grep { $_->{operation} eq 'UploadPart' } @sent), '>=',
	6 * @clients, 'in several parts');
is(scalar(grep { $_->{target} =~ /acl/ } @sent), 0, 'nothing refused sent');
is(join(' ', map { COS::XML::elements($_->{xml}, 'Key') }
	grep { $_->{target} =~ /delete/ } @sent), join(' ', map { ("$$_[0]/uploaded",
	"$$_[0]/&amp;&lt;\"'&gt;\xc3\xa9") } @clients), 'keys deleted');
is(scalar(grep { $_->{target} =~ /q-ak|token/ } @sent), 0, 'no presigned URL');

###############################################################################
