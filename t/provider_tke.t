#!/usr/bin/perl

# Tests for provider tke: the role of a pod, with a token that is replaced.

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

my $ARN = 'qcs::cam::uin/100000000001:roleName/pod';

my $t = Test::COS->new()->plan(20);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->write_file('identity', "first.identity.token\n");
$t->secret(map { "$_.identity.token" } qw/ first second third /);
$t->issuer(life => 5, role_arn => $ARN, provider_id => 'tke-1',
	web_identity_token_file => 'identity');
$t->env(TKE_PROVIDER_ID => 'tke-1', TKE_ROLE_ARN => $ARN,
	TKE_REGION => 'ap-shanghai',
	TKE_WEB_IDENTITY_TOKEN_FILE => $t->path('identity'));

my $url = $t->issuer_url;
my $conf = <<"EOF";
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials pod { provider tke; endpoint $url; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->write_conf($conf);
$t->run();

is(http_get('/a.txt')->body, 'hello', 'read') or diag $t->error_log;
is(($t->journal)[-1]{verified}, 1, 'verified');

my ($s) = $t->issuer_journal;
is($s->{action}, 'AssumeRoleWithWebIdentity', 'action');
is($s->{params}{WebIdentityToken}, 'first.identity.token', 'token');
is($s->{params}{ProviderId}, 'tke-1', 'provider');
is($s->{params}{RoleArn}, $ARN, 'role');
ok($s->{params}{RoleSessionName}, 'session');
is(header($s, 'Authorization'), 'SKIP', 'not signed');
is(header($s, 'X-TC-Region'), 'ap-shanghai', 'region');
is(header($s, 'X-TC-Token'), undef, 'no token in a header');

# the file is read at each renewal

$t->write_file('identity.new', 'second.identity.token');
rename $t->path('identity.new'), $t->path('identity');
ok($t->wait_until(sub { grep { $_->{params}{WebIdentityToken}
	eq 'second.identity.token' && $_->{issued} } $t->issuer_journal }, 6),
	'new token');
is(http_get('/a.txt')->body, 'hello', 'read again');

# what cannot be a token is not sent, with its name but not what is in it

$t->write_file('identity.new', "third.identity.token\xff");
rename $t->path('identity.new'), $t->path('identity');
ok($t->waitforlog(
	qr/"pod" could not be updated from "tke": invalid token in "\S+identity"/, 6),
	'token that is not text');
is(http_get('/a.txt')->body, 'hello', 'old credential serves');

my $n = () = $t->error_log =~ /"pod" updated/g;
$t->write_file('identity.new', "second.identity.token\n");
rename $t->path('identity.new'), $t->path('identity');
ok($t->wait_until(sub { $n < (() = $t->error_log =~ /"pod" updated/g) }, 8),
	'token that is text again');

# without the file the old credential serves on

unlink $t->path('identity');
ok($t->waitforlog(qr/"pod" could not be updated from "tke": cannot open/, 6),
	'no file');
is(http_get('/a.txt')->body, 'hello', 'old credential');
unlike($t->error_log, qr/identity\.token/, 'token not in the log');

# what is in the environment is needed

for my $name (qw/ TKE_ROLE_ARN TKE_WEB_IDENTITY_TOKEN_FILE /) {
	local $t->{env} = { %{$t->{env}}, $name => '' };
	my ($status, $output) = $t->try_conf($conf);
	like($output, qr/must have "\$$name" with provider "tke" in/, "no $name");
}

###############################################################################

sub header {
	my ($entry, $name) = @_;
	my ($value) = map { $_->[1] } grep { lc $_->[0] eq lc $name }
		@{$entry->{headers}};
	return $value;
}

###############################################################################
