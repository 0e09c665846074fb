#!/usr/bin/perl

# Tests for the issuer of the harness: STS.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use JSON::PP ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $ARN = 'qcs::cam::uin/100000000001:roleName/cos-proxy';
my $POLICY = '{"version":"2.0","statement":[{"effect":"allow",'
	. '"action":["name/cos:GetObject"],"resource":["*"]}]}';
(my $ESCAPED = $POLICY) =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;

my $t = Test::COS->new();

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(role_arn => $ARN, external_id => 'outside', provider_id => 'tke',
	web_identity_token_file => 'identity', callers => [
		{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
		{ secret_id => 'AKIDtemporary', secret_key => 'temporarykey',
			token => 'temporary-token' },
		{ secret_id => 'AKIDexpired', secret_key => 'expiredkey',
			token => 'expired-token', expires => time() - 1 }]);
$t->write_file('identity', "first.identity.token\n");

my %role = (RoleArn => $ARN, RoleSessionName => 'nginx-cos',
	ExternalId => 'outside');
my %federation = (Name => 'nginxcos', Policy => $ESCAPED);
my %identity = (ProviderId => 'tke', RoleArn => $ARN,
	RoleSessionName => 'nginx-cos',
	WebIdentityToken => 'first.identity.token');
my @skip = (headers => { Authorization => 'SKIP' });

my %temporary = (secret_id => 'AKIDtemporary', secret_key => 'temporarykey');
my %expired = (secret_id => 'AKIDexpired', secret_key => 'expiredkey',
	token => 'expired-token');

my @cases = (
	['plain', assume()],
	['three headers', assume(), signed => [qw/ content-type host
		x-tc-action /]],
	['duration', assume(DurationSeconds => 43200)],
	['policy', assume(Policy => $POLICY)],
	['escaped policy', assume(Policy => $ESCAPED)],
	['source', assume(SourceIdentity => 'x-1')],
	['another content type', assume(), headers => { 'Content-Type' =>
		'application/json; charset=utf-8' }, 'AuthFailure.SignatureFailure'],

	['wrong key', assume(), secret_key => 'x',
		'AuthFailure.SignatureFailure'],
	['unknown id', assume(), secret_id => 'AKIDnobody',
		'AuthFailure.SecretIdNotFound'],
	['late', assume(), timestamp => time() - 310,
		'AuthFailure.SignatureExpire'],
	['early', assume(), timestamp => time() + 310,
		'AuthFailure.SignatureExpire'],
	['changed on the way', assume(), headers => { Host => 'sts.example' },
		'AuthFailure.SignatureFailure'],
	['another time', assume(), headers => { 'X-TC-Timestamp' => time() + 9 },
		'AuthFailure.SignatureFailure'],
	['unsigned', assume(), headers => { Authorization => undef },
		'AuthFailure.InvalidAuthorization'],
	['SKIP', assume(), @skip, 'AuthFailure.InvalidAuthorization'],

	['temporary', assume(), %temporary, token => 'temporary-token'],
	['temporary, no token', assume(), %temporary, 'AuthFailure.TokenFailure'],
	['temporary, wrong token', assume(), %temporary, token => 'x',
		'AuthFailure.TokenFailure'],
	['temporary, over', assume(), %expired, 'AuthFailure.TokenFailure'],
	['needless token', assume(), token => 'x', 'AuthFailure.TokenFailure'],

	['version', assume(), headers => { 'X-TC-Version' => '2017-03-12' },
		'NoSuchVersion'],
	['no version', assume(), headers => { 'X-TC-Version' => undef },
		'NoSuchVersion'],
	['no region', assume(), headers => { 'X-TC-Region' => undef },
		'MissingParameter'],
	['region', assume(), headers => { 'X-TC-Region' => 'x' },
		'UnsupportedRegion'],
	['action', action => 'assumeRole', params => {}, 'InvalidAction'],
	['no JSON', action => 'AssumeRole', body => '{', 'InvalidParameter'],
	['no object', action => 'AssumeRole', body => '[1]', 'InvalidParameter'],

	['no arn', assume(RoleArn => undef), 'MissingParameter'],
	['malformed arn', assume(RoleArn => 'cos-proxy'), 'InvalidParameterValue'],
	['other arn', assume(RoleArn => "${ARN}2"),
		'ResourceNotFound.RoleNotFound'],
	['no session', assume(RoleSessionName => undef), 'MissingParameter'],
	['session', assume(RoleSessionName => 'a b'), 'InvalidParameterValue'],
	['external', assume(ExternalId => 'inside'), 'InvalidParameterValue'],
	['no external', assume(ExternalId => undef), 'InvalidParameterValue'],
	['long', assume(DurationSeconds => 43201),
		'InvalidParameter.OverTimeError'],
	['zero', assume(DurationSeconds => 0), 'InvalidParameter.OverTimeError'],
	['duration as a string', assume(DurationSeconds => '7200'),
		'InvalidParameter'],
	['session as a number', assume(RoleSessionName => 77),
		'InvalidParameter'],
	['bad policy', assume(Policy => '{'),
		'InvalidParameter.StrategyFormatError'],
	['unknown parameter', assume(Duration => 7200), 'UnknownParameter'],

	['federation', federate()],
	['longer', federate(DurationSeconds => 129600)],
	['too long', federate(DurationSeconds => 129601),
		'InvalidParameter.OverTimeError'],
	['plain policy', federate(Policy => $POLICY),
		'InvalidParameter.StrategyFormatError'],
	['no policy', federate(Policy => undef), 'MissingParameter'],
	['policy of another version', federate(Policy =>
		'%7B%22version%22%3A%221%22%7D'),
		'InvalidParameter.StrategyFormatError'],
	['name', federate(Name => 'nginx-cos'), 'InvalidParameterValue'],
	['role in federation', federate(RoleArn => $ARN), 'UnknownParameter'],

	['identity', identity(), @skip],
	['identity, signed', identity(), 'AuthFailure.InvalidAuthorization'],
	['identity, another', identity(WebIdentityToken => 'x.y.z'), @skip,
		'InvalidParameter.WebIdentityTokenError'],
	['identity, line feed', identity(WebIdentityToken =>
		"first.identity.token\n"), @skip, 'InvalidParameterValue'],
	['identity, provider', identity(ProviderId => 'other'), @skip,
		'InvalidParameterValue'],
	['identity, token', identity(), token => 'x', @skip,
		'AuthFailure.TokenFailure'],
	['identity, late', identity(), headers => { Authorization => 'SKIP',
		'X-TC-Timestamp' => time() - 310 }, 'AuthFailure.SignatureExpire'],
);

$t->plan(4 * @cases + 17);

for my $case (@cases) {
	my ($name, @a) = @$case;
	my $code = @a % 2 ? pop @a : undef;
	my $before = $t->issued;
	my $r = $t->tc3_request(@a);
	my $j = json($r);

	is($r->status, 200, "$name: status");
	is(($j->{Error} || {})->{Code}, $code, "$name: code");
	is(defined $j->{Credentials} ? 1 : 0, $code ? 0 : 1, "$name: answer");
	is($t->issued - $before, $code ? 0 : 1, "$name: issued");
}

# what is in the answer and in the journal

my $r = $t->tc3_request(assume(DurationSeconds => 900, Policy => $ESCAPED));
my $j = json($r);
my $c = ($t->issued)[-1];
is_deeply($j->{Credentials}, { Token => $c->{token}, TmpSecretId =>
	$c->{secret_id}, TmpSecretKey => $c->{secret_key} }, 'credentials');
ok(abs($j->{ExpiredTime} - time() - 900) < 10, 'duration');
like($j->{Expiration}, qr/\A\d{4}-.*Z\z/, 'expiration');
like($j->{RequestId}, qr/\A[0-9a-f-]{36}\z/, 'request id');

my $e = ($t->issuer_journal)[-1];
is_deeply([@$e{qw/ action verified caller signed_headers issued /}],
	['AssumeRole', 1, SECRET_ID, 'content-type;host', $c->{secret_id}],
	'journal');
is($e->{params}{RoleArn}, $ARN, 'journal parameters');
is($e->{policy}{statement}[0]{effect}, 'allow', 'journal policy');
is(ask($c), 'hello', 'accepted');

# a credential of the issuer may ask for others

my %chain = (map { $_ => $c->{$_} } qw/ secret_id secret_key token /);
is(json($t->tc3_request(assume(), %chain))->{Error}, undef, 'chain');
is(($t->issuer_journal)[-1]{caller}, $c->{secret_id}, 'chain caller');
$t->issuer_control({ life => 0 });
$t->tc3_request(assume());
$c = ($t->issued)[-1];
is(json($t->tc3_request(assume(), map { $_ => $c->{$_} } qw/ secret_id
	secret_key token /))->{Error}{Code}, 'AuthFailure.TokenFailure',
	'expired in the chain');

# the token file is read anew

$t->issuer_control();
$t->write_file('identity', 'second.identity.token');
is(json($t->tc3_request(identity(), @skip))->{Error}{Code},
	'InvalidParameter.WebIdentityTokenError', 'old identity');
is(json($t->tc3_request(identity(WebIdentityToken => 'second.identity.token'),
	@skip))->{Error}, undef, 'new identity');

# both letter cases, a clock that is off

$t->issuer_control({ case => 'lower' });
$j = json($t->tc3_request(assume()));
is(join(' ', sort keys %$j), 'credentials expiration expiredTime requestId',
	'lower case');
is(join(' ', sort keys %{$j->{credentials}}),
	'tmpSecretId tmpSecretKey token', 'lower case, credentials');

$t->issuer_control({ clock_offset => 1000 });
is(json($t->tc3_request(assume()))->{Error}{Code},
	'AuthFailure.SignatureExpire', 'clock');
is(json($t->tc3_request(assume(), timestamp => time() + 1000))->{Error},
	undef, 'clock corrected');

###############################################################################

sub params {
	my ($action, %p) = @_;
	return (action => $action, params => { map { $_ => $p{$_} }
		grep { defined $p{$_} } keys %p });
}

sub assume { return params('AssumeRole', %role, @_) }
sub federate { return params('GetFederationToken', %federation, @_) }
sub identity { return params('AssumeRoleWithWebIdentity', %identity, @_) }

sub json { return JSON::PP->new->utf8->decode($_[0]->body)->{Response} }

sub ask {
	my ($cred) = @_;
	return http_request(port => 8081, uri => '/a.txt',
		host => 'images-1250000000.cos.ap-guangzhou.myqcloud.com',
		sign => { map { $_ => $cred->{$_} }
			qw/ secret_id secret_key token / })->body;
}

###############################################################################
