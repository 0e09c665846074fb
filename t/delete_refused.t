#!/usr/bin/perl

# Tests for deletion of several objects: what is refused, and never sent.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use Digest::MD5 qw/ md5_base64 /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs_cos();

$t->cos();
$t->write_file('secret.txt', 'k');

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

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass  images-1250000000;
            cos_allow delete;
        }

        location /prefix/ {
            cos_pass  images-1250000000/p/;
            cos_allow delete;
        }

        location ~ ^/key/(.*)$ {
            cos_pass  images-1250000000/$1;
            cos_allow delete;
        }

        location /default/ {
            cos_pass images-1250000000;
        }

        location /object/ {
            cos_pass  images-1250000000;
            cos_allow read write list DeleteObject DeleteObjectVersion;
        }

        location /limit/ {
            client_max_body_size 100;
            cos_pass  images-1250000000;
            cos_allow delete;
        }

        location /page/ {
            cos_pass  images-1250000000;
            cos_allow delete;
            error_page 400 = @page;
        }

        location @page {
            return 200 "page\n";
        }
    }
}

EOC

my $file = 'file://' . $t->path('secret.txt');
my $ok = '<Delete><Object><Key>k</Key></Object></Delete>';

# body, code, name

my @bodies = (
	['', 'MissingRequestBodyError', 'empty'],
	['hello', 'MalformedXML', 'text'],
	['{"Object":[{"Key":"k"}]}', 'MalformedXML', 'JSON'],
	['<Remove><Object><Key>k</Key></Object></Remove>', 'MalformedXML',
		'another root'],
	['<Delete></Delete>', 'MalformedXML', 'no keys'],
	[object(''), 'MalformedXML', 'empty key'],
	['<Delete><Object><Key>k</Key><Key>x</Key></Object></Delete>',
		'MalformedXML', 'two keys in an object'],
	['<Delete><Object><Key>k</Key></Object><Prefix>/</Prefix></Delete>',
		'MalformedXML', 'unknown element'],
	["<!DOCTYPE d [<!ENTITY e SYSTEM '$file'>]>" . object('&e;'),
		'MalformedXML', 'external entity'],
	['<!DOCTYPE d [<!ENTITY a "k"><!ENTITY b "&a;&a;">]>' . object('&b;'),
		'MalformedXML', 'entities'],
	["<!DOCTYPE d SYSTEM '$file'>$ok", 'MalformedXML', 'external subset'],
	['<?xml-stylesheet href="x"?>' . $ok, 'MalformedXML', 'instruction'],
	['<?xml version="1.0" encoding="GBK"?>' . $ok, 'MalformedXML', 'GBK'],
	["\xff\xfe" . $ok =~ s/(.)/$1\0/gr, 'MalformedXML', 'UTF-16'],
	[object("\xff"), 'MalformedXML', 'not UTF-8'],
	["$ok$ok", 'MalformedXML', 'two documents'],
	["$ok\0", 'MalformedXML', 'zero byte behind'],
	[substr($ok, 0, -3), 'MalformedXML', 'truncated'],
	["\x1f\x8b\x08\0" . $ok, 'MalformedXML', 'compressed'],
	['<Delete>' . '<Object><Key>k</Key></Object>' x 1001 . '</Delete>',
		'MalformedXML', '1001 keys'],
	['<Delete' . ' a=""' x 400000 . "/>$ok", 'MalformedXML', 'attributes'],
	[(' ' x 2097152) . $ok, 'MalformedXML', 'large'],

	# keys are checked as those of the path are

	[object('/k'), 'InvalidArgument', 'leading slash'],
	[object('\\k'), 'InvalidArgument', 'leading backslash'],
	[object('//'), 'InvalidArgument', 'slashes'],
	[object('..'), 'InvalidArgument', 'dots'],
	[object('../k'), 'InvalidArgument', 'dot segment'],
	[object('a/../../k'), 'InvalidArgument', 'dot segments within'],
	[object('a/.'), 'InvalidArgument', 'dot segment at the end'],
	[object("a\tb"), 'InvalidArgument', 'tab'],
	[object("\nk\n"), 'InvalidArgument', 'line breaks'],
	[object('a&#13;b'), 'InvalidArgument', 'escaped carriage return'],
	[object('a&#x7f;b'), 'InvalidArgument', 'escaped delete'],
	[object('x' x 851), 'KeyTooLong', 'long key'],
	['<Delete><Object><Key>k</Key></Object><Object><Key>../k</Key></Object>'
		. '</Delete>', 'InvalidArgument', 'one of two'],
);

