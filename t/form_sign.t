#!/usr/bin/perl

# Tests for who signs a form: cos_sign, and forms before there is a credential.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS::Issuer;
use Test::COS qw/ http_connect http_request SECRET_ID SECRET_KEY /;
use Test::COS::Form;
use COS::Signature qw/ sign sign_policy /;

use JSON::PP ();
use MIME::Base64 qw/ encode_base64 /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->needs_cos()->plan(34);

my $bucket = 'images-1250000000';
my $host = "$bucket.cos.ap-guangzhou.myqcloud.com";
my %client = (secret_id => 'AKIDclient', secret_key => 'ClientSecretKey001');

$t->cos(credentials => [
	{ secret_id => SECRET_ID, secret_key => SECRET_KEY }, \%client ]);
$t->issuer(life => 600);
$t->issuer_control({ rules => [
	{ path_re => qr/\?never$/, stall => 9 },
	{ stall => 1 },
] });
my $url = $t->issuer_url;

$t->write_conf(<<"EOC");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials one { provider http $url/sts.php?one; }
    cos_credentials never { provider http $url/sts.php?never; timeout 1m; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;

    cos_allow  PostObject;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass  images-1250000000;
            cos_sign  unless_signed;
        }

        location /prefix/ {
            cos_pass  images-1250000000/p/;
            cos_sign  unless_signed;
        }

        location /on/ {
            cos_pass  images-1250000000;
        }

        location /off/ {
            cos_pass  images-1250000000;
            cos_sign  off;
        }

        location /wait/ {
            cos_pass  images-1250000000 credentials=one;
        }

        location /wait/off/ {
            cos_pass  images-1250000000 credentials=one;
            proxy_request_buffering off;
        }

        location /never/ {
            cos_pass  images-1250000000 credentials=never;
            cos_wait  200ms;
        }

        location /once/ {
            cos_pass  images-1250000000 credentials=never;
            cos_wait  0;
            proxy_request_buffering off;
        }

        location /once/page/ {
            cos_pass  images-1250000000 credentials=never;
            cos_wait  0;
            error_page  503 \@page;
            proxy_request_buffering off;
        }

        location \@page {
            proxy_pass  http://127.0.0.1:8082;
        }
    }

    server {
        listen  127.0.0.1:8082;
        return  200 "length: \$http_content_length";
    }
}

EOC

$t->run();

my ($r, $e, @none, @half);

# the first ones, before there is a credential

for my $uri (qw! /wait/ /wait/off/ !) {
	my $body = form_body([key => 'w'], $uri x 5000);
	my $c = http_connect();
	$c->send("POST $uri HTTP/1.1\r\nHost: h\r\nContent-Type: " . form_type()
		. "\r\nContent-Length: " . length($body) . "\r\n\r\n"
		. substr $body, 0, 20000, '');
	push @half, [$c, $uri, $body];
}

for my $uri (qw! /never/ /once/ !) {
	$r = http_form($uri, [key => 'n'], 'x');
	is($r->status . ' ' . $r->code, '503 ServiceUnavailable',
		"$uri no credential");
	ok($r->header('retry-after'), "$uri retry");
}
is(http_form('/once/page/', [key => 'n'], 'x')->body, 'length: 0',
	'nothing for an error page');

is(scalar(@none = $t->journal), 0, 'nothing sent till now');
for my $half (@half) {
	my ($c, $uri, $rest) = @$half;
	$c->send($rest);
	is($c->read_response()->status, 204, "$uri first credential");
	is($t->store_get($bucket, 'w'), $uri x 5000, "$uri stored");
}

# a signature of the client is used, byte for byte

my $signature = sign(%client, method => 'POST', target => '/',
	headers => [['Host', $host]])->{authorization};
my $time = time() - 10 . ';' . (time() + 600);

$t->journal_clear;
$r = http_form('/', [Signature => $signature, key => 's', Expires => ''],
	'signature', headers => [[Authorization => $signature],
	['x-cos-security-token', 'none']]);
is($r->status, 204, 'signature');
is($t->store_get($bucket, 's'), 'signature', 'signature, stored');
$e = ($t->journal)[-1];
is("$e->{secret_id} $e->{verified} $e->{body_len}", 'AKIDclient 1 '
	. length form_body([Signature => $signature, key => 's', Expires => ''],
	'signature'), 'signature, as it was');
is(join(' ', grep { /^(?:authorization|x-cos-security-token)$/i }
	map { $_->[0] } @{$e->{headers}}), '', 'signature, not twice');

$r = http_form('/', policy(key => 'p'), 'policy');
is($r->status, 204, 'policy');
is($t->store_get($bucket, 'p'), 'policy', 'policy, stored');
is(($t->journal)[-1]{secret_id}, 'AKIDclient', 'policy, as it was');

# but not everywhere, and not for anything

$t->journal_clear;
is(http_form('/prefix/', policy(key => 'q'), 'x')->status, 403,
	'signed for another key');
is(http_form('/', [@{policy(key => 'q')}, acl => 'public-read'], 'x')
	->status, 403, 'signed with an acl');
is(http_form('/', policy(key => '../q'), 'x')->status, 400,
	'signed for a bad key');
is(http_form('/', policy(key => '${filename}'), 'x')->status, 400,
	'signed for any key');
is(scalar(@none = $t->journal), 0, 'nothing sent');

# what is no signature does not count

for my $fields ([Signature => 'x'], [policy => 'x'], ['q-signature' => 'x']) {
	is(http_form('/', [key => 'u', @$fields], 'x')->status, 204,
		"@$fields, accepted");
	is(($t->journal)[-1]{secret_id}, SECRET_ID, "@$fields, signed here");
}

# cos_sign on: it does not count either

is(http_form('/on/', policy(key => 'o'), 'x', headers => [[Authorization =>
	$signature]])->status, 204, 'policy and cos_sign on');
is(($t->journal)[-1]{secret_id}, SECRET_ID, 'signed here');

# cos_sign off: nothing is signed, and nothing of the client is left

$r = http_form('/off/', policy(key => 'v', 'x-cos-meta-a' => 'b'), 'off',
	headers => [[Authorization => $signature]]);
is($r->status, 403, 'cos_sign off');
like($r->body, qr/signature empty/, 'cos_sign off, refused by COS');
$e = ($t->journal)[-1];
is("$e->{operation} $e->{verified}", 'PostObject 0', 'cos_sign off, unsigned');
is($t->store_get($bucket, 'v'), undef, 'cos_sign off, not stored');

###############################################################################

sub policy {
	my (@fields) = @_;
	my @tm = gmtime(time() + 600);
	my $text = JSON::PP->new->canonical->encode({
		expiration => sprintf('%d-%02d-%02dT%02d:%02d:%02d.000Z',
			$tm[5] + 1900, $tm[4] + 1, @tm[3, 2, 1, 0]),
		conditions => [{ 'q-sign-algorithm' => 'sha1' },
			{ 'q-ak' => $client{secret_id} }, { 'q-sign-time' => $time }] });
	return [@fields, policy => encode_base64($text, ''),
		'q-sign-algorithm' => 'sha1', 'q-ak' => $client{secret_id},
		'q-key-time' => $time, 'q-signature' => sign_policy(%client,
			policy => $text, key_time => $time)];
}

###############################################################################
