#!/usr/bin/perl

# Tests for mistakes in cos_credentials that are renewed: file and line.

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

my $arn = 'qcs::cam::uin/1:roleName/x';
my $perm = 'cos_credentials perm { provider static; secret_id a; '
	. 'secret_key secretkey1; }';
my $role = "provider assume_role $arn;";

my $bucket = "cos_bucket images-1250000000 ap-guangzhou credentials=perm "
	. "protocol=http endpoint=127.0.0.1:8081;";

my @cases = (

['role without a role', "$perm\ncosc a { provider assume_role; base perm; } #!",
	'must have "a role" with provider "assume_role"'],
['role without a base', "cosc a { $role } #!",
	'must have "base" with provider "assume_role"'],
['federation without a base', "cosc a { provider federation; policy '{}'; } #!",
	'must have "base" with provider "federation"'],
['federation without a policy',
	"$perm\ncosc a { provider federation; base perm; } #!",
	'must have "policy" with provider "federation"'],
['unknown base', "cosc a { $role base nobody; } #!",
	'unknown cos_credentials "nobody"'],
['itself', "cosc a { $role base a; } #!",
	'"a" has itself as a base'],
['cycle', "cosc a { $role base b; } #!\ncosc b { $role base a; }",
	'has itself as a base'],
['template as a base', "cosc php { provider http \"http://h/?b={Bucket}\"; }\n"
	. "cosc a { $role base php; } #!",
	'"php" has placeholders and cannot be a base'],
(map { ["policy $_", "$perm\ncosc a { $role base perm; policy '$_'; } #!",
	'"policy" of cos_credentials "a" is not a JSON object'] }
	'{', '[]', '1', 'null', '{} x', '""'),
(map { ["endpoint $_", "cosc a { provider cvm; endpoint \"$_\"; } #!",
	'invalid URL in cos_credentials'] }
	'metadata', 'ftp://h', 'http://', 'http:///x', 'http://h /', '//h',
	'file:///etc/passwd', 'unix:/x', 'http://h/x'),
(map { ["endpoint $_", "cosc a { provider cvm; endpoint \"$_\"; } #!",
	'invalid'] }
	'http://user:pass@h', 'http://h:99999', 'http://h:x', 'http://h?q',
	'http://h#f'),
(map { ["$_ that is not UTF-8", "$perm\ncosc a { provider assume_role "
	. ($_ eq 'role' ? "qcs\xff; base perm; } #!"
	: "$arn; base perm; $_ \"a\xffb\"; } #!"), 'is not UTF-8'] }
	'role', 'session_name', 'external_id'),
['policy that is not UTF-8', "$perm\ncosc a { $role base perm; "
	. "policy '{\"a\":\"\xff\"}'; } #!", 'is not a JSON object'],
['http without a URL', "cosc a { provider http; } #!",
	'must have "a URL" with provider "http"'],
['http with a bad URL', "cosc a { provider http gopher://x/; } #!",
	'invalid URL in cos_credentials'],
['tke without its environment', "cosc a { provider tke; } #!",
	'must have "\$TKE_PROVIDER_ID" with provider "tke"'],
(map { my ($p, $v) = @$_;
	["$p $v", "cosc a {\nprovider cvm;\n$p \"$v\"; #!\n}",
	"invalid value \"$v\" of \"$p\""] }
	['refresh_before', 'x'], ['refresh_before', ''], ['refresh_before', '-1'],
	['refresh_before', '0'], ['refresh_before', '1ms'], ['timeout', '0'],
	['timeout', '1x'], ['timeout', '']),
['duration', "cosc a {\nprovider federation;\nduration x; #!\n}",
	'invalid value "x" of "duration"'],
['header without a colon', "cosc a {\nprovider http http://h/;\n"
	. "header nothing; #!\n}", 'invalid value.* of "header"'],
['header with a line', "cosc a {\nprovider http http://h/;\n"
	. "header \"A: b\\nC: d\"; #!\n}", 'invalid value', 1],
['header without a name', "cosc a {\nprovider http http://h/;\n"
	. "header \": x\"; #!\n}", 'invalid value.* of "header"'],
['duplicate', "cosc a {\nprovider cvm;\ntimeout 1s;\ntimeout 2s; #!\n}",
	'"timeout" is duplicate'],
(map { my ($provider, $param) = @$_;
	["$provider with $param", "cosc a { provider $provider; $param 1; } #!",
	"cannot have \"$param\" with provider \"[a-z]+\""] }
	['cvm', 'base'], ['cvm', 'policy'], ['cvm', 'secret_id'],
	['cvm', 'duration'], ['http http://h/', 'endpoint'],
	['http http://h/', 'session_name'], ['tke', 'external_id'],
	['federation', 'session_name'], ['federation', 'external_id'],
	['env', 'timeout'], ['file f', 'refresh_before'], ['auto', 'endpoint'],
	['auto', 'base'], ['static', 'timeout']),
(map { ["$_ with two arguments", "cosc a {\nprovider $_ x y; #!\n}",
	"invalid number of arguments in \"provider $_\""] }
	qw/ cvm assume_role http /),
(map { ["$_ with an argument", "cosc a {\nprovider $_ x; #!\n}",
	"invalid number of arguments in \"provider $_\""] }
	qw/ federation tke auto /),
(map { ["role $_", "cosc a { provider cvm \"$_\"; } #!", 'invalid'] }
	'a b', 'a/../b', 'a?b', "a\r\nb"),
(map { ["template in cos_pass $_", "cosc php { provider http "
	. "\"http://h/?b={Bucket}\"; }\n$perm\n$bucket\nserver { location / {\n"
	. "cos_pass $_ credentials=php; #!\n} }", '"php" has placeholders'] }
	"images-1250000000", "path_style", "service"),
['cos_wait', "cos_wait x; #!", 'invalid value|"cos_wait"'],
);

$t->plan(3 * @cases + 5);

bad(@$_) for @cases;

for my $good (
	"cosc a { $role base perm; policy '{}'; duration 30m; external_id x; }",
	"cosc a { provider cvm; timeout 500ms; refresh_before 5m; }",
	"cosc a { provider cvm x; endpoint https://[::1]:8443; }",
	'cosc a { provider http "https://h/{Bucket}/{Region}?x=1"; '
		. 'header "A: b"; header "C: d"; }',
	'cosc a { provider auto; } cos_wait 0;',
) {
	my ($status, $output) = try("$perm $good");
	is($status, 0, $good) or diag $output;
}

###############################################################################

sub try {
	my ($text) = @_;
	$text =~ s/\bcosc\b/cos_credentials/g;
	return $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
		. "http {\n%%TEST_GLOBALS_HTTP%%\n$text\n}\n");
}

# Every message names the line, which is the one with "#!".

sub bad {
	my ($name, $text, $message) = @_;

	my ($status, $output) = try($text);
	my @lines = split /\n/, $t->read_file('try.conf');
	my ($line) = grep { $lines[$_ - 1] =~ /#!/ } 1 .. @lines;

	is($status, 1, $name);
	like($output, qr/\[emerg\](?=.*(?:$message))(?s:.*) in \S+try\.conf:$line(?!\d)/,
		"$name message");
	unlike($output, qr/secretkey1/, "$name secret not shown");
}

###############################################################################
