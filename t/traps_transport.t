#!/usr/bin/perl

# Tests for the traps of a signing proxy, cos-protocol 8.13 to 8.23.

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

my $t = Test::COS->new()->needs_cos()->plan(55);

my $token = 'TrapToken_22-x';
$t->cos(credentials => [{ secret_id => 'AKIDTMP',
	secret_key => 'TemporaryKey00004', token => $token }]);
$t->store_put('images-1250000000', $_, "key $_") for 'a', 'a b', 'a+b',
	'pub/a', 'secret', 'a%2Fb', 'a/b';

my $slice = $t->has_module('slice') ? <<'EOS' : '';
        location /slice/ {
            cos_pass         images-1250000000;
            slice            2;
            proxy_set_header Range $slice_range;
        }
EOS

$t->write_conf(<<'EOC' =~ s/SLICE/$slice/r);

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=cache:1m;

    cos_credentials app {
        provider   static;
        secret_id  AKIDTMP;
        secret_key TemporaryKey00004;
        token      TrapToken_22-x;
    }

    cos_bucket images-1250000000 ap-guangzhou alias=img protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass  images-1250000000;
            cos_allow read write list delete;
        }

        location /pub/ {
            cos_pass images-1250000000/pub/;
        }

        location /stream/ {
            cos_pass  images-1250000000;
            cos_allow write;
            proxy_request_buffering off;
        }

        location /cache/ {
            cos_pass    images-1250000000;
            cos_allow   read response_override;
            proxy_cache cache;
            proxy_cache_valid 200 1h;
            add_header  x-cache $upstream_cache_status;
        }

        location /open/ {
            cos_pass  images-1250000000;
            cos_allow read write list delete acl copy response_override image
                      sse callback tagging;
        }

SLICE
    }
}

EOC

$t->run();

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my ($r, $s, @none);

###############################################################################

# 8.13

for my $name ('videos-1250000000.cos.ap-shanghai.myqcloud.com',
	'169.254.169.254', 'videos-1250000000', "$host.example.com", 'h:1')
{
	http_request(uri => '/a', host => $name);
	is(($t->journal)[-1]{host}, $host, "8.13: Host $name is not sent");
}
http_get('/a', 'X-Forwarded-Host' => 'x.example.com');
is(($t->journal)[-1]{host} . ($t->journal)[-1]{verified}, "${host}1",
	'8.13: Host is signed');

# 8.14

$t->journal_clear;
is_deeply([grep { $_ != 400 } map { http_get("/pub/$_")->status }
	'%2e%2e/secret', '..%2Fsecret', '.%2E/secret', './../secret', '../secret',
	'%2e/a', '.%2Fa', '/a', '%2Fa', 'a%00', 'x/%2e%2e/%2e%2e/secret'], [],
	'8.14: path games refused');
is(scalar(@none = $t->journal), 0, '8.14: path games not sent');
for (['a%252Fb', 'a%2Fb'], ['a%2Fb', 'a/b'], ['a%5C..%5Cb', 'a\\..\\b'],
	["%FF\xfe", "\xff\xfe"], ['%252e%252e', '%2e%2e'])
{
	http_get("/$_->[0]");
	$s = ($t->journal)[-1];
	is("$s->{key_hex} $s->{verified}", unpack('H*', $_->[1]) . ' 1',
		"8.14: $_->[0] is what it says");
}

# 8.15

http_get('/?prefix=a+b&delimiter=%2B');
is(($t->journal)[-1]{target}, '/?prefix=a%20b&delimiter=%2B', '8.15: plus');
is(http_get('/a+b')->body, 'key a+b', '8.15: plus in a path');

# 8.16

$t->journal_clear;
is(http_get('/?prefix=a&prefix=b')->status, 400, '8.16: parameters');
is(http_get('/?prefix=a&Prefix=b')->status, 400, '8.16: in another case');
for my $name (qw/ x-cos-acl x-cos-meta-a x-cos-copy-source content-type
	x-cos-storage-class content-md5 /)
{
	is(http_request(method => 'PUT', uri => '/open/x', body => '', headers => [
		[$name, 'x'], [uc $name, 'x']])->status, 400, "8.16: $name twice");
}
is(scalar(@none = $t->journal), 0, '8.16: duplicates not sent');

# 8.17

$r = http_get('/a', Range => 'bytes=1-3', 'If-Match' => '*');
is($r->status . $r->body, '206ey ', '8.17: range');
is(($t->journal)[-1]{header_list}, 'host;x-cos-security-token',
	'8.17: range not signed');

