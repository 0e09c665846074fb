#!/usr/bin/perl

# Tests for refusals: COS XML that an SDK can read.

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

my $t = Test::COS->new()->needs_cos()->plan(115);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    log_format id '$request_id $status $cos_error_code $cos_request_id';

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_credentials none {
        provider file %%TESTDIR%%/none.json;
    }

    cos_bucket images-1250000000 ap-guangzhou alias=b credentials=app
               protocol=http endpoint=127.0.0.1:8081;
    cos_bucket none-1250000000 ap-guangzhou credentials=none
               protocol=http endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;
        access_log %%TESTDIR%%/id.log id;

        location / {
            cos_pass path_style;
        }

        location /put/ {
            cos_pass  images-1250000000;
            cos_allow write copy;
        }
    }
}

EOC

$t->run();

###############################################################################

my $images = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';

# method, uri, headers -> status, code

for my $row (
	['GET', '/unknown/a', {}, 404, 'NoSuchBucket'],
	['GET', '/', {}, 404, 'NoSuchBucket'],
	['GET', '/b/', {}, 403, 'AccessDenied'],
	['GET', '/b/a?acl', {}, 403, 'AccessDenied'],
	['GET', '/b/a?unknown', {}, 403, 'AccessDenied'],
	['PUT', '/b/a', {}, 403, 'AccessDenied'],
	['DELETE', '/b/a', {}, 403, 'AccessDenied'],
	['POST', '/b/a?uploads', {}, 403, 'AccessDenied'],
	['POST', '/b/', {}, 405, 'MethodNotAllowed'],
	['PATCH', '/b/a', {}, 405, 'MethodNotAllowed'],
	['GET', '/b/a/../c', {}, 400, 'InvalidURI'],
	['GET', '/b/a%0A', {}, 400, 'InvalidURI'],
	['GET', '/b/a?x=%zz', {}, 400, 'InvalidURI'],
	['GET', '/b/a?x&x', {}, 400, 'InvalidArgument'],
	['GET', '/b/' . 'k' x 851, {}, 400, 'KeyTooLong'],
	['PUT', '/put/a', { 'x-cos-acl' => 'private' }, 403, 'AccessDenied'],
	['PUT', '/put/a', { 'x-cos-unknown' => '1' }, 403, 'AccessDenied'],
	['PUT', '/put/a', { 'x-cos-copy-source' => $images }, 400,
		'InvalidArgument'],
	['GET', '/none-1250000000/a', {}, 503, 'ServiceUnavailable'],
) {
	my ($method, $uri, $headers, $status, $code) = @$row;
	my $name = "$method " . substr($uri, 0, 30);
	my $r = http_request(method => $method, uri => $uri, headers => $headers,
		$method =~ /\AP/ ? (body => '') : ());

	is($r->status, $status, "$name status");
	my $e = parse($r);
	is($e->{Code}, $code, "$name code");
	cmp_ok(length $e->{Message}, '>', 5, "$name message");
	ok($e->{RequestId} && $e->{RequestId} eq $r->header('x-cos-request-id'),
		"$name request id");
	like(join('; ', map { scalar $r->header($_) } qw/ content-type
		content-length /), qr/\Aapplication\/xml; (?!0)\d+\z/,
		"$name type and length");
}

is(scalar(my @none = $t->journal), 0, 'nothing sent');
my ($log, @lines);
$t->wait_until(sub {
	$log = $t->read_file('id.log');
	@lines = split /\n/, $log;
	return @lines >= 20;
});
is(scalar(grep { /\A(\w{32}) 40\d \w+ \1\z/ || /\A(\w{32}) 503 \w+ \1\z/ }
	@lines), 19, 'variables in the log');

my $r = http_get('/none-1250000000/a');
is($r->header('retry-after'), 1, 'retry after');

# the clock of the SDKs is set by it

like($r->header('date'), qr/\A\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\z/, 'date');
my $date = COS::Signature::parse_http_time($r->header('date'));
cmp_ok(abs($date - time), '<', 60, 'date is right');

isnt(http_get('/')->header('x-cos-request-id'),
	http_get('/')->header('x-cos-request-id'), 'ids differ');

# HEAD has no body, and a length that does not make the client wait for one

my @r = http("HEAD /b/ HTTP/1.1\r\nHost: h\r\n\r\n"
	. "HEAD /unknown/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
	count => 2);
is(join(' ', map { $_->status . length $_->body } @r), '4030 4040', 'head');
like($_->header('x-cos-request-id'), qr/\A\w+\z/, 'head request id') for @r;

# whatever a client writes stays text

for my $row (
	['/<x>&"\'/a', 'bucket'],
	['/b/a?<script>alert(1)</script>', 'parameter'],
	['/b/a?</Message><Code>&amp;&%22%27]]>', 'markup'],
	['/b/%3C/Error%3E%3C!--?acl', 'key'],
	['/b/%3C![CDATA[?acl', 'cdata'],
	["/b/\xff\xfe%C3?acl", 'no utf-8'],
	['/b/%0D%0A%1B?acl', 'control characters'],
	['/b/%EF%BF%BE%ED%A0%80?acl', 'no characters of xml'],
	['/b/a?' . '%26' x 600, 'long'],
	['/b/' . '%22' x 800 . '?acl', 'long key'],
) {
	my ($uri, $name) = @$row;
	my $r = http_get($uri);
	my $e = parse($r);
	ok($e->{Code} && $e->{RequestId} eq $r->header('x-cos-request-id'),
		"$name well-formed") or diag "$r";
}

is(parse(http_get('/<x>&"\'/a'))->{Resource}, '/<x>&"\'/a', 'resource');

###############################################################################

# a strict reader of what an error may be: one root, four elements, text

sub parse {
	my ($r) = @_;
	my $body = $r->body;
	return {} if $body =~ /[^\x20-\x7e\n\t]/
		|| $body !~ s/\A<\?xml version='1.0' encoding='utf-8' \?>\n//
		|| $body !~ s!\A<Error>\s*(.*?)\s*</Error>\s*\z!$1!s;
	my (%e, @names);
	while ($body =~ s!\A<(\w+)>([^<>]*)</\1>\s*!!) {
		my ($name, $text) = ($1, $2);
		return {} if $text =~ /&(?!(?:lt|gt|amp|quot);)/;
		push @names, $name;
		$e{$name} = COS::XML::xml_unescape($text);
	}
	return {} if $body ne '' || "@names" ne 'Code Message Resource RequestId';
	return \%e;
}
