#!/usr/bin/perl

# Tests for secrets in messages about sources that fail: there are none, also
# where the secret is part of the address.

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
my $POLICY = '{"version":"2.0","statement":[{"effect":"allow",'
	. '"action":["name/cos:GetObject"],"resource":["*"]}]}';
my $S = 'hushhushhush';
my $host = 'x' x 64 . '.example';

my $t = Test::COS->new();
$t->needs('debug');
$t->debug();
$t->allow_tokens_in_log();
$t->secret($S);

my %rules = (status => { status => 403 }, html => { html => "<p>$S" },
	truncated => { truncate => -3 }, stall => { stall => 9 },
	redirect => { redirect => "http://127.0.0.1/?$S" },
	large => { size => 100000 }, cut => { close_after => 100 },
	dropped => { drop => 1 }, types => { wrong_types => 1 },
	error => { error => { Code => 'Denied', Message => $S } },
	header => { status => 401, headers => { 'X-Echo' => $S } },
	length => { length => '+10' });
my @others = qw/ refused unresolved stranger proxy plain role fed pod late /;
my @names = (sort(keys %rules), @others);
$t->plan(@names + 3);

$t->cos();
$t->issuer(paths => [qr/sts/]);
$t->issuer(port => 8090, tls => 'unknown_ca');
$t->issuer_control({ rules => [
	(map { { path_re => qr/n=$_&/, %{$rules{$_}} } } keys %rules),
	(map { { action => $_, error => { Code => 'Denied', Message => $S } } }
		qw/ AssumeRole GetFederationToken AssumeRoleWithWebIdentity /),
	{ truncate => -3 },
] });

$t->write_file('identity', "$S.identity");
$t->env(TKE_PROVIDER_ID => 'tke-1', TKE_ROLE_ARN => $ARN,
	TKE_WEB_IDENTITY_TOKEN_FILE => $t->path('identity'),
	https_proxy => "http://user:$S\@127.0.0.1:" . $t->port(8099));

my ($url, $tls) = ($t->issuer_url, $t->issuer_url(8090));
(my $plain = $url) =~ s/http/https/;
my $ca = $t->issuer_ca(8090);
my $more = "header \"X-Secret: $S\"; header \"Authorization: Bearer $S\"; "
	. 'timeout 1s;';
my $blocks = join '', map { "cos_credentials $_ { provider http "
	. "$url/sts?n=$_&secret=$S; $more }\n" } sort keys %rules;

$t->write_conf(<<"EOC");
%%TEST_GLOBALS%%
env https_proxy;
env no_proxy=127.0.0.1;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    $blocks
    cos_credentials refused { provider http http://127.0.0.1:8099/$S; $more }
    cos_credentials unresolved { provider http http://$host/$S?$S; $more }
    cos_credentials stranger { provider http $tls/sts?$S; $more
                               trusted_certificate $ca; }
    cos_credentials plain { provider http $plain/sts?$S; $more }
    cos_credentials proxy { provider http https://sts.example/?$S; $more }
    cos_credentials perm { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }
    cos_credentials role { provider assume_role $ARN; base perm;
                           external_id $S; endpoint $url; }
    cos_credentials fed { provider federation; base perm; policy '$POLICY';
                          endpoint $url; }
    cos_credentials pod { provider tke; endpoint $url; }
    cos_credentials late { provider cvm; endpoint $url; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=perm;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOC
$t->run();

for my $name (@names) {
	ok($t->waitforlog(qr/cos_credentials "$name" could not be updated/, 8),
		"$name: fails") or diag $t->error_log =~ /(.*cos_credentials .*)/g;
}
diag $t->error_log =~ /(.*could not be.*\n)/g if $ENV{TEST_VERBOSE_LOG};

# what libcurl would print in its own words

unlike($t->error_log . $t->stderr_log, qr/^[*<>{}] |X-Secret|Bearer|X-TC-/m,
	'nothing of an exchange');
unlike($t->error_log, qr/secret=|sts\?/, 'no address');
ok($t->stop, 'stopped');

###############################################################################
