#!/usr/bin/perl

# Tests for the issuer of the harness: everything it does wrong when told to.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use JSON::PP ();
use Time::HiRes qw/ time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $PATH = '/latest/meta-data/cam/security-credentials/cos-gateway';

my $t = Test::COS->new()->plan(83);
$t->issuer();

# answers that issue nothing

for my $case (
	[{ status => 404 }, 404, qr/Told to fail/],
	[{ status => 429, headers => { 'Retry-After' => 7 } }, 429, qr/Told/],
	[{ status => 500 }, 500, qr/Told to fail/],
	[{ html => 1 }, 200, qr/^<html>/],
	[{ html => '<p>x' }, 200, qr/^<p>x$/],
	[{ body => '[]' }, 200, qr/^\[\]$/],
	[{ body => '' }, 200, qr/^$/],
	[{ error => 'InternalError' }, 200, qr/"Error":\{"Code":"InternalError"/],
	[{ redirect => 'http://other.example/' }, 302, qr/Moved/],
) {
	my ($rule, $status, $body) = @$case;
	my $name = join ' ', %$rule;
	my $before = $t->issued;
	my $r = told($rule);
	is($r->status, $status, $name);
	like($r->body, $body, "$name: body");
	is($t->issued - $before, 0, "$name: nothing issued");
	is($r->header('Retry-After'), 7, 'header') if $rule->{headers};
}

# a redirect that somebody follows shows

my $r = told({ redirect => 1, times => 1 });
like($r->header('Location'), qr!\Ahttp://localhost/redirected\Q$PATH\E\z!,
	'location');
is(get("/redirected$PATH")->status, 200, 'redirected');
is(($t->issuer_journal)[-1]{redirected}, 1, 'journal');

# JSON that is wrong

my %good = %{json(told({}))};
for my $case (
	[{ without => 'token' }, 'Token'],
	[{ without => 'id' }, 'TmpSecretId'],
	[{ without => 'key' }, 'TmpSecretKey'],
	[{ without => 'expiry' }, 'Expiration', 'ExpiredTime'],
	[{ expiry => 'iso' }, 'ExpiredTime'],
	[{ expiry => 'numeric' }, 'Expiration'],
	[{ without => 'code' }, 'Code'],
	[{ remove => ['Token', 'Code'] }, 'Code', 'Token'],
) {
	my ($rule, @missing) = @$case;
	my $j = json(told($rule));
	is(join(' ', grep { !exists $j->{$_} } sort keys %good), "@missing",
		join ' ', 'missing', @missing);
}

is(json(told({ code => 'Failed' }))->{Code}, 'Failed', 'code');
like(told({ set => { Token => undef } })->body, qr/"Token": null\b/, 'null');
is(json(told({ set => { 'A.B' => 7 } }))->{A}{B}, 7, 'deep');
like(told({ expiry => 'string' })->body, qr/"ExpiredTime": "\d+"/, 'string');
like(json(told({ zone => '+08:00' }))->{Expiration}, qr/\+08:00\z/, 'zone');
ok(json(told({ life => -60 }))->{ExpiredTime} < time(), 'in the past');

my $j = json(told({ wrong_types => 1 }));
is(ref $j->{TmpSecretKey}, 'ARRAY', 'wrong type of the key');
is(ref $j->{ExpiredTime}, 'HASH', 'wrong type of the expiry');
like(told({ wrong_types => 'id' })->body, qr/"TmpSecretId": 12345\b/, 'one');
like(told({ wrong_types => 'id' })->body, qr/"Token": "/, 'and not another');

is(length told({ truncate => 40 })->body, 40, 'truncated');
$r = told({ truncate => -2 });
is($r->header('Content-Length'), length $r->body, 'truncated honestly');
ok(!eval { json($r) }, 'truncated by two');
$r = told({ size => 100000 });
cmp_ok(length $r->body, '>=', 100000, 'large');
ok(json($r)->{Token}, 'large and well-formed');
cmp_ok(length told({ size => 100000, html => 1 })->body, '>=', 100000,
	'large page');

# framing

$r = told({ length => '+10' });
is($r->truncated, 1, 'length too large');
$r = told({ length => 10 });
is(length $r->body, 10, 'length too small');
is(told({ close_after => 20 })->truncated, 1, 'cut');
$r = told({ chunked => 1 });
is($r->header('Transfer-Encoding'), 'chunked', 'chunked');
ok(json($r)->{Token}, 'chunked body');
$r = told({ no_length => 1 });
is($r->header('Content-Length'), undef, 'no length');
ok(json($r)->{Token}, 'body without a length');
is(told({ drop => 1 })->status, 0, 'dropped');
is(($t->issuer_journal)[-1]{error_code}, 'drop', 'drop in the journal');
is(told({ reset => 1 })->status, 0, 'reset');

# time

my $from = time();
told({ stall => 0.3 });
cmp_ok(time() - $from, '>=', 0.3, 'stall');
is(told({ stall => 9 }, timeout => 0.3)->status, 0, 'stalled');
ok($t->wait_until(sub { ($t->issuer_journal)[-1]{issued} }), 'in the journal');
$from = time();
ok(json(told({ drip => 0.05, drip_size => 50 }))->{Token}, 'drip');
cmp_ok(time() - $from, '>=', 0.25, 'drip takes a while');
is(told({ stall => 9, stall_body_after => 10 }, timeout => 0.3)->truncated, 1,
	'stalled body');

# which requests

$t->issuer_control({ rules => [
	{ action => 'http', status => 500 },
	{ path_re => qr/gateway\z/, status => 404, skip => 1, times => 2 } ] });
is(get('/sts.php')->status, 500, 'by action');
is(join(' ', map { get($PATH)->status } 1 .. 4), '200 404 404 200',
	'skip and times');
is($t->tc3_request(action => 'GetFederationToken', params => {})->status,
	200, 'not another action');
$t->issuer_control({ rules => [{ action => 'GetFederationToken',
	status => 500 }] });
is($t->tc3_request(action => 'GetFederationToken', params => {})->status,
	500, 'STS action');
is(($t->issuer_journal)[-1]{verified}, 1, 'verified all the same');

# nobody listens

$t->issuer_control({ refuse => 1 });
like(get($PATH)->error, qr/refused/, 'refused');
$t->issuer_control();
is(get($PATH)->status, 200, 'back again');

# https

SKIP: {
	skip 'no IO::Socket::SSL', 5 unless eval { require IO::Socket::SSL };

	my $port = 8090;
	for my $case ([1, undef], ['expired', qr/verif/], ['unknown_ca',
		qr/verif/], ['wrong_name', qr/verif/])
	{
		my ($tls, $error) = @$case;
		$t->issuer(port => ++$port, tls => $tls);
		my $r = http_request(port => $port, uri => $PATH, tls => {
			SSL_verify_mode => 1, SSL_ca_file => $t->issuer_ca($port),
			SSL_verifycn_name => '127.0.0.1',
			SSL_verifycn_scheme => 'http' });
		$error ? like($r->error, $error, "https $tls")
			: is($r->status, 200, 'https');
	}
	like($t->issuer_url(8091), qr!\Ahttps://127\.0\.0\.1:\d+\z!, 'url');
}

###############################################################################

sub told {
	my ($rule, %opt) = @_;
	$t->issuer_control({ rules => [$rule] });
	return get($PATH, %opt);
}

sub get {
	my ($uri, %opt) = @_;
	return http_request(port => 8089, uri => $uri, %opt);
}

sub json { return JSON::PP->new->utf8->decode($_[0]->body) }

###############################################################################
