#!/usr/bin/perl

# Tests for provider auto: which source it finds, and without asking any.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(13);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
mkdir $t->path('home');
mkdir $t->path('home/.tencentcloud');
mkdir $t->path('empty');

my $text = "secret_id=AKIDfile\nsecret_key=filefilefile\n";
$t->write_file('named', "[default]\n$text");
$t->write_file('home/.tencentcloud/credentials', "[default]\n$text");
$t->secret('filefilefile');

my %secret = (TENCENTCLOUD_SECRET_ID => SECRET_ID,
	TENCENTCLOUD_SECRET_KEY => SECRET_KEY);
my %file = (TENCENTCLOUD_CREDENTIALS_FILE => $t->path('named'));
my %home = (HOME => $t->path('home'));
my %none = (HOME => $t->path('empty'));
my %pod = (TKE_ROLE_ARN => 'qcs::cam::uin/1:roleName/x',
	TKE_PROVIDER_ID => 'x', TKE_WEB_IDENTITY_TOKEN_FILE => '/x');

my $conf = <<"EOF";
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials app { provider auto; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF

is(found(%secret, %file, %home, %pod), 'env', 'environment first');
is(found(%file, %none, %pod), 'file', 'file that is named');
is(found(%home, %pod), 'file', 'file at home');
is(found(TENCENTCLOUD_SECRETID => 'a', TENCENTCLOUD_SECRETKEY => 'b',
	%home), 'env', 'other names');
SKIP: {
	skip 'there is a file for the whole system', 2
		if -e '/etc/tencentcloud/credentials';
	is(found(%none), 'cvm', 'machine');
	is(found(%none, %pod), 'cvm, else "tke"', 'machine, then pod');
}

local $t->{env} = { %none, TENCENTCLOUD_SECRET_ID => 'AKIDx' };
my ($status, $output) = $t->try_conf($conf);
is($status, 1, 'id without a key');
like($output, qr/no "TENCENTCLOUD_SECRET_KEY" in the environment.* in \S+:\d/,
	'said so');

# it works like the one that was found

$t->write_file('named', "[default]\nsecret_id=" . SECRET_ID . "\nsecret_key="
	. SECRET_KEY . "\n");
$t->{env} = { %file };
$t->write_conf($conf);
$t->run();
is(http_get('/a.txt')->body, 'hello', 'file');
is(($t->journal)[-1]{verified}, 1, 'verified');
$t->stop();

$t->{env} = { %secret };
$t->run();
is(http_get('/a.txt')->body, 'hello', 'environment');
is(($t->journal)[-1]{secret_id}, SECRET_ID, 'its id');

ok($t->reload, 'reload') or diag $t->error_log;

###############################################################################

sub found {
	local $t->{env} = { @_ };
	my ($status, $output) = $t->try_conf($conf);
	return "$status $output" if $status;
	my ($found) = $output =~ /"app" has provider "(\w+".*?) in /;
	return 'not said' unless defined $found;
	$found =~ s/"//;
	return $found;
}

###############################################################################
