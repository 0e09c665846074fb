#!/usr/bin/perl

# Tests for cos_sign unless_signed: the signature of the client is left.

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

my $id = 'AKIDCLIENT';
my $key = 'ClientSecretKey00003';
my $token = 'ClientToken-_0003';

my $t = Test::COS->new()->needs_cos()->plan(47);

$t->cos(buckets => [
	{ name => 'images-1250000000', region => 'ap-guangzhou' },
	{ name => 'loose-1250000000', region => 'ap-guangzhou', strict => 0 }],
	credentials => [
	{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	{ secret_id => $id, secret_key => $key },
	{ secret_id => 'AKIDTMP', secret_key => 'TemporaryKey00004',
		token => $token }]);
$t->store_put('images-1250000000', "a b+c", 'hello');

$t->store_put('loose-1250000000', 'a', 'loose');

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    access_log off;

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_bucket loose-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_sign unless_signed;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass  images-1250000000;
            cos_allow read write delete;
        }

        location /loose/ {
            cos_pass loose-1250000000;
        }

        location /on/ {
            cos_pass images-1250000000;
            cos_sign on;
        }
    }

    server {
        listen 127.0.0.1:8082;

        location / {
            cos_pass loose-1250000000;
        }
    }
}

EOC

# the log of errors has the request lines of the clients
$t->allow_tokens_in_log();
$t->run();

###############################################################################

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my %client = (secret_id => $id, secret_key => $key);
my %temporary = (secret_id => 'AKIDTMP', secret_key => 'TemporaryKey00004',
	token => $token);
my $uri = '/a%20b%2Bc';

# whoever does not sign is signed for

is(http_get($uri)->body, 'hello', 'unsigned');
is(by(), SECRET_ID . ' header 1', 'unsigned by us');
is(http_get($uri, Authorization => 'Bearer x')->body, 'hello', 'bearer');
is(by(), SECRET_ID . ' header 1', 'bearer by us');
is(http_get($uri, Authorization => 'q-sign-algorithm=sha1&q-ak=x')->body,
	'hello', 'half a signature');
is(by(), SECRET_ID . ' header 1', 'half a signature by us');
is(http_get($uri, 'x-cos-security-token' => 'x')->body, 'hello',
	'token alone');
is(by(), SECRET_ID . ' header 1', 'token alone by us');

# header form

for my $who (['client', \%client], ['temporary', \%temporary]) {
	my ($name, $cred) = @$who;

	is(http_request(uri => $uri, host => $host, sign => $cred)->body, 'hello',
		"$name header");
	is(by(), "$cred->{secret_id} header 1", "$name header is left");

	# in strict mode the token is one of the parameters that are signed
	my %c = (%$cred, token => undef);
	my $query = $cred->{token} ? "?x-cos-security-token=$token" : '';
	is(http_request(uri => "$uri$query", host => $host, presign => \%c)->body,
		'hello', "$name presigned");
	is(by(), "$cred->{secret_id} presigned 1", "$name presigned is left");
	$query .= ($query ? '&' : '?') . 'versionId=x%2By';
	is(http_request(uri => "$uri$query", host => $host,
		presign => { %c, merged => 1 })->body, 'hello', "$name merged");
	is(by(), "$cred->{secret_id} merged 1", "$name merged is left");
}

# the SDKs for JavaScript add the token without signing it

is(http_request(uri => '/loose/a', host => $host =~ s/images/loose/r,
	presign => \%temporary)->code, 'SignatureDoesNotMatch',
	'signed for another path');
is(http_request(uri => '/a', host => $host =~ s/images/loose/r, port => 8082,
	presign => \%temporary)->body, 'loose', 'token not signed');
is(by(), 'AKIDTMP presigned 1', 'token not signed is left');

# another spelling of what was signed

my $signed = COS::Signature::sign(%client, method => 'GET', path => '/a b+c',
	params => { versionId => 'x y' }, headers => { Host => $host })
	->{authorization};
is(http_get('/%61 b+c?versionId=x+y' =~ s/ /%20/r, Host => $host,
	Authorization => $signed)->body, 'hello', 'other spelling');
is(by(), "$id header 1", 'other spelling is left');

# a body, and headers that are signed

my $r = http_request(method => 'PUT', uri => '/new', body => 'content',
	host => $host, sign => \%client, headers => {
		'Content-Type' => 'text/plain', 'x-cos-meta-a' => 'b c' });
is($r->status, 200, 'put');
is(by(), "$id header 1", 'put is left');
is($t->store_get('images-1250000000', 'new'), 'content', 'put stored');

# a wrong one is not mended

is(http_request(uri => $uri, host => $host, sign => { %client,
	secret_key => 'wrong' })->code, 'SignatureDoesNotMatch', 'wrong key');
is(http_request(uri => $uri, host => $host, sign => { %client,
	start => time - 9999 })->code, 'AccessDenied', 'expired');
is(http_request(uri => $uri, host => 'localhost', sign => \%client)->code,
	'SignatureDoesNotMatch', 'for the host of the gateway');
is(http_get("$uri?sign=x")->status, 400, 'no signature');
unlike(by(), qr/AKIDEXAMPLE|1\z/, 'no signature by us');
is(http_get("$uri?q-signature=x")->status, 400, 'only one field');
unlike(by(), qr/AKIDEXAMPLE|1\z/, 'only one field by us');
is(http_request(uri => $uri, host => $host, presign => \%client,
	headers => { Authorization => $signed })->status, 400, 'two signatures');
unlike(by(), qr/AKIDEXAMPLE|1\z/, 'two signatures by us');

# our own headers do not get in: neither our token nor our key

is(scalar(grep { lc $_->[0] eq 'authorization' } @{($t->journal)[0]{headers}}),
	1, 'one Authorization');

# the gate is where it was

$t->journal_clear;
is(http_request(uri => "$uri?acl", host => $host, sign => \%client)->status,
	403, 'gate');
is(http_request(uri => "$uri?acl", host => $host, presign => \%client)->status,
	403, 'gate, presigned');
is(http_request(method => 'POST', uri => '/?delete', host => $host, body => '',
	sign => \%client)->code, 'MissingRequestBodyError', 'gate, delete');
is(scalar(my @none = $t->journal), 0, 'not sent');

# on: the signature of the client is dropped

is(http_request(uri => "/on$uri", host => $host, sign => \%temporary)->body,
	'hello', 'on');
is(by(), SECRET_ID . ' header 1', 'on by us');
is(http_request(uri => "/on$uri", host => $host, presign => \%temporary)->body,
	'hello', 'on, presigned');
is(by() . ($t->journal)[-1]{target}, SECRET_ID . " header 1$uri",
	'on, presigned by us');
is(http_request(uri => "/on$uri", host => $host, presign => { %client,
	merged => 1 })->body, 'hello', 'on, merged');

###############################################################################

sub by {
	my $s = ($t->journal)[-1];
	return join ' ', map { defined $s->{$_} ? $s->{$_} : '-' }
		qw/ secret_id source verified /;
}
