#!/usr/bin/perl

# Tests for a byte order mark before the text of a credential file.

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

my $t = Test::COS->new()->plan(2);

my $conf = <<'EOC';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider file cred; }
}

EOC

$t->write_file('cred', "\xef\xbb\xbf[default]\r\nsecret_id = AKID1\r\n"
	. "secret_key = secretkey1\r\n");
my ($status, $text) = $t->try_conf($conf);
is($status, 0, 'ini') or diag $text;

$t->write_file('cred', "\xef\xbb\xbf{\"secretId\":\"AKID1\","
	. '"secretKey":"secretkey1"}');
($status, $text) = $t->try_conf($conf);
is($status, 0, 'json') or diag $text;

###############################################################################
