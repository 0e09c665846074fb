#!/usr/bin/perl

# Tests for mistakes in cos_allow, cos_sign and cos_sign_headers.

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

['unknown action', 'cos_allow GetObjects; #!', '"GetObjects"'],
['unknown group', 'cos_allow everything; #!', '"everything"'],
['all', 'cos_allow *; #!', '"\*"'],
['with the service', 'cos_allow name/cos:GetObject; #!',
	'"name/cos:GetObject"'],
['second one unknown', 'cos_allow read write foo; #!', '"foo"'],
['unknown feature', 'cos_allow read acls; #!', '"acls"'],
['empty', 'cos_allow ""; #!', '""'],
['lower case action', 'cos_allow getobject; #!', '"getobject"'],
['no argument', 'cos_allow; #!', 'invalid number of arguments'],
['duplicate', "cos_allow read;\ncos_allow write; #!",
	'"cos_allow" directive is duplicate'],
['in a server', "server {\ncos_allow foo; #!\n}", '"foo"'],
['in a location', "server { location / {\ncos_allow read foo; #!\n} }",
	'"foo"'],
['in if', "server { location / { if (\$arg_x) {\ncos_allow read; #!\n} } }",
	'"cos_allow" directive is not allowed here'],

['cos_sign', 'cos_sign maybe; #!', 'invalid value "maybe"'],
['cos_sign, upper case', "cos_sign On_; #!", 'invalid value "On_"'],
['cos_sign, empty', 'cos_sign ""; #!', 'invalid value ""'],
['cos_sign without value', 'cos_sign; #!', 'invalid number of arguments'],
['cos_sign with two values', 'cos_sign on off; #!',
	'invalid number of arguments'],
['cos_sign twice', "cos_sign on;\ncos_sign off; #!",
	'"cos_sign" directive is duplicate'],
['cos_sign in a location', "server { location / {\ncos_sign yes; #!\n} }",
	'invalid value "yes"'],

(map { ["sign $_", "cos_sign_headers $_; #!",
	"header \"\L$_\E\" cannot be signed" ] } qw/ host Host range Range
	content-length Content-Length authorization connection cookie expect
	if-match If-None-Match if-modified-since if-unmodified-since if-range
	te transfer-encoding upgrade x-cos-security-token keep-alive /),
['second one', 'cos_sign_headers cache-control RANGE; #!',
	'header "range" cannot be signed'],
['empty header', 'cos_sign_headers ""; #!', 'cos_sign_headers|header ""'],
['not a header', 'cos_sign_headers "a b"; #!', '"a b"'],
['header with colon', 'cos_sign_headers cache-control:; #!',
	'"cache-control:"'],
['cos_sign_headers without value', 'cos_sign_headers; #!',
	'invalid number of arguments'],
(map { ["cos_presign_expires $_", "cos_presign_expires $_; #!",
	'"cos_presign_expires" directive ' . (/[1x"]/ ? 'invalid value'
	: 'must not be zero')] } 0, '0s', 'x', '-1', '""', '1ms'),
['cos_presign_expires twice', "cos_presign_expires 1m;\n"
	. "cos_presign_expires 2m; #!", '"cos_presign_expires" directive is dup'],
['cos_sign_headers twice', "cos_sign_headers origin;\ncos_sign_headers a; #!",
	'"cos_sign_headers" directive is duplicate'],
);

$t->plan(2 * @cases + 1);
bad(@$_) for @cases;

my ($status, $text) = $t->try_conf(<<'EOF');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_allow read write list delete acl copy response_override image sse
              callback tagging GetObject PutObject GetBucket
              InitiateMultipartUpload;
    cos_sign_headers cache-control origin;
    server {
        cos_sign off;
        cos_allow GetObject GetObject read;
        location / { cos_sign unless_signed; cos_allow read; }
        location /a { cos_sign on; cos_sign_headers content-disposition; }
    }
}
EOF
is($status, 0, 'good') or diag $text;

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
