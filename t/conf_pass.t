#!/usr/bin/perl

# Tests for mistakes in cos_pass: errors with file and line.

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

my $t = Test::COS->new()->needs('fastcgi', 'rewrite');

my $cred = 'cos_credentials a { provider static; secret_id a;'
	. ' secret_key secretkey1; }';
my $other = 'cos_credentials b { provider static; secret_id b;'
	. ' secret_key secretkey1; }';
my $bucket = "$cred\ncos_bucket i-1 r alias=i;";

sub loc { return "$bucket\nserver { location / {\n$_[0]\n} }" }

my @cases = (

# buckets

['undeclared bucket', loc('cos_pass x-1; #!'),
	'bucket "x-1" is not declared'],
['undeclared with prefix', loc('cos_pass x-1/a/b/; #!'),
	'bucket "x-1" is not declared'],
['empty bucket', loc('cos_pass /a; #!'), 'bucket "" is not declared'],
['empty', loc('cos_pass ""; #!'), 'bucket "" is not declared'],
['host name', loc('cos_pass i-1.cos.r.myqcloud.com; #!'), 'is not declared'],
['URL', loc('cos_pass https://i-1.cos.r.myqcloud.com/; #!'),
	'is not a bucket'],
['path_style with undeclared', loc('cos_pass path_style i-1 x-1; #!'),
	'bucket "x-1" is not declared'],
['host_style with undeclared', loc('cos_pass host_style x-1; #!'),
	'bucket "x-1" is not declared'],
['variable', loc('cos_pass $arg_b; #!'), 'must not be a variable'],
['variable with key', loc('cos_pass $arg_b/a; #!'), 'must not be a variable'],
['variable in name', loc('cos_pass i-$arg_b/a; #!'), 'must not be a variable'],
['variable in braces', loc('cos_pass "i-${arg_b}/a"; #!'),
	'must not be a variable'],
['variable in path_style', loc('cos_pass path_style $arg_b; #!'),
	'"\$arg_b"'],
['no bucket at all', "$cred\nserver { location / {\ncos_pass path_style; #!\n"
	. '} }', 'no "cos_bucket" is declared'],
['no bucket at all, host style', "$cred\nserver { location / {\n"
	. "cos_pass host_style; #!\n} }", 'no "cos_bucket" is declared'],

# key prefixes

['prefix with a slash', loc('cos_pass i-1//a; #!'), 'invalid key prefix'],
['prefix with dots', loc('cos_pass i-1/a/../b; #!'), 'invalid key prefix'],
['prefix with one dot', loc('cos_pass i-1/./b; #!'), 'invalid key prefix'],
['prefix ends with dots', loc('cos_pass i-1/a/..; #!'), 'invalid key prefix'],
['prefix with a control', loc('cos_pass "i-1/a\tb"; #!'),
	'invalid key prefix'],
['long prefix', loc('cos_pass i-1/' . 'a' x 851 . '; #!'),
	'invalid key prefix'],

# parameters

['no argument', loc('cos_pass; #!'), 'invalid number of arguments'],
['unknown parameter', loc('cos_pass i-1 foo=bar; #!'),
	'invalid parameter "foo=bar"'],
['second bucket', loc('cos_pass i-1 i; #!'), 'invalid parameter "i"'],
['parameter of cos_bucket', loc('cos_pass i-1 protocol=http; #!'),
	'invalid parameter "protocol=http"'],
['the same with path_style', loc('cos_pass path_style endpoint=a; #!'),
	'invalid parameter "endpoint=a"'],
['unknown parameter of service', loc('cos_pass service alias=x; #!'),
	'invalid parameter "alias=x"'],
['bucket of service', loc('cos_pass service i-1; #!'),
	'invalid parameter "i-1"'],
['bad domain of service', loc('cos_pass service domain=a/b; #!'),
	'invalid domain template'],
['bad endpoint of service', loc('cos_pass service endpoint=a:0; #!'),
	'in endpoint'],

# credentials

['unknown credentials', loc('cos_pass i-1 credentials=x; #!'),
	'unknown cos_credentials "x"'],
['empty credentials', loc('cos_pass i-1 credentials=; #!'), 'credentials'],
['unknown credentials of service', loc('cos_pass service credentials=x; #!'),
	'unknown cos_credentials "x"'],
['no credentials', "cos_bucket i-1 r;\nserver { location / {\n"
	. "cos_pass i-1; #!\n} }", 'there is no "cos_credentials"'],
['no credentials for path_style', "cos_bucket i-1 r;\nserver { location / {\n"
	. "cos_pass path_style; #!\n} }", 'there is no "cos_credentials"'],
['no credentials for service', "server { location / {\n"
	. "cos_pass service; #!\n} }", 'there is no "cos_credentials"'],
['several credentials', "$bucket $other\nserver { location / {\n"
	. "cos_pass i-1; #!\n} }", 'there are several "cos_credentials"'],
['several for path_style', "$bucket $other cos_bucket j-1 r credentials=b;\n"
	. "server { location / {\ncos_pass path_style; #!\n} }",
	'no credentials for bucket "i-1".*there are several'],

# content handlers beside it

['two cos_pass', loc("cos_pass i-1;\ncos_pass i-1; #!"),
	'"cos_pass" directive is duplicate'],
['proxy_pass before', loc("proxy_pass http://127.0.0.1:1;\ncos_pass i-1; #!"),
	'"cos_pass" directive cannot be used beside'],
['proxy_pass after', loc("cos_pass i-1;\nproxy_pass http://127.0.0.1:1; #!"),
	'"proxy_pass" directive is duplicate'],
['fastcgi_pass before', loc("fastcgi_pass 127.0.0.1:1;\ncos_pass i-1; #!"),
	'"cos_pass" directive cannot be used beside'],
['fastcgi_pass after', loc("cos_pass i-1; #!\nfastcgi_pass 127.0.0.1:1;"),
	'"cos_pass" cannot be used beside another content handler'],
['empty_gif after', loc("cos_pass i-1; #!\nempty_gif;"),
	'"cos_pass" cannot be used beside another content handler'],
['empty_gif before', loc("empty_gif;\ncos_pass i-1; #!"),
	'"cos_pass" directive cannot be used beside'],
['in if', loc("if (\$arg_x) { cos_pass i-1;\ncos_pass i-1; #!\n}"),
	'"cos_pass" directive is duplicate'],
['proxy_pass in if', loc("if (\$arg_x) { proxy_pass http://127.0.0.1:1;\n"
	. "cos_pass i-1; #!\n}"), '"cos_pass" directive cannot be used beside'],
['in http', "$bucket\ncos_pass i-1; #!", 'directive is not allowed here'],
['in server', "$bucket\nserver {\ncos_pass i-1; #!\n}",
	'directive is not allowed here'],

# proxy_method would change what was signed

['proxy_method', loc("proxy_method POST;\ncos_pass i-1; #!"),
	'"proxy_method" cannot be used with cos_pass'],
['proxy_method in server', "$bucket\nserver { proxy_method GET;\n"
	. "location / {\ncos_pass i-1; #!\n} }",
	'"proxy_method" cannot be used with cos_pass'],
['proxy_method in http', "$bucket proxy_method GET;\nserver { location / {\n"
	. "cos_pass i-1; #!\n} }", '"proxy_method" cannot be used with cos_pass'],
['proxy_method above', loc("proxy_method GET; location /a/ {\n"
	. "cos_pass i-1; #!\n}"), '"proxy_method" cannot be used with cos_pass'],
);

$t->plan(2 * @cases + 6);
bad(@$_) for @cases;

# what looks alike and is good

good('cos_sign off needs no credentials', "cos_bucket i-1 r;\nserver {"
	. 'location / { cos_pass i-1; cos_sign off; } }');
good('credentials= of cos_pass', "$bucket $other server { location / {"
	. ' cos_pass i-1 credentials=b; } }');
good('alias', loc('cos_pass i/a/b;'));
good('proxy_method elsewhere', loc('cos_pass i-1; location /a/ {'
	. ' proxy_method POST; proxy_pass http://127.0.0.1:1; }'));
good('proxy_pass below', loc('cos_pass i-1; location /a/ {'
	. ' proxy_pass http://127.0.0.1:1; }'));
good('other handlers below', loc('cos_pass i-1; location /a/ { empty_gif; }'
	. ' location /b/ { fastcgi_pass 127.0.0.1:1; }'));

###############################################################################

sub good {
	my ($name, $text) = @_;
	my ($status, $output) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
		. "http {\n%%TEST_GLOBALS_HTTP%%\n$text\n}\n");
	is($status, 0, $name) or diag $output;
}

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
