#!/usr/bin/perl

# Tests for mistakes in cos_bucket: errors with file and line.

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

my $t = Test::COS->new();

my @cases = (

# names

['no APPID', 'cos_bucket images ap-guangzhou; #!', 'invalid bucket name'],
['APPID alone', 'cos_bucket -1250000000 ap-guangzhou; #!',
	'invalid bucket name'],
['no name', 'cos_bucket 1250000000 ap-guangzhou; #!', 'invalid bucket name'],
['no digits', 'cos_bucket images- ap-guangzhou; #!', 'invalid bucket name'],
['letters after digits', 'cos_bucket images-125x ap-guangzhou; #!',
	'invalid bucket name'],
['upper case', 'cos_bucket Images-1250000000 ap-guangzhou; #!',
	'invalid bucket name'],
['dot', 'cos_bucket a.b-1250000000 ap-guangzhou; #!', 'invalid bucket name'],
['slash', 'cos_bucket a/b-1250000000 ap-guangzhou; #!', 'invalid bucket name'],
['empty name', 'cos_bucket "" ap-guangzhou; #!', 'invalid bucket name'],
['variable', 'cos_bucket $arg_b-1250000000 ap-guangzhou; #!',
	'invalid bucket name'],
['bad region', 'cos_bucket a-1 ap_guangzhou; #!', 'invalid region'],
['region with dot', 'cos_bucket a-1 ap.guangzhou; #!', 'invalid region'],
['empty region', 'cos_bucket a-1 ""; #!', 'invalid region'],
['no region', 'cos_bucket a-1; #!', 'invalid number of arguments'],
['parameter as region', 'cos_bucket a-1 alias=a; #!', 'invalid region'],
['unknown parameter', 'cos_bucket a-1 r foo=bar; #!',
	'invalid parameter "foo=bar"'],
['unknown word', 'cos_bucket a-1 r accelerate; #!',
	'invalid parameter "accelerate"'],
['word with value', 'cos_bucket a-1 r use_accelerate=on; #!',
	'invalid parameter "use_accelerate=on"'],
['bad protocol', 'cos_bucket a-1 r protocol=ftp; #!',
	'invalid parameter "protocol=ftp"'],
['empty protocol', 'cos_bucket a-1 r protocol=; #!',
	'invalid parameter "protocol="'],
['empty alias', 'cos_bucket a-1 r alias=; #!', 'invalid parameter "alias="'],
['alias with a slash', 'cos_bucket a-1 r alias=a/b; #!',
	'invalid parameter "alias=a/b"'],
['not in a server', 'server { cos_bucket a-1 r; #!' . "\n}",
	'"cos_bucket" directive is not allowed here'],

# duplicates

['duplicate bucket', "cos_bucket a-1 r;\ncos_bucket a-1 other; #!",
	'duplicate bucket name or alias "a-1"'],
['duplicate alias', "cos_bucket a-1 r alias=x;\ncos_bucket b-1 r alias=x; #!",
	'duplicate bucket name or alias "x"'],
['alias is a bucket', "cos_bucket a-1 r;\ncos_bucket b-1 r alias=a-1; #!",
	'duplicate bucket name or alias "a-1"'],
['bucket is an alias', "cos_bucket a-1 r alias=b-1;\ncos_bucket b-1 r; #!",
	'duplicate bucket name or alias "b-1"'],
['alias is itself', 'cos_bucket a-1 r alias=a-1; #!',
	'duplicate bucket name or alias "a-1"'],
['two aliases', 'cos_bucket a-1 r alias=a alias=b; #!', 'alias=b'],
['two domains', 'cos_bucket a-1 r "domain={Bucket}.a" "domain={Bucket}.b"; #!',
	'domain='],
['two endpoints', 'cos_bucket a-1 r endpoint=a endpoint=b; #!', 'endpoint='],
['two protocols', 'cos_bucket a-1 r protocol=http protocol=https; #!',
	'protocol='],

['two keepalives', 'cos_bucket a-1 r keepalive=1 keepalive=2; #!',
	'duplicate parameter "keepalive=2"'],

# idle connections

['empty keepalive', 'cos_bucket a-1 r keepalive=; #!',
	'invalid parameter "keepalive="'],
['negative keepalive', 'cos_bucket a-1 r keepalive=-1; #!',
	'invalid parameter "keepalive=-1"'],
['keepalive with letters', 'cos_bucket a-1 r keepalive=32x; #!',
	'invalid parameter "keepalive=32x"'],

# domain templates

['no {Bucket}', 'cos_bucket a-1 r domain=gw.example.com; #!',
	'has no "\{Bucket\}"'],
['only {AppId}', 'cos_bucket a-1 r "domain={AppId}.example.com"; #!',
	'has no "\{Bucket\}"'],
['unknown placeholder', 'cos_bucket a-1 r "domain={Bucket}.{Foo}.com"; #!',
	'unknown placeholder'],
['open placeholder', 'cos_bucket a-1 r "domain={Bucket"; #!',
	'unknown placeholder'],
['scheme', 'cos_bucket a-1 r "domain=https://{Bucket}.example.com"; #!',
	'invalid domain template'],
['path', 'cos_bucket a-1 r "domain={Bucket}.example.com/a"; #!',
	'invalid domain template'],
['space', 'cos_bucket a-1 r "domain={Bucket}.example. com"; #!',
	'invalid domain template'],
['underscore', 'cos_bucket a-1 r "domain={Bucket}.a_b.com"; #!',
	'invalid domain template'],
['empty template', 'cos_bucket a-1 r domain=; #!', 'invalid domain template'],
['closing brace', 'cos_bucket a-1 r "domain={Bucket}}.a"; #!',
	'invalid domain template'],
['port 0', 'cos_bucket a-1 r "domain={Bucket}.a:0"; #!', 'invalid port'],
['port 65536', 'cos_bucket a-1 r "domain={Bucket}.a:65536"; #!',
	'invalid port'],
['no port', 'cos_bucket a-1 r "domain={Bucket}.a:"; #!', 'invalid port'],
['port with letters', 'cos_bucket a-1 r "domain={Bucket}.a:80x"; #!',
	'invalid port'],
['two ports', 'cos_bucket a-1 r "domain={Bucket}.a:80:81"; #!',
	'invalid port'],
['empty label', 'cos_bucket a-1 r "domain={Bucket}..a"; #!',
	'invalid domain template'],
['leading dot', 'cos_bucket a-1 r "domain=.{Bucket}.a"; #!',
	'invalid domain template'],

# endpoints

['empty endpoint', 'cos_bucket a-1 r endpoint=; #!', 'in endpoint ""'],
['endpoint scheme', 'cos_bucket a-1 r endpoint=http://a; #!',
	'in endpoint "http://a"'],
['endpoint path', 'cos_bucket a-1 r endpoint=a:80/b; #!',
	'in endpoint "a:80/b"'],
['endpoint port 0', 'cos_bucket a-1 r endpoint=a:0; #!',
	'in endpoint "a:0"'],
['endpoint port', 'cos_bucket a-1 r endpoint=a:65536; #!',
	'in endpoint "a:65536"'],
['unix socket', 'cos_bucket a-1 r endpoint=unix:/tmp/s; #!',
	'in endpoint "unix:/tmp/s"'],
['open IPv6', 'cos_bucket a-1 r endpoint=[::1; #!', 'in endpoint'],

# credentials

['unknown credentials', 'cos_bucket a-1 r credentials=nobody; #!',
	'unknown cos_credentials "nobody"'],
['empty credentials', 'cos_bucket a-1 r credentials=; #!', 'credentials'],
);

$t->plan(2 * @cases);
bad(@$_) for @cases;

###############################################################################

# Every message names the line, which is the one with "#!".

sub bad {
	my ($name, $text, $message) = @_;

	my ($status, $output) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
		. "http {\n%%TEST_GLOBALS_HTTP%%\n$text\n}\n");
	my @lines = split /\n/, $t->read_file('try.conf');
	my ($line) = grep { $lines[$_ - 1] =~ /#!/ } 1 .. @lines;

	is($status, 1, $name);
	like($output, qr/\[emerg\](?=.*$message).* in \S+try\.conf:$line(?!\d)/,
		"$name message");
}

###############################################################################
