#!/usr/bin/perl

# Tests for mistakes in cos_credentials: errors with file and line.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use POSIX ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();

my $good = 'provider static; secret_id a; secret_key secretkey1;';

$t->write_file('json', '{"secretId":');
$t->write_file('html', '<html>');
$t->write_file('profile', "[default]\nsecret_id=a\nsecret_key=secretkey1\n");
$t->write_file('large', ' ' x 70000);
mkdir $t->path('directory');
POSIX::mkfifo($t->path('fifo'), 0600);

my @cases = (

['no provider', "cos_credentials a {\nsecret_id a;\n} #!",
	'cos_credentials "a" must have "provider"'],
['empty block', "cos_credentials a { } #!", 'must have "provider"'],
['unknown provider', "cos_credentials a {\nprovider vault; #!\n}",
	'unknown provider "vault"'],
['empty provider', "cos_credentials a {\nprovider \"\"; #!\n}",
	'unknown provider ""'],
['provider without value', "cos_credentials a {\nprovider; #!\n}",
	'invalid number of arguments in "provider"'],
['two providers', "cos_credentials a {\nprovider env;\nprovider env; #!\n}",
	'"provider" is duplicate'],
['static with an argument', "cos_credentials a {\nprovider static x; #!\n}",
	'invalid number of arguments in "provider static"'],
['env with an argument', "cos_credentials a {\nprovider env x; #!\n}",
	'invalid number of arguments in "provider env"'],
['file without a path', "cos_credentials a {\nprovider file; #!\n}",
	'invalid number of arguments in "provider file"'],
['file with two paths', "cos_credentials a {\nprovider file x y; #!\n}",
	'invalid number of arguments in "provider file"'],
['file with an empty path', "cos_credentials a { provider file \"\"; } #!",
	'cannot read cos_credentials "a"'],
['unknown parameter', "cos_credentials a {\nsecret a; #!\n$good }",
	'unknown parameter "secret" in cos_credentials'],
['parameter without value', "cos_credentials a {\nsecret_id; #!\n}",
	'invalid number of arguments in "secret_id"'],
['parameter with two values', "cos_credentials a {\ntoken a b; #!\n}",
	'invalid number of arguments in "token"'],
['duplicate parameter', "cos_credentials a {\n$good\nsecret_id b; #!\n}",
	'"secret_id" is duplicate'],
['duplicate key', "cos_credentials a {\n$good\nsecret_key b; #!\n}",
	'"secret_key" is duplicate'],
['block in the block', "cos_credentials a {\nsecret_id { } #!\n}", ''],
['no name', "cos_credentials { #!\n$good\n}", 'invalid number of arguments'],
['two names', "cos_credentials a b { #!\n$good\n}",
	'invalid number of arguments'],
['empty name', "cos_credentials \"\" { #!\n$good\n}", 'cos_credentials'],
['no block', 'cos_credentials a; #!', 'has no opening "\{"'],
['duplicate name', "cos_credentials a { $good }\n"
	. "cos_credentials a { #!\n$good\n}", 'duplicate cos_credentials "a"'],
['in a server', "server {\ncos_credentials a { #!\n$good\n} }",
	'directive is not allowed here'],

# static

['no secret_id', "cos_credentials a {\nprovider static;\nsecret_key b;\n} #!",
	'cos_credentials "a" must have "secret_id"'],
['no secret_key', "cos_credentials a {\nprovider static;\nsecret_id b;\n} #!",
	'cos_credentials "a" must have "secret_key"'],
['empty secret_id', "cos_credentials a { provider static; secret_id \"\";"
	. "secret_key b; } #!", 'must have "secret_id"'],
['empty secret_key', "cos_credentials a { provider static; secret_id a;"
	. "secret_key \"\"; } #!", 'must have "secret_key"'],
['static with profile', "cos_credentials a { $good profile p; } #!",
	'cannot have "profile" with provider "static"'],

# env

['nothing in the environment', 'cos_credentials a { provider env; } #!',
	'no "TENCENTCLOUD_SECRET_ID" in the environment'],
['env with secret_id', "cos_credentials a { provider env; secret_id a; } #!",
	'cannot have "secret_id" with provider "env"'],
['env with secret_key', "cos_credentials a { provider env; secret_key a; } #!",
	'cannot have "secret_key" with provider "env"'],
['env with token', "cos_credentials a { provider env; token a; } #!",
	'cannot have "token" with provider "env"'],
['env with profile', "cos_credentials a { provider env; profile a; } #!",
	'cannot have "profile" with provider "env"'],

# file

['file with secret_id', "cos_credentials a { provider file f; secret_id a; }"
	. ' #!', 'cannot have "secret_id" with provider "file"'],
['file with secret_key', "cos_credentials a { provider file f; secret_key a; }"
	. ' #!', 'cannot have "secret_key" with provider "file"'],
['file with token', "cos_credentials a { provider file f; token a; } #!",
	'cannot have "token" with provider "file"'],
(map { ["broken file: $_", "cos_credentials a { provider file $_; } #!",
	"cannot read cos_credentials \"a\" from \"\\S+/$_\"" ] }
	qw/ json html large directory fifo /),
['unknown profile', 'cos_credentials a { provider file profile; profile x; }'
	. ' #!', 'cannot read cos_credentials "a" from "\S+/profile"'],
['no directory', 'cos_credentials a { provider file json/none; } #!',
	'cannot read cos_credentials "a" from "\S+/json/none"'],
);

$t->plan(3 * @cases + 2);
bad(@$_) for @cases;

my ($status, $text) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
	. "http { cos_credentials a { $good } cos_credentials b { $good } }\n");
is($status, 0, 'good') or diag $text;
($status, $text) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
	. "http { cos_credentials a { provider file none/none; } }\n");
is($status, 0, 'no file yet') or diag $text;

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
	unlike($output, qr/secretkey1/, "$name secret not shown");
}

###############################################################################
