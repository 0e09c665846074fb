#!/usr/bin/perl

# Tests for secrets in logs, error pages and responses: there are none.

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

my $t = Test::COS->new()->needs('debug');

$t->debug();
$t->allow_tokens_in_log();
$t->plan(17);

my %secret = (key => 'staticsecretkey1', token => 'static-session-token-1',
	file => 'filesecretkey02', file_token => 'file-session-token-2',
	env => 'environmentkey3', env_token => 'environment-token-3',
	expired => 'expiredkey04', expired_token => 'expired-session-token-4',
	broken => 'brokenkey05', broken_token => 'broken-session-token-5');

$t->env(TENCENTCLOUD_SECRET_ID => 'AKID3',
	TENCENTCLOUD_SECRET_KEY => $secret{env},
	TENCENTCLOUD_TOKEN => $secret{env_token});
$t->cos(credentials => [
	{ secret_id => 'AKID1', secret_key => $secret{key},
		token => $secret{token} },
	{ secret_id => 'AKID2', secret_key => $secret{file},
		token => $secret{file_token} },
	{ secret_id => 'AKID3', secret_key => $secret{env},
		token => $secret{env_token} }]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_file('cred', sts('AKID2', $secret{file}, $secret{file_token},
	4000000000));
$t->write_file('expired', sts('AKID4', $secret{expired},
	$secret{expired_token}, 1));

my $conf = <<'EOF';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    log_format all "$request $cos_bucket $cos_key $cos_host $cos_action "
                   "$cos_credentials $cos_credentials_expire $cos_error_code "
                   "$cos_request_id $http_authorization $proxy_host "
                   "$upstream_http_authorization $upstream_addr "
                   "$http_x_cos_security_token";
    access_log %%TESTDIR%%/all.log all;

    cos_credentials literal {
        provider    static;
        secret_id   AKID1;
        secret_key  staticsecretkey1;
        token       static-session-token-1;
    }

    cos_credentials file    { provider file cred; }
    cos_credentials env     { provider env; }
    cos_credentials expired { provider file expired; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=literal;
    cos_bucket nobody-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8089 credentials=literal;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /literal/ { cos_pass images-1250000000; }
        location /file/    { cos_pass images-1250000000 credentials=file; }
        location /env/     { cos_pass images-1250000000 credentials=env; }
        location /expired/ { cos_pass images-1250000000 credentials=expired; }
        location /refused/ { cos_pass nobody-1250000000; }
    }
}

EOF

$t->write_conf($conf);
$t->run();

my $answers = '';
for my $name (qw/ literal file env /) {
	my $r = http_get("/$name/a.txt");
	is($r->body, 'hello', $name);
	$answers .= $r;
}

# what goes wrong

is(http_get('/expired/a.txt')->status, 503, 'expired');
is(http_get('/refused/a.txt')->status, 502, 'no connection');
$answers .= http_get($_) for '/expired/a.txt', '/refused/a.txt',
	'/literal/?acl', '/literal/none', '/literal/a.txt?x';
$answers .= http_delete('/literal/a.txt');

$t->control({ credentials => [{ secret_id => 'AKID1',
	secret_key => 'another one' }] });
my $r = http_get('/literal/a.txt');
is($r->status, 403, 'wrong secret');
$answers .= $r;
$t->control();

$t->write_file('new', '{"tmpSecretId":"AKID5","tmpSecretKey":'
	. qq("$secret{broken}","sessionToken":"$secret{broken_token}","x":}));
rename $t->path('new'), $t->path('cred');
ok($t->waitforlog(qr/invalid JSON in/), 'broken file');
ok($t->reload || $t->error_log =~ /cannot read cos_credentials "file"/,
	'reload with a broken file');

my %signature;
for my $e ($t->journal) {
	/q-signature=([0-9a-f]{40})/ and $signature{$1} = 1
		for map { $_->[1] } @{$e->{headers}};
}
cmp_ok(scalar keys %signature, '>', 2, 'signatures');

# proxy itself logs what it sends, at the debug level; nothing else does

my $sent = qr/(?:\[debug\].*(?:http\ script\ var:|http\ proxy\ header:)
	|^(?:x-cos-security-token|Authorization):\ )/x;
my $key = join '|', grep { !/token/ } values %secret;
my $token = join '|', (grep { /token/ } values %secret), keys %signature;
my @lines = split /\n/, $t->error_log;

is(join("\n", grep { /$key/ } @lines), '', 'no key in the error log');
is(join("\n", grep { /$token/ && !/$sent/ } @lines), '',
	'no token or signature in the error log');
ok(scalar(grep { /$token/ } @lines), 'the log would show them');
unlike($t->read_file('all.log'), qr/$key|$token/, 'access log');
unlike($answers, qr/(?:$key|$secret{token}|$secret{file_token})/, 'answers');
unlike($answers, qr/(?i)^(?:authorization|x-cos-security-token):/m,
	'headers of answers');

# nginx -t and -T show nothing but the configuration

my ($status, $text) = $t->try_conf($conf);
is($status, 1, 'nginx -t with a broken file');
unlike($text, qr/$key|$token/, 'nginx -t');

$t->allow_alerts(qr/invalid JSON in|cannot read cos_credentials "file"/);

###############################################################################

sub sts {
	return sprintf '{"credentials":{"tmpSecretId":"%s","tmpSecretKey":"%s",'
		. '"sessionToken":"%s"},"expiredTime":%s}', @_;
}

###############################################################################
