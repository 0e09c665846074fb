#!/usr/bin/perl

# Tests for request targets that name no key, or name two.

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

# raw targets; COS XML is expected where the request gets as far as that

my @xml = (
	['leading backslash', '/b/%5Ca'],
	['only a backslash', '/b/\\'],
	['parent', '/b/a/../c'],
	['parent of the root', '/b/../b/c'],
	['parent, escaped', '/b/a/%2e%2e/c'],
	['parent, upper case', '/b/a/%2E%2E/c'],
	['parent, half escaped', '/b/a/.%2e/c'],
	['parent, slash escaped', '/b/a/..%2Fc'],
	['parent, all escaped', '/b/a%2f%2e%2e%2fc'],
	['parent at the end', '/b/a/..'],
	['parent at the end, slash', '/b/a/../'],
	['to another bucket', '/b/../videos-1250000000/a'],
	['to another bucket, escaped', '/b/%2e%2e%2Fvideos-1250000000/a'],
	['current', '/b/./a'],
	['current, escaped', '/b/%2e/a'],
	['current, slash escaped', '/b/.%2Fa'],
	['current, both escaped', '/b/%2e%2fa'],
	['current at the end', '/b/a/.'],
	['two slashes', '/b//a'],
	['two slashes, one escaped', '/b/%2Fa'],
	['two slashes, both escaped', '/b/x%2F%2fa'],
	['two slashes at the end', '/b/a//'],
	['two slashes at the start', '//b/a'],
	['escaped slash at the start', '/%2Fb/a'],
	['fragment', '/b/a#c'],
	['fragment and query', '/b/a#c?versionId=1'],
	['only a fragment', '/b/#'],
	['line feed', '/b/a%0Ac'],
	['carriage return', '/b/a%0dc'],
	['both', '/b/a%0D%0AHost:%20x'],
	['delete', '/b/a%7Fc'],
	['tab', '/b/a%09c'],
	['escape', '/b/a%1bc'],
	['one', '/b/%01'],
	['unit separator', '/b/a%1f'],
);

# nginx itself knows that these are wrong

my @nginx = (
	['nul', '/b/a%00c'],
	['nul at the end', '/b/a%00'],
	['bad escape', '/b/a%zz'],
	['cut escape', '/b/a%2'],
	['lone percent', '/b/a%'],
	['unicode escape', '/b/a%u4E2D'],
	['above the root', '/../b/a'],
	['above the root, escaped', '/%2e%2e/b/a'],
	['no leading slash', 'b/a'],
	['empty segment first', '?versionId=1'],
	['asterisk', '*'],
	['other scheme', 'ftp:/b/a'],
	['space', '/b/a c'],
	['raw control', "/b/a\x01c"],
	['raw delete', "/b/a\x7fc"],
	['raw nul', "/b/a\0c"],
	['raw carriage return', "/b/a\rc"],
);

my $t = Test::COS->new()->needs_cos()->plan(2 * @xml + 2 * @nginx + 11);

$t->cos();
$t->store_put('images-1250000000', $_, 'hello') for 'c', 'a', 'a/c';
$t->store_put('videos-1250000000', 'a', 'hello');

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

    cos_bucket images-1250000000 ap-guangzhou alias=b protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass path_style;
        }
    }
}

EOC

$t->run();

###############################################################################

for my $row (@xml) {
	my ($name, $target) = @$row;
	$t->journal_clear;
	my $r = raw($target);
	is($r->status . ' ' . ($r->code || ''), '400 InvalidURI', $name);
	is(scalar(my @sent = $t->journal), 0, "$name not sent");
}

for my $row (@nginx) {
	my ($name, $target) = @$row;
	$t->journal_clear;
	is(raw($target)->status, 400, $name);
	is(scalar(my @sent = $t->journal), 0, "$name not sent");
}

# an absolute form is the same key, whatever its authority

$t->journal_clear;
is(raw('http://localhost/b/a')->body, 'hello', 'absolute');
is(raw('http://h:8080/b/a%2Fc?versionId=1')->body, 'hello',
	'absolute with port and query');
is(raw('HTTP://videos-1250000000.cos.ap-shanghai.myqcloud.com/b/a')->body,
	'hello', 'absolute to another bucket');
is(join(' ', map { "$_->{host} $_->{key} $_->{verified}" } $t->journal),
	join(' ', map { "images-1250000000.cos.ap-guangzhou.myqcloud.com $_ 1" }
		'a', 'a/c', 'a'), 'absolute sent');

$t->journal_clear;
is(raw('http://localhost/b/x/../a')->status, 400, 'absolute with dots');
is(raw('http://localhost//b/a')->status, 400, 'absolute with slashes');
is(raw('http://localhost')->status, 404, 'absolute without a path');
is(raw('http://localhost?x=/b/a')->status, 404, 'absolute, only a query');
is(scalar(my @sent = $t->journal), 0, 'absolute not sent');

# the connection is still good

$t->journal_clear;
my @r = http("GET /b/x/../a HTTP/1.1\r\nHost: h\r\n\r\n"
	. "GET /b/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", count => 2);
is($r[1]->body, 'hello', 'next request');
is(scalar(@sent = $t->journal), 1, 'next request sent');

###############################################################################

sub raw {
	my ($target) = @_;
	return http("GET $target HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
}
