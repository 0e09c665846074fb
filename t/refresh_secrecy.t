#!/usr/bin/perl

# Tests for secrets that come from sources: not in a log, at any level.

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

my $ARN = 'qcs::cam::uin/100000000001:roleName/cos-proxy';

my $t = Test::COS->new();
$t->needs('debug')->plan(12);
$t->debug();

# requests to COS are logged at this level, with their headers
$t->allow_tokens_in_log();

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 5, roles => ['gateway'], web_identity_token_file =>
	'identity', require => { 'X-Secret' => 'open-sesame' });
$t->write_file('identity', 'first.identity.token');
$t->env(TKE_PROVIDER_ID => 'tke-1', TKE_ROLE_ARN => $ARN,
	TKE_WEB_IDENTITY_TOKEN_FILE => $t->path('identity'));

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials perm { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }
    cos_credentials cvm { provider cvm; endpoint $url; }
    cos_credentials php { provider http $url/sts.php;
                          header "X-Secret: open-sesame"; }
    cos_credentials role { provider assume_role $ARN; base cvm;
                           endpoint $url; }
    cos_credentials pod { provider tke; endpoint $url; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=perm;
    server {
        listen 127.0.0.1:8080;
        location /cvm/ { cos_pass images-1250000000/ credentials=cvm; }
        location /php/ { cos_pass images-1250000000/ credentials=php; }
        location /role/ { cos_pass images-1250000000/ credentials=role; }
        location /pod/ { cos_pass images-1250000000/ credentials=pod; }
    }
}
EOF
$t->run();

for (qw/ cvm php role pod /) {
	is(http_get("/$_/a.txt")->body, 'hello', $_) or diag $t->error_log;
}

# and when sources fail, with secrets in what they answer

$t->issuer_control({ rules => [{ truncate => -3 }] });
for (qw/ cvm php role pod /) {
	ok($t->waitforlog(qr/cos_credentials "$_" could not be updated/, 6),
		"$_ fails");
}
$t->reload;
$t->issuer_control();

my $log = $t->error_log . $t->access_log . $t->stderr_log;
my @keys = map { $_->{secret_key} } $t->issued;
is(scalar(grep { index($log, $_) >= 0 } @keys), 0, 'no key');
unlike($log, qr/open-sesame/, 'no header');
unlike($log, qr/first\.identity/, 'no identity');
unlike($log, qr/TC3-HMAC/, 'no signature to STS');

###############################################################################
