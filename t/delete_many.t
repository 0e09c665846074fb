#!/usr/bin/perl

# Tests for deletion of several objects in one request: COS gets a document
# that was written here, with the keys of the client.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use Digest::MD5 qw/ md5 /;
use MIME::Base64 qw/ encode_base64 /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos()->plan(58);

$t->cos(buckets => [
	{ name => 'images-1250000000', region => 'ap-guangzhou' },
	{ name => 'private-1250000000', region => 'local',
		path_hosts => ['cos.example.com'], path_style => 1 },
]);

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou alias=img protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket private-1250000000 local force_path_style protocol=http
               domain=cos.example.com endpoint=127.0.0.1:8081;

    cos_allow delete;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass path_style;
        }

        location /bucket/ {
            cos_pass images-1250000000;
        }

        location /files/ {
            client_body_buffer_size 1k;
            cos_pass images-1250000000;
        }

        location /unbuffered/ {
            proxy_request_buffering off;
            cos_pass images-1250000000;
        }

        location /versions/ {
            cos_pass  images-1250000000;
            cos_allow DeleteMultipleObjects DeleteObjectVersion;
        }

        location /cache/ {
            proxy_cache one;
            proxy_cache_valid 1h;
            proxy_cache_methods POST;
            cos_pass images-1250000000;
        }

        location /own/ {
            cos_sign unless_signed;
            cos_pass images-1250000000;
        }

        location /type/ {
            cos_sign_headers content-type x-a;
            cos_pass images-1250000000;
        }
    }

    server {
        listen       127.0.0.1:8080;
        server_name  *.files.example.com;

        location / {
            cos_pass host_style;
        }
    }
}

EOC

$t->run();

###############################################################################

my $head = qq(<?xml version="1.0" encoding="UTF-8"?><Delete><Quiet>);

# the body as clients write it, and as it is sent

put('a', 'dir/b & <c>', "\xe4\xb8\xad", 'kept');

my $body = "<?xml version='1.0' encoding='utf-8'?>\n<Delete xmlns='x:y'>\n"
	. "  <Object><Key>a</Key></Object>\n"
	. "  <Object>\n<Key>dir/b &amp; <![CDATA[<c>]]></Key></Object>\n"
	. "  <Object><Key>&#x4e2d;</Key></Object> <!-- -->\n"
	. "  <Quiet>false</Quiet>\n</Delete>\n";
my $sent = "${head}false</Quiet><Object><Key>a</Key></Object>"
	. '<Object><Key>dir/b &amp; &lt;c&gt;</Key></Object>'
	. "<Object><Key>\xe4\xb8\xad</Key></Object></Delete>";

my $r = http_post('/images-1250000000/?delete', $body,
	'Content-Type' => 'text/plain; charset=gbk', 'Content-Encoding' => '',
	'Content-MD5' => encode_base64(md5($body), ''));
is($r->status, 200, 'deleted');
is(join('|', COS::XML::elements($r->body, 'Key')),
	"a|dir/b &amp; &lt;c&gt;|\xe4\xb8\xad", 'answer of COS');

my ($e, @more) = $t->journal;
is(scalar @more, 0, 'one request');
is($e->{verified}, 1, 'signed');
is("$e->{method} $e->{target}", 'POST /?delete', 'request');
is($e->{xml}, $sent, 'document');
is(header($e, 'content-md5'), encode_base64(md5($sent), ''), 'digest');
is(header($e, 'content-length'), length $sent, 'length');
is(header($e, 'content-type'), 'application/xml', 'type');
is(header($e, 'content-encoding'), '', 'no encoding');
is(header($e, 'transfer-encoding'), '', 'not chunked');
is($e->{header_list}, 'content-md5;content-type;host', 'digest signed');
is(objects(), 'kept', 'objects');

# in every addressing

for my $uri ('/img/?delete', '/bucket/?delete', '/images-1250000000?delete') {
	is(try_one($uri), '200 POST /?delete 1 ""', $uri);
}
is(try_one('/?delete', host => 'img.files.example.com'),
	'200 POST /?delete 1 ""', 'host style');
is(try_one('/private-1250000000/?delete', bucket => 'private-1250000000'),
	'200 POST /private-1250000000/?delete 1 ""', 'path style of COS');

# however the body comes: in pieces, in a file, without a length

put(map { "many/$_" } 1 .. 1000);
my $many = '<Delete>' . join('', map { "<Object><Key>many/$_</Key></Object>" }
	1 .. 1000) . '</Delete>';
$t->journal_clear;
$r = http_post('/files/?delete', $many);
is($r->status . ' ' . (() = $r->body =~ /<Deleted>/g), '200 1000',
	'a thousand, from a file');
is(objects(), '', 'a thousand deleted');
is(($t->journal)[-1]{verified}, 1, 'a thousand, signed');

for my $uri ('/files/?delete', '/unbuffered/?delete', '/bucket/?delete') {
	is(try_one($uri, chunked => 1), '200 POST /?delete 1 ""', "$uri chunked");
	is(try_one($uri, split => 1), '200 POST /?delete 1 ""',
		"$uri byte by byte");
	is(try_one($uri, wait_continue => 1), '200 POST /?delete 1 ""',
		"$uri 100-continue");
}

# on a connection that is kept, there is nothing left of it

put('x', 'y');
my $c = http_connect();
is(http_request(conn => $c, method => 'POST', uri => '/bucket/?delete',
	body => one('x'))->status, 200, 'first');
