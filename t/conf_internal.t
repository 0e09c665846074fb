#!/usr/bin/perl

# Tests for names of variables that are nearly internal, or are in other letters.

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

my $t = Test::COS->new()->needs(qw/ rewrite map /)->plan(36);

my $bucket = 'cos_credentials a { provider static; secret_id a;'
	. ' secret_key secretkey1; } cos_bucket i-1 r;';

# as short as a name can be, and as near

accepted("set \$$_ 1;", "set \$$_") for qw/ c cos cos_ cos_i cos_internal
	co cos_interna cos_internals Cos_I cos-internal /;
accepted('set $c 1; set $cos 1; set $cos_i 1;', 'all of them');
accepted('return 200 "$c$cos$cos_i"; set $c 1; set $cos 1; set $cos_i 1;',
	'used');

# the prefix is not to be had, whatever follows it

refused("set \$$_ 1;", "set \$$_") for qw/ cos_internal_authorization
	cos_internal_token cos_internal_private cos_internal_urls
	cos_internal_url_x cos_internal_ur cos_internal_x /;

refused("add_header X-A \$$_;", "add_header \$$_") for
	qw/ cos_internal_private Cos_Internal_Private cos_internal_Token
	COS_internal_Authorization cos_INTERNAL_authorization /;

refused("proxy_set_header X-A \$$_;", "proxy_set_header \$$_") for
	qw/ Cos_internal_authorization COS_internal_token cOs_InTeRnAl_ToKeN
	cos_internal_Authorization cos_internal_private Cos_Internal_Private /;
refused("proxy_set_header X-A \"a\${$_}b\";", "proxy_set_header \${$_}") for
	qw/ Cos_internal_authorization cos_internal_TOKEN /;

refused("proxy_cache_key \$$_;", "proxy_cache_key \$$_") for
	qw/ Cos_internal_authorization cos_internal_TOKEN /;

refused("proxy_no_cache \$cos_internal_private;", 'proxy_no_cache');
refused("proxy_cache_bypass \$cos_internal_private;", 'proxy_cache_bypass');

###############################################################################

sub test {
	my ($text) = @_;
	return $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
		. "http {\n%%TEST_GLOBALS_HTTP%%\n$bucket\n"
		. "server { location / { cos_pass i-1; $text } }\n}\n");
}

sub accepted {
	my ($text, $name) = @_;
	my ($status, $out) = test($text);
	is($status, 0, $name) or diag $out;
}

sub refused {
	my ($text, $name) = @_;
	my ($status, $out) = test($text);
	ok($status == 1 && $out =~ /\[emerg\].*internal/i, $name) or diag $out;
}

###############################################################################
