#!/usr/bin/perl

# Tests for provider auto: what comes after a machine that has no role.

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

# without a network nothing can be resolved, and the log says what was tried

my $t = Test::COS->new();
$t->skip_all('must be root and have unshare')
	if $> || system('unshare -n true 2>/dev/null');
$t->plan(5);

my $binary = Test::COS::Nginx::binary();
$t->write_file('nginx.sh', "#!/bin/sh\nexec unshare -n '$binary' \"\$\@\"\n");
chmod 0755, $t->path('nginx.sh');

mkdir $t->path('empty');
$t->write_file('identity', 'first.identity.token');
$t->env(HOME => $t->path('empty'), TKE_PROVIDER_ID => 'tke-1',
	TKE_ROLE_ARN => 'qcs::cam::uin/1:roleName/x',
	TKE_WEB_IDENTITY_TOKEN_FILE => $t->path('identity'));

$t->write_conf(<<'EOF');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials app { provider auto; timeout 1s; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen unix:%%TESTDIR%%/sock;
             location / { cos_pass images-1250000000; } }
}
EOF
{
	local $ENV{TEST_NGINX_BINARY} = $t->path('nginx.sh');
	$t->run();
}

my $re = qr/cos_credentials "app" could not be updated from/;
ok($t->waitforlog(qr/$re "cvm": .*resolve host: metadata\.tencentyun\.com/, 5),
	'machine');
ok($t->waitforlog(qr/$re "tke": .*resolve host: sts\.\S*tencentcloudapi\.com/,
	5), 'pod') or diag $t->error_log =~ /(.*$re "tke".*)/;
ok($t->wait_until(sub { 2 <= (() = $t->error_log =~ /$re "cvm"/g) }, 8),
	'machine again');
unlike($t->error_log, qr/first\.identity/, 'identity is not in the log');
ok($t->stop, 'stopped');

###############################################################################
