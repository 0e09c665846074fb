#!/usr/bin/perl

# Tests for mistakes with cos_sts and "vend": file and line.

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

my $perm = 'cos_credentials perm { provider static; secret_id a; '
	. 'secret_key secretkey1; }';
my $fed = "$perm\ncosc fed { provider federation; base perm; policy '{}'; "
	. 'vend on; }';
my $php = 'cosc php { provider http "http://h/?b={Bucket}"; vend on; }';
my $one = 'cosc one { provider http http://h/; vend on; }';
my $bucket = 'cos_bucket images-1250000000 ap-guangzhou credentials=one '
	. 'alias=images protocol=http endpoint=127.0.0.1:8081;';
my $role = 'provider assume_role qcs::cam::uin/1:roleName/x; base perm;';

my @cases = (

# what hands out more than was meant

(map { ["$_ cannot be handed out", "cosc a { provider $_; vend on; } #!",
	"cannot have \"vend\" with provider \"[a-z]+\""] }
	'static', 'env', 'file f', 'cvm', 'cvm role', 'tke', 'auto'),
['assume_role without a policy', "$perm\ncosc a { $role vend on; } #!",
	'"a" must have "policy" with "vend on"'],
['vended base', "$one\ncosc a { provider assume_role x; base one; } #!",
	'"one" has "vend on" and cannot be a base'],
['vend is off', "cosc a { provider http http://h/; }\n"
	. "server { location = /sts {\ncos_sts a; #!\n} }",
	'"a" must have "vend on" to be handed out'],
['vend said off', "cosc a { provider http http://h/; vend off; }\n"
	. "server { location = /sts {\ncos_sts a; #!\n} }",
	'"a" must have "vend on" to be handed out'],
['static', "$perm\nserver { location = /sts {\ncos_sts perm; #!\n} }",
	'"perm" must have "vend on" to be handed out'],

(map { ["vend $_", "cosc a {\nprovider http http://h/;\nvend \"$_\"; #!\n}",
	"invalid value \"$_\" of \"vend\""] } 'yes', '1', '', 'ON'),
['vend twice', "cosc a {\nprovider http http://h/;\nvend on;\nvend on; #!\n}",
	'"vend" is duplicate'],

# cos_sts

['unknown block', "server { location = /sts {\ncos_sts nobody; #!\n} }",
	'unknown cos_credentials "nobody"'],
['placeholders', "$one\n$bucket\n$php\nserver { location = /sts {\n"
	. "cos_sts php; #!\n} }", '"php" has placeholders, name a bucket'],
['no placeholders', "$one\n$bucket\nserver { location = /sts {\n"
	. "cos_sts one images; #!\n} }", '"one" has no placeholders'],
['unknown bucket', "$php\nserver { location = /sts {\n"
	. "cos_sts php other-1250000000; #!\n} }",
	'bucket "other-1250000000" is not declared'],
['twice', "$one\nserver { location = /sts {\ncos_sts one;\n"
	. "cos_sts one; #!\n} }", '"cos_sts" directive is duplicate'],
['beside proxy_pass', "$one\nserver { location = /sts {\n"
	. "proxy_pass http://127.0.0.1:8081;\ncos_sts one; #!\n} }",
	'cannot be used beside another content handler'],
['before proxy_pass', "$one\nserver { location = /sts {\ncos_sts one; #!\n"
	. "proxy_pass http://127.0.0.1:8081;\n} }",
	'cannot be used beside another content handler'],
['beside cos_pass', "$one\n$bucket\nserver { location = /sts {\n"
	. "cos_pass images;\ncos_sts one; #!\n} }",
	'cannot be used beside another content handler'],
['before cos_pass', "$one\n$bucket\nserver { location = /sts {\n"
	. "cos_sts one;\ncos_pass images; #!\n} }",
	'cannot be used beside another content handler'],
['server', "$one\nserver {\ncos_sts one; #!\n}",
	'"cos_sts" directive is not allowed here'],
['no name', "server { location = /sts {\ncos_sts; #!\n} }",
	'invalid number of arguments in "cos_sts"'],
['three names', "server { location = /sts {\ncos_sts a b c; #!\n} }",
	'invalid number of arguments in "cos_sts"'],
);

my @good = (
	"$fed\nserver { location = /sts { cos_sts fed; } }",
	"$perm\ncosc a { $role policy '{}'; vend on; }\n"
		. 'server { location = /sts { cos_sts a; } }',
	"$one\nserver { location = /sts { cos_sts one; } "
		. 'location = /too { cos_sts one; } }',
	"$one\n$bucket\n$php\nserver { location = /sts { cos_sts php images; } "
		. 'location = /too { cos_sts php images-1250000000; } }',
	"server { location = /sts { cos_sts one; } }\n$one",
	"$perm\ncosc a { $role vend off; }",
);

$t->plan(3 * @cases + @good);

bad(@$_) for @cases;

for my $good (@good) {
	my ($status, $output) = try($good);
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