is(http_request(conn => $c, method => 'POST', uri => '/bucket/?delete',
	body => one('y'))->status, 200, 'second');
is(objects(), '', 'both');

# quiet, and a key that COS does not delete

put('locked');
$t->control({ locked => 'lock' });
$r = http_post('/bucket/?delete', '<Delete><Quiet>true</Quiet><Object><Key>'
	. 'x</Key></Object><Object><Key>locked</Key></Object></Delete>');
unlike($r->body, qr/<Deleted>/, 'quiet');
like($r->body, qr!<Error><Key>locked</Key><Code>AccessDenied<!, 'error');
$t->control({});

# versions only where they may be deleted

$t->journal_clear;
my $version = '<Delete><Object><Key>locked</Key><VersionId>MTg0&amp;</VersionId>'
	. '</Object></Delete>';
$r = http_post('/bucket/?delete', $version);
is($r->status . ' ' . $r->code, '403 AccessDenied', 'version refused');
is(scalar(() = $t->journal), 0, 'version not sent');
$r = http_post('/versions/?delete', $version);
is($r->status, 200, 'version');
is(($t->journal)[0]{xml}, "${head}false</Quiet><Object><Key>locked</Key>"
	. '<VersionId>MTg0&amp;</VersionId></Object></Delete>', 'version sent');

# nobody is answered with what others have deleted

put('one', 'two');
http_post('/cache/?delete', one('one'));
http_post('/cache/?delete', one('two'));
is(objects(), '', 'not cached');

# more headers to sign

put('own');
$t->journal_clear;
$r = http_post('/type/?delete', one('own'), 'X-A' => 'b',
	'Content-Type' => 'x/y');
is($r->status, 200, 'more headers signed');
is(($t->journal)[0]{header_list}, 'content-md5;content-type;host;x-a',
	'and verified');

# what the client has signed is checked, and sent as it was signed

put('own', 'other');
$body = "<Delete>\n<Object><Key>own</Key></Object></Delete>";
is(own($body)->status, 200, 'signed by the client');
($e) = $t->journal;
is($e->{xml}, $body, 'signed by the client, its own document');
like($e->{header_list}, qr/\Acontent-length;content-md5;/,
	'signed by the client, its own signature');
is(objects(), 'other', 'signed by the client, deleted');
$t->journal_clear;
is(own($version)->code, 'AccessDenied', 'signed by the client, version');
is(own('<Delete/>')->code, 'MalformedXML', 'signed by the client, no keys');
is(scalar(() = $t->journal), 0, 'signed by the client, not sent');

# an error of COS is passed as it is

$t->control({ rules => [{ operation => 'DeleteMultipleObjects',
	status => 503, code => 'SlowDown', times => 1 }] });
is(http_post('/bucket/?delete', one('z'))->code, 'SlowDown', 'error of COS');

# what others might do does not change

is(try_one('/bucket/?delete='), '200 POST /?delete= 1 ""', 'empty value');
is(http_get('/bucket/?delete')->status, 403, 'GET');
is(http_put('/bucket/?delete', one('z'))->status, 403, 'PUT');
is(http_post('/bucket/z?delete', one('z'))->status, 403, 'of an object');
is(http_post('/bucket/?delete&uploads', one('z'))->status, 403, 'and more');
is(http_post('/bucket/?Delete', one('z'))->status, 403, 'case');
is(http_post('/none/?delete', one('z'))->status, 404, 'no such bucket');
is_deeply([grep { !$_->{verified} } $t->journal], [], 'all verified');

###############################################################################

sub put {
	my (@keys) = @_;
	$t->store_put('images-1250000000', $_, 'x') for @keys;
	$t->journal_clear;
}

sub one {
	return "<Delete><Object><Key>$_[0]</Key></Object></Delete>";
}

# signed for the address that COS has

sub own {
	my ($body) = @_;
	my @headers = (['Host', 'images-1250000000.cos.ap-guangzhou.myqcloud.com'],
		['Content-Length', length $body],
		['Content-MD5', encode_base64(md5($body), '')]);
	my $signed = COS::Signature::sign(secret_id => SECRET_ID,
		secret_key => SECRET_KEY, method => 'POST', target => '/?delete',
		headers => \@headers, header_list => [map { lc $_->[0] } @headers]);
	return http_request(method => 'POST', uri => '/own/?delete',
		body => $body, headers => [@headers,
			['Authorization', $signed->{authorization}]]);
}

sub objects {
	return join ' ', $t->store->list_keys($_[0] || 'images-1250000000');
}

sub header {
	my ($entry, $name) = @_;
	return join ',', map { $_->[1] } grep { lc $_->[0] eq $name }
		@{$entry->{headers}};
}

sub try_one {
	my ($uri, %a) = @_;

	my $bucket = delete $a{bucket} || 'images-1250000000';
	for ($t->store->list_keys($bucket)) {
		$t->store->delete($bucket, $_);
	}
	$t->store_put($bucket, 'k', 'x');
	$t->journal_clear;

	my $body = one('k');
	my @bytes = split //, $body;
	my $r = http_request(method => 'POST', uri => $uri,
		delete $a{split} ? (body => sub { @bytes ? shift @bytes : '' },
			length => length $body) : (body => $body), %a);
	my ($e) = $t->journal;
	return $r->status . " $e->{method} $e->{target} $e->{verified} \""
		. objects($bucket) . '"';
}

###############################################################################