SKIP: {
	skip 'no slice module', 2 unless $slice;
	$t->journal_clear;
	is(http_get('/slice/a')->body, 'key a', '8.17: slices');
	is(join(' ', map { my ($e) = $_; (map { $_->[1] } grep {
		lc $_->[0] eq 'range' } @{$e->{headers}}), $e->{verified} }
		$t->journal), 'bytes=0-1 1 bytes=2-3 1 bytes=4-5 1',
		'8.17: each slice signed');
}

# 8.18

for my $location ('/', '/stream/') {
	for my $how ([], [chunked => 1], [wait_continue => 1],
		[chunked => 1, wait_continue => 1])
	{
		my $name = "8.18: $location @$how";
		http_request(method => 'PUT', uri => "${location}x",
			body => $name, @$how);
		is($t->store_get('images-1250000000', 'x'), $name, $name);
	}
}
is(join(' ', grep { $_ ne 'host;x-cos-security-token' } map {
	$_->{header_list} } grep { $_->{key} eq 'x' } $t->journal), '',
	'8.18: no framing is signed');

# 8.19

$t->journal_clear;
my $form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk"
	. "\r\n--b\r\nContent-Disposition: form-data; name="
	. "\"success_action_redirect\"\r\n\r\nhttp://example.com/\r\n--b\r\n"
	. "Content-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n";
is(http_post($_, $form, 'Content-Type' => 'multipart/form-data; boundary=b')
	->status, 403, "8.19: redirect of a form in $_") for '/', '/open/';
is(scalar(@none = $t->journal), 0, '8.19: form not sent');
$t->control({ rules => [{ path_re => '^/moved', status => 302, body => '',
	headers => { Location => "http://$host/a?x=1" } }] });
$r = http_get('/moved');
$t->control();
unlike($r->header('location') || '', qr/images-1250000000|myqcloud/,
	'8.19: no address of COS in Location');

# 8.20

$t->journal_clear;
my $presigned = 'q-sign-algorithm=sha1&q-ak=x&q-signature=deadbeef&sign=y';
is(join(' ', map { http_get("/cache/$_")->header('x-cache') } 'a',
	"a?$presigned", '%61', "a?x-cos-security-token=another"),
	'MISS HIT HIT HIT', '8.20: signatures are not in the key');
is(http_get('/cache/a?response-content-type=text/html')->header('x-cache'),
	'MISS', '8.20: overrides are in the key');
is(http_get('/cache/a')->header('content-type'), 'application/octet-stream',
	'8.20: and in no other entry');
my @keys = map { $t->read_file($_) =~ /^KEY: (.*)$/m } glob $t->testdir
	. '/cache/*';
is(join(' ', sort @keys), "http://app\@$host/a http://app\@$host/a"
	. '?response-content-type=text%2Fhtml', '8.20: keys');

# 8.21

$t->journal_clear;
my $delete = '<Delete><Object><Key>KEY</Key></Object></Delete>';
is_deeply([grep { $_ !~ /\A40[035]\z/ } map { my $body = $_; map
	{ http_post($_, $body, 'Content-Type' => 'application/xml')->status }
	'/?delete', '/open/?delete', '/?%64elete', '/?delete=1' } '', 'KEY',
	map { $delete =~ s/KEY/$_/r } '', '../a', '/a', '&#x2e;&#x2e;/a', '&e;'],
	[], '8.21: delete of many refused, by the body');
is_deeply([grep { $_ !~ /\A40[35]\z/ } map { http_post($_, $delete,
	'Content-Type' => 'application/xml')->status } '/?Delete', '/a?delete',
	'/?delete&acl'], [], '8.21: delete of many refused, by the query');
is(scalar(@none = $t->journal), 0, '8.21: delete of many not sent');

# 8.22; "no secrets in logs" at the end has looked at all of this

$t->control({ rules => [{ path_re => '^/gone', close_early => 1 }] });
is(http_get('/gone')->status, 502, '8.22: failed');
$t->control();
like($t->error_log, qr/upstream prematurely closed/, '8.22: failure logged');
unlike($t->error_log . $t->access_log, qr/TrapToken_22-x|q-key-time/,
	'8.22: no token of ours in a log');
unlike(http_get('/a')->as_string, qr/TrapToken|q-sign/,
	'8.22: nor in an answer');

# 8.23

$r = http_request(method => 'OPTIONS', uri => '/a', headers => {
	Origin => 'http://x', 'Access-Control-Request-Method' => 'GET' });
is($r->header('access-control-allow-origin'), '*', '8.23: preflight');
is(($t->journal)[-1]{method} . ($t->journal)[-1]{verified}, 'OPTIONS1',
	'8.23: signed');
$t->journal_clear;
http_request(method => 'OPTIONS', uri => $_)
	for '/', '/a?acl', '/a?versionId=1';
is(scalar(@none = $t->journal), 0, '8.23: of objects alone');
