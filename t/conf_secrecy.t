#!/usr/bin/perl

# Tests for mistakes in a configuration beside a secret, which no message has.

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

my $S = 'hushhushhush';
my $static = 'provider static; secret_id AKID;';
my $http = 'provider http http://h/;';

my @cases = (
['duplicate key', "$static secret_key $S; secret_key $S;"],
['key with an argument', "$static secret_key $S $S;"],
['key without an end', "$static secret_key $S }"],
['key and what follows', "$static secret_key $S\n token $S;"],
['key with a quote', "$static secret_key \"$S\"x;"],
['key with an open quote', "$static secret_key \"$S;"],
['key with a block', "$static secret_key $S { }"],
['key of another name', "$static secretkey $S;"],
['key without a name', "$static \"$S\";", 1],
['key of another provider', "provider cvm; secret_key $S;"],
['id of a bad kind', "provider static; secret_id \"$S&\"; secret_key $S;"],
['long key', "$static secret_key " . $S x 100 . ';'],
['token of a bad kind', "$static secret_key k; token \"$S \";"],
['token without a key', "$static token $S;"],
['header without a colon', "$http header $S;"],
['header with a line', "$http header \"A: b\\n$S\";"],
['header with two arguments', "$http header A: $S;"],
['header of another provider', "provider cvm; header \"A: $S\";"],
['too many headers', $http . "header \"A: $S\";" x 9],
['user in a URL', "provider http http://user:$S\@h/;"],
['other scheme', "provider http ftp://user:$S\@h/;"],
['space in a URL', "provider http \"http://h/ ?$S\";"],
['fragment of a URL', "provider http \"http://h/#$S\";"],
['port of a URL', "provider http \"http://h:$S/\";"],
['URL and an argument', "provider http http://h/?$S x;"],
['user in an endpoint', "provider cvm; endpoint http://user:$S\@h;"],
['query of an endpoint', "provider cvm; endpoint http://h/?$S;"],
['duplicate endpoint', "provider cvm; endpoint http://h/?$S;"
	. "endpoint http://h/?$S;"],
);

$t->plan(3 * @cases + 15);

for (@cases) {
	my ($name, $text, $shown) = @$_;
	my ($status, $output) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
		. "http {\n%%TEST_GLOBALS_HTTP%%\ncos_credentials a {\n$text\n}\n}\n");
	is($status, 1, $name);
	like($output, qr/\[emerg\]/, "$name: message");
	# what stands in the place of a name is taken for one
	$shown ? like($output, qr/unknown parameter "$S"/, "$name: shown")
		: unlike($output, qr/$S/, "$name: not shown");
}

# neither what is read elsewhere

for my $case (
	['JSON', "{\"tmpSecretKey\":\"$S\"", qr/invalid JSON/],
	['types', "{\"tmpSecretId\":[\"$S\"],\"tmpSecretKey\":\"$S\"}", qr/string/],
	['INI', "[default]\n$S\n", qr/invalid line/],
	['section', "[$S\n", qr/invalid section/],
	['no id', "[default]\nsecret_key=$S\n", qr/no secret id/],
) {
	my ($name, $text, $message) = @$case;
	$t->write_file('credential', $text);
	my ($status, $output) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
		. "http {\n%%TEST_GLOBALS_HTTP%%\n"
		. "cos_credentials a { provider file credential; }\n}\n");
	is($status, 1, "file, $name");
	like($output, $message, "file, $name: message");
	unlike($output, qr/$S/, "file, $name: not shown");
}

###############################################################################
