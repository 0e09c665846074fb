#!/usr/bin/perl

# Tests for the official Node.js SDK as a client, its own signature replaced.

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

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos())->plan(67);

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
        server_name  *.cos.example.com;

        location / {
            cos_pass host_style;
            proxy_request_buffering off;
        }
    }
}

EOC

$t->run();

my $file = join '', map { pack 'N', $_ * 2654435761 % 4294967296 }
	1 .. 800000;
my $content = "content of \xe4\xb8\xad\xe6\x96\x87";

$t->write_file('file.bin', $file);
my $got = Node::run($t, 'client.js', { address => '127.0.0.1:'
	. $t->port(8080), dir => $t->testdir, file => $t->path('file.bin') });

for my $style (qw/ path host /) {
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
	$is->('sliceUploadFile', @ok);
	$is->('getObject slices', @ok, length => length $file,
		md5 => md5_hex($file));
	$is->('uploadPartCopy', @ok);
	$is->('multipartAbort', status => '204 ');
	$is->('deleteObject', status => '204 ');
	$is->('deleted', status => '404 404');
	$is->('deleteMultipleObject', @ok);
	$is->('missing', status => '404 NoSuchKey', id => 1);

	# the SDK reads our errors as it reads those of COS

	$is->('getBucketAcl', status => '403 AccessDenied', id => 1);
	$is->('putObject acl', status => '403 AccessDenied', id => 1);
	$is->('other bucket', status => '404 NoSuchBucket', id => 1);

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
cmp_ok(scalar(grep { $_->{operation} eq 'UploadPart' } @sent), '>=', 8,
	'in several parts');
is(scalar(grep { $_->{target} =~ /acl/ } @sent), 0,
	'nothing refused sent');
is(join('|', map { COS::XML::elements($_->{xml}, 'Key') }
	grep { $_->{target} =~ /delete/ } @sent), join('|', map { ("$_/none",
	"$_/&lt;&amp;&gt; \xe4\xb8\xad") } qw/ path host /), 'keys deleted');

# a presigned URL, and none of it reaches COS

like($got->{url}{url}, qr/q-ak=AKIDdummy.*x-cos-security-token=dummy-token/,
	'presigned');
is($got->{fetched}{status}, 200, 'presigned fetched');
is($sent[-1]{target}, '/path/empty', 'presigned target');

###############################################################################
