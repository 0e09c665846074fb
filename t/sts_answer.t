#!/usr/bin/perl

# Tests for cos_sts: the answer, and that it asks STS for nothing.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use JSON::PP ();
use Time::Local qw/ timegm /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $POLICY = '{"version":"2.0","statement":[{"effect":"allow",'
	. '"action":["name/cos:PutObject"],"resource":["*"]}]}';

my $t = Test::COS->new()->plan(42);

$t->cos();
$t->issuer(life => 7200);

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { worker_connections 1024; }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials base { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }
    cos_credentials uploader { provider federation; base base; vend on;
                               endpoint $url; policy '$POLICY'; }
    cos_credentials role { provider assume_role
                               qcs::cam::uin/100000000001:roleName/up;
                           base base; endpoint $url; policy '$POLICY';
                           vend on; }
    cos_credentials php { provider http $url/sts.php; vend on; }
    log_format sts '\$uri \$cos_credentials \$cos_credentials_expire '
                   '\$cos_request_id';
    access_log %%TESTDIR%%/sts.log sts;
    server {
        listen 127.0.0.1:8080;
        location = /sts { cos_sts uploader; }
        location /role { cos_sts role; }
        location /php { cos_sts php; }
    }
}
EOF
$t->run();

my $r = http_get('/sts');
is($r->status, 200, 'status') or diag $t->error_log;
is($r->header('Content-Type'), 'application/json', 'type');
is(join('; ', $r->header_all('Cache-Control')), 'no-store', 'not stored');
is($r->header('ETag'), undef, 'no ETag');

my $got = JSON::PP::decode_json($r->body);
is_deeply([sort keys %$got],
	[qw/ credentials expiration expiredTime requestId startTime /], 'form');
is_deeply([sort keys %{$got->{credentials}}],
	[qw/ sessionToken tmpSecretId tmpSecretKey /], 'credentials');
$t->wait_until(sub { -s $t->path('sts.log') }, 5);
is($got->{requestId}, $t->read_file('sts.log') =~ /(\w+)\n\z/ && $1,
	'request id');

my ($issued) = grep { $_->{secret_id} eq $got->{credentials}{tmpSecretId} }
	$t->issued;
ok($issued, 'what was issued');
is($got->{credentials}{tmpSecretKey}, $issued->{secret_key}, 'key');
is($got->{credentials}{sessionToken}, $issued->{token}, 'token');

# the window of a client that signs with startTime;expiredTime

cmp_ok(abs($got->{startTime} - $issued->{started} + 60), '<=', 6, 'start');
is($got->{expiredTime}, $issued->{expires} - 30, 'end');
like($got->{expiration}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/, 'RFC 3339');
my ($y, $m, $d, $h, $i, $s) = $got->{expiration} =~ /(\d+)/g;
is(timegm($s, $i, $h, $d, $m - 1, $y), $got->{expiredTime}, 'the same time');

is(http_request(method => 'PUT', uri => '/a.txt', body => 'hello',
	port => 8081, host => 'images-1250000000.cos.ap-guangzhou.myqcloud.com',
	sign => { secret_id => $got->{credentials}{tmpSecretId},
		secret_key => $got->{credentials}{tmpSecretKey},
		token => $got->{credentials}{sessionToken},
		start => $got->{startTime},
		expires => $got->{expiredTime} - $got->{startTime} })->status, 200,
	'works');
$t->journal_clear;

# the other providers, the other methods

for my $name (qw/ role php /) {
	my $c = eval { JSON::PP::decode_json(http_get("/$name")->body) }
		->{credentials};
	ok(scalar(grep { $_->{secret_id} eq $c->{tmpSecretId}
		&& $_->{token} eq $c->{sessionToken} } $t->issued), $name);
	isnt($c->{tmpSecretId}, $got->{credentials}{tmpSecretId}, "$name, own");
}

my $first = $r->body =~ s/"requestId":"\w+"//r;
for my $request (['GET', '/sts?x=1&acl'], ['POST', '/sts', 'a=b' x 50000],
	['POST', '/sts', '{}'], ['GET', '/sts', undef, 'If-Match' => '"x"',
	'If-None-Match' => '*', Range => 'bytes=0-9'])
{
	my ($method, $uri, $body, %headers) = @$request;
	$r = http_request(method => $method, uri => $uri, body => $body,
		headers => \%headers);
	is($r->status, 200, "$method $uri");
	is($r->body =~ s/"requestId":"\w+"//r, $first, "$method $uri, body");
}
my $conn = http_connect();
for (1, 2) {
	$r = http("POST /sts HTTP/1.1\r\nHost: localhost\r\n"
		. "Content-Length: 100\r\n\r\n" . 'x' x 100, conn => $conn);
	is($r->status, 200, "connection used, $_");
}
$conn->close;

$r = http_request(method => 'HEAD', uri => '/sts');
is($r->status, 200, 'HEAD');
is($r->header('Content-Length'), length http_get('/sts')->body, 'HEAD length');
is($r->body, '', 'HEAD body');
for my $method (qw/ PUT DELETE OPTIONS /) {
	$r = http_request(method => $method, uri => '/sts');
	is($r->status, 405, $method);
	is($r->code, 'MethodNotAllowed', "$method, code");
}

# two hundred clients, and one that was fetched for them all

my @conn = map { my $c = http_connect(); $c->send("GET /sts HTTP/1.1\r\n"
	. "Host: localhost\r\nConnection: close\r\n\r\n"); $c } 1 .. 200;
is(scalar(grep { index($_->read_response->body,
	$got->{credentials}{tmpSecretId}) > 0 } @conn), 200, '200 clients');
is_deeply([sort map { $_->{action} } $t->issuer_journal],
	['AssumeRole', 'GetFederationToken', 'http'], 'one fetch each');
is(scalar(() = $t->journal), 0, 'nothing sent to COS');

like($t->read_file('sts.log'), qr/ uploader $issued->{expires} \w+$/m,
	'variables');

###############################################################################
