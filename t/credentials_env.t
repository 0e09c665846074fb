#!/usr/bin/perl

# Tests for cos_credentials with provider env: the names of the variables.

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

my $t = Test::COS->new()->plan(32);

my @name = map { "TENCENTCLOUD_$_" } qw/ SECRET_ID SECRETID SECRET_KEY
	SECRETKEY TOKEN SECURITY_TOKEN SESSIONTOKEN /;

$t->cos(credentials => [
	{ secret_id => 'AKIDplain', secret_key => 'environmentkey1' },
	{ secret_id => 'AKIDtoken', secret_key => 'environmentkey2',
		token => 'environment-token' },
]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

my $conf = <<'EOC';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider env; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOC

$t->write_conf($conf);

my @plain = ('AKIDplain', 'environmentkey1');
my @token = ('AKIDtoken', 'environmentkey2');

try('usual names', 'AKIDplain', SECRET_ID => $plain[0],
	SECRET_KEY => $plain[1]);
try('names of SCF', 'AKIDtoken', SECRETID => $token[0],
	SECRETKEY => $token[1], SESSIONTOKEN => 'environment-token');
try('TENCENTCLOUD_TOKEN', 'AKIDtoken', SECRET_ID => $token[0],
	SECRET_KEY => $token[1], TOKEN => 'environment-token');
try('TENCENTCLOUD_SECURITY_TOKEN', 'AKIDtoken', SECRET_ID => $token[0],
	SECRET_KEY => $token[1], SECURITY_TOKEN => 'environment-token');

# the names of the official tools come first

try('all names', 'AKIDtoken', SECRET_ID => $token[0],
	SECRET_KEY => $token[1], TOKEN => 'environment-token',
	SECRETID => 'AKIDwrong', SECRETKEY => 'wrongkey',
	SECURITY_TOKEN => 'wrong-token1', SESSIONTOKEN => 'wrong-token2');

# what is missing

bad('no id', 'TENCENTCLOUD_SECRET_ID', SECRET_KEY => $plain[1]);
bad('no key', 'TENCENTCLOUD_SECRET_KEY', SECRET_ID => $plain[0]);
bad('nothing', 'TENCENTCLOUD_SECRET_ID');
bad('only a token', 'TENCENTCLOUD_SECRET_ID', TOKEN => 'environment-token');

###############################################################################

sub set {
	my (%value) = @_;
	# an empty variable is like none
	$t->env(map { my $n = $_; (my $short = $n) =~ s/TENCENTCLOUD_//;
		$n => defined $value{$short} ? $value{$short} : '' } @name);
}

sub try {
	my ($name, $id, %value) = @_;

	set(%value);
	$t->journal_clear;
	$t->run();

	is(http_get('/a.txt')->body, 'hello', $name);
	my @e = $t->journal;
	is("$e[0]{verified} $e[0]{secret_id}", "1 $id", "$name id");
	is($e[0]{header_list}, $id eq 'AKIDtoken' ? 'host;x-cos-security-token'
		: 'host', "$name token");
	ok($t->stop, "$name stopped");
}

sub bad {
	my ($name, $missing, %value) = @_;

	set(%value);
	my ($status, $text) = $t->try_conf($conf);
	is($status, 1, "$name refused");
	like($text, qr/no "$missing" in the environment.* in \S+try\.conf:\d+$/m,
		"$name message");
	unlike($text, qr/environment(?:key|-token)/, "$name nothing shown");
}

###############################################################################
