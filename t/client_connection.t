#!/usr/bin/perl

# Tests for connections of clients: HTTP/1.0, keep-alive, pipelined requests,
# chunked bodies, "Expect: 100-continue".

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

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(41);

$t->cos();
$t->store_put("$_-1250000000", 'a.txt', "of $_") for qw/ images videos /;

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou alias=images protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai alias=videos protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass path_style;
        }

        location /unbuffered/ {
            proxy_request_buffering off;
            cos_pass images-1250000000/;
        }
    }
}
EOC

$t->run();

###############################################################################

# HTTP/1.0, with Host and without

my $r = http("GET /images/a.txt HTTP/1.0\nHost: localhost\n\n");
is($r->status . $r->body, '200of images', 'http/1.0');
$r = http("GET /videos/a.txt HTTP/1.0\n\n");
is($r->status . $r->body, '200of videos', 'http/1.0 without host');
$r = http("PUT /images/b.txt HTTP/1.0\nContent-Length: 4\n\nbody");
is($r->status, 200, 'http/1.0 put');
is($t->store_get('images-1250000000', 'b.txt'), 'body',
	'http/1.0 put, stored');
$r = http("HEAD /images/nope HTTP/1.0\n\n", method => 'GET');
is($r->status . $r->body, '404', 'http/1.0 head');
$r = http("DELETE /images/a.txt HTTP/1.0\n\n");
like($r->body, qr/AccessDenied/, 'http/1.0 refused');
is(sent(), 'images GET /a.txt, videos GET /a.txt, images PUT /b.txt,'
	. ' images HEAD /nope', 'http/1.0, sent');

# an absolute address

$r = http("GET http://example.com/images/a.txt HTTP/1.1\nHost: other\n"
	. "Connection: close\n\n");
is($r->status . $r->body, '200of images', 'absolute address');
is(sent(), 'images GET /a.txt', 'absolute address, sent');

# one connection, one after the other: nothing of a request stays behind

my $c = http_connect();
my @of = ([GET => '/images/a.txt', 200, 'of images'],
	[GET => '/videos/a.txt', 200, 'of videos'],
	[HEAD => '/images/a.txt', 200, ''],
	[GET => '/images/nope', 404, qr/NoSuchKey/],
	[DELETE => '/images/a.txt', 403, qr/AccessDenied/],
	[GET => '/nope/a.txt', 404, qr/NoSuchBucket/],
	[PUT => '/videos/b.txt', 200, ''],
	[GET => '/videos/b.txt', 200, 'body'],
	[GET => '/images/a.txt', 200, 'of images']);

for my $of (@of) {
	my ($method, $uri, $status, $body) = @$of;
	my $r = http_request(method => $method, uri => $uri, conn => $c,
		$method eq 'PUT' ? (body => 'body', headers => {
		'x-cos-meta-a' => 'b', 'Content-Type' => 'a/b' }) : ());
	ok($r->status == $status && (ref $body ? $r->body =~ $body
		: $r->body eq $body), "kept, $method $uri") or diag $r;
}
my @j = $t->journal;
is(join(' ', map { $_->{header_list} } @j), join(' ', ('host') x 4,
	'content-type;host;x-cos-meta-a', 'host', 'host'), 'kept, signed');
is(sent(), 'images GET /a.txt, videos GET /a.txt, images HEAD /a.txt,'
	. ' images GET /nope, videos PUT /b.txt, videos GET /b.txt,'
	. ' images GET /a.txt', 'kept, sent');
$c->close;

# all at once

my @r = http("GET /images/a.txt HTTP/1.1\nHost: a\n\n"
	. "GET /videos/a.txt HTTP/1.1\nHost: b\nx-cos-meta-a: b\n\n"
	. "PUT /images/p.txt HTTP/1.1\nHost: c\nContent-Length: 4\n\nbody"
	. "DELETE /images/a.txt HTTP/1.1\nHost: d\n\n"
	. "PUT /videos/p.txt HTTP/1.1\nHost: e\nTransfer-Encoding: chunked\n\n"
	. "3\r\nbod\r\n1\r\ny\r\n0\r\n\r\n"
	. "GET /images/p.txt HTTP/1.1\nHost: f\nConnection: close\n\n",
	count => 6);

is(join(' ', map { $_->status } @r), '200 200 200 403 200 200', 'pipelined');
is($r[0]->body . $r[1]->body . $r[5]->body, 'of imagesof videosbody',
	'pipelined, bodies');
is(sent(), 'images GET /a.txt, videos GET /a.txt, images PUT /p.txt,'
	. ' videos PUT /p.txt, images GET /p.txt', 'pipelined, sent');
is($t->store_get('videos-1250000000', 'p.txt'), 'body', 'pipelined, stored');

# a refused upload does not take its body for the next request

@r = http("PUT /images/x?acl HTTP/1.1\nHost: a\nContent-Length: 36\n\n"
	. "GET /videos/a.txt HTTP/1.1\nHost: b\n\n"
	. "GET /images/a.txt HTTP/1.1\nHost: c\nConnection: close\n\n",
	count => 2);
is(join(' ', map { $_->status } @r), '403 200', 'body of a refused upload');
is(sent(), 'images GET /a.txt', 'body of a refused upload, not sent');

# chunked, Expect

my $big = join '', map { sprintf '%08d', $_ } 1 .. 20_000;

for my $where ('images', 'unbuffered') {
	for my $body ('', 'x', $big) {
		my $n = length $body;
		my $r = http_request(method => 'PUT', uri => "/$where/c$n",
			chunked => 1, body => $body);
		ok($r->status == 200 && $t->store_get('images-1250000000', "c$n")
			eq $body, "chunked, $n bytes to $where") or diag $r;
		$t->store->delete('images-1250000000', "c$n");
	}

	my $r = http_request(method => 'PUT', uri => "/$where/e", body => $big,
		wait_continue => 1);
	ok($r->status == 200 && "@{$r->interim}" eq '100'
		&& $t->store_get('images-1250000000', 'e') eq $big,
		"expect, $where") or diag $r;
	is(scalar(grep { !$_->{verified} } $t->journal), 0, "$where, all signed");
	is(scalar(grep { grep { lc $_->[0] eq 'expect' } @{$_->{headers}} }
		$t->journal), 0, "$where, no expectation sent");
	sent();
}

# nobody is asked for a body that is refused

$r = http_request(method => 'PUT', uri => '/images/e?acl', body => $big,
	wait_continue => 1);
is($r->status, 403, 'expect, refused');
is("@{$r->interim}", '', 'expect, refused, not asked for');
is(sent(), '', 'expect, refused, nothing sent');

###############################################################################

sub sent {
	my @j = $t->journal;
	$t->journal_clear();
	return join ', ', map { ($_->{bucket} =~ /^(\w+)/)[0] . ($_->{verified}
		? '' : ' unsigned') . " $_->{method} $_->{target}" } @j;
}

###############################################################################
