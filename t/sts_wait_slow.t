#!/usr/bin/perl

# Tests for cos_sts: one that is about to end is kept back for the next one.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use JSON::PP ();
use Time::HiRes qw/ time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(5);

$t->issuer();
$t->issuer_control({ rules => [{ times => 1, life => 24 },
	{ times => 1, status => 500 }, { life => 600 }] });

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php; vend on; }
    server {
        listen 127.0.0.1:8080;
        location = /sts { cos_sts a; cos_wait 10s; }
        location = /once { cos_sts a; cos_wait 0; }
    }
}
EOF
$t->run();

# A life of 24 seconds, 20 of which may be left, is handed out for two less; the
# first attempt to get the next one fails, about then, and the second one
# follows a second later.

my $first = JSON::PP::decode_json(http_get('/sts')->body);
my ($issued) = $t->issued;
is($first->{expiredTime}, $issued->{expires} - 2, 'a tenth before the end');

my $r;
$t->wait_until(sub { time() >= $first->{expiredTime} + 0.1 }, 25);
my $once = http_get('/once');
my $got = JSON::PP::decode_json(http_get('/sts')->body);

isnt($got->{credentials}{tmpSecretId}, $first->{credentials}{tmpSecretId},
	'next one');
cmp_ok($got->{expiredTime}, '>', $first->{expiredTime} + 500, 'has life');
ok($once->status == 503 || $once->body !~
	$first->{credentials}{tmpSecretId}, 'never the one that ends');
is(scalar(() = $t->issuer_journal), 3, 'fetches');

###############################################################################