$t->plan(4 * @bodies + 32);
$t->store_put('images-1250000000', $_, 'x') for 'k', 'p/k', 'prefix/k';
$t->run();

###############################################################################

for (@bodies) {
	my ($body, $code, $name) = @$_;
	for my $uri ('/?delete', '/prefix/?delete') {
		for my $chunked (0, 1) {
			my $r = http_request(method => 'POST', uri => $uri, body => $body,
				chunked => $chunked);
			is($r->status . ' ' . ($r->code || ''), "400 $code",
				"$uri $name" . ($chunked ? ', chunked' : ''));
		}
	}
}

# PREFIX counts

my $r = http_post('/prefix/?delete', object('x' x 849));
is($r->code, 'KeyTooLong', 'too long with PREFIX');

# the digest that the client gives is of the body that it sends

for (['another', md5_base64('x') . '=='], ['not one', 'x'], ['empty', '']) {
	my ($name, $md5) = @$_;
	$r = http_post('/?delete', $ok, 'Content-MD5' => $md5);
	is($r->status . ' ' . ($r->code || ''), '400 BadDigest', "digest, $name");
}
$r = http_request(method => 'POST', uri => '/?delete', body => $ok,
	headers => [['Content-MD5', md5_base64($ok) . '=='],
		['content-md5', md5_base64('x') . '==']]);
is($r->status . ' ' . $r->code, '400 InvalidArgument', 'two digests');

# without a body at all

is(http("POST /?delete HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")->code,
	'MissingRequestBodyError', 'no body');

# an announced size is not waited for

my $c = http_connect();
$c->send("POST /?delete HTTP/1.1\r\nHost: h\r\nContent-Length: 2097153\r\n\r\n");
is($c->read_response(method => 'POST')->code, 'MalformedXML', 'announced');
$c->close;

is(http_post('/limit/?delete', object('x' x 100))->status, 413,
	'client_max_body_size');
is(http_request(method => 'POST', uri => '/limit/?delete', chunked => 1,
	body => object('x' x 100))->status, 413, 'client_max_body_size, chunked');
is(http_post('/page/?delete', '<x>')->body, "page\n", 'error_page');

# a client that goes away

$c = http_connect();
$c->send("POST /?delete HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n$ok");
$c->close;
$c = http_connect();
$c->send("POST /?delete HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
	. "\r\n5\r\n<Dele\r\nzz");
is($c->read_response(method => 'POST')->status, 400, 'bad chunk');
$c->close;

# where it is not allowed, or is something else

for (['/default/', 403], ['/object/', 403], ['/key/', 400], ['/key/k', 403],
	['/prefix', 301], ['/prefix/k', 403], ['/k', 403])
{
	my ($uri, $status) = @$_;
	is(http_post("$uri?delete", $ok)->status, $status, "not in $uri");
}
for my $query ('delete&x', 'delete&versionId=1', 'delete&prefix=k', 'Delete',
	'delete&delete', 'delete&uploads')
{
	like(http_post("/?$query", $ok)->status, qr/\A40[03]\z/, $query);
	like(http_post("/prefix/?$query", $ok)->status, qr/\A40[03]\z/,
		"$query with PREFIX");
}

is(join(' ', map { $_->{target} } $t->journal), '', 'nothing sent');
is(join(' ', $t->store->list_keys('images-1250000000')), 'k p/k prefix/k',
	'nothing deleted');

###############################################################################

sub object {
	my ($key) = @_;
	return "<Delete><Object><Key>$key</Key></Object></Delete>";
}

###############################################################################
