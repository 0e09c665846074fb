#!/usr/bin/perl

# Tests for the TC3 signatures of the harness: compute and verify.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';

use COS::TC3 qw/ tc3_sign tc3_verify /;

use JSON::PP ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

open my $fh, '<:raw', "vectors/cos-vectors.json" or die $!;
my @vectors = @{JSON::PP->new->utf8->decode(join '', <$fh>)->{tc3}};
close $fh;

is(scalar @vectors, 4, 'vectors');

my @FIELDS = qw/ canonical_request string_to_sign signature date authorization
	secret_date_hex secret_service_hex secret_signing_hex /;

for my $v (@vectors) {
	my ($id) = $v->{id} =~ /^(t\d\d)/;
	my ($headers, $signed) = headers($v);
	my %a = (%$v, headers => $headers, signed => $signed);

	my $s = tc3_sign(%a);
	my @have = grep { exists $v->{$_} } @FIELDS;
	is_deeply([@$s{@have}], [@$v{@have}], "$id computed");

	my $authorization = defined $v->{authorization} ? $v->{authorization}
		: 'TC3-HMAC-SHA256 Credential=AKIDdoc/' . "$v->{date}/$v->{service}"
		. '/tc3_request, SignedHeaders=' . join(';', sort @$signed)
		. ", Signature=$v->{signature}";
	my $r = verify($v, $headers, $authorization);
	is($r->{ok}, 1, "$id verified") or diag explain $r;
	is($r->{signed_headers}, join(';', sort @$signed), "$id list");

	$r = verify({ %$v, body => "$v->{body} " }, $headers, $authorization);
	is($r->{code}, 'AuthFailure.SignatureFailure', "$id other body");
	$r = verify({ %$v, secret_key => 'x' }, $headers, $authorization);
	is($r->{code}, 'AuthFailure.SignatureFailure', "$id other key");
}

# refusals

my $v = $vectors[0];
my ($headers) = headers($v);
my $good = $v->{authorization};

for my $case (
	['300 s late', { now => $v->{timestamp} + 300 }, undef],
	['301 s late', { now => $v->{timestamp} + 301 }, 'SignatureExpire'],
	['300 s early', { now => $v->{timestamp} - 300 }, undef],
	['301 s early', { now => $v->{timestamp} - 301 }, 'SignatureExpire'],
	['unknown', { unknown => 1 }, 'SecretIdNotFound'],
	['token missing', { token => 't' }, 'TokenFailure'],
	['token needless', { extra => ['X-TC-Token', 't'] }, 'TokenFailure'],
	['token wrong', { token => 't', extra => ['X-TC-Token', 'u'] },
		'TokenFailure'],
	['token', { token => 't', extra => ['X-TC-Token', 't'] }, undef],
	['token empty', { extra => ['X-TC-Token', ''] }, undef],
	['token expired', { token => 't', expires => $v->{timestamp},
		extra => ['X-TC-Token', 't'] }, 'TokenFailure'],
	['two hosts', { extra => ['host', 'sts.tencentcloudapi.com'] },
		'InvalidAuthorization'],
	['two actions', { extra => ['X-TC-Action', 'AssumeRole'] },
		'InvalidAuthorization'],
	['two tokens', { token => 't', extra => ['X-TC-Token', 't'],
		more => ['x-tc-token', 't'] }, 'InvalidAuthorization'],
	['another day', { edit => ['2023-11-14', '2023-11-15'] },
		'SignatureFailure'],
	['another service', { edit => ['/sts/', '/cvm/'] }, 'SignatureFailure'],
	['unsorted', { edit => ['content-type;host', 'host;content-type'] },
		'SignatureFailure'],
	['listed twice', { edit => ['type;host', 'type;host;host'] },
		'SignatureFailure'],
	['not there', { edit => ['type;host', 'type;host;x-tc-none'] },
		'SignatureFailure'],
	['host only', { edit => ['content-type;host', 'host'] },
		'SignatureFailure'],
	['no space', { edit => [', ', ','] }, 'InvalidAuthorization'],
	['upper-case digits', { edit => ['7e13d60a', '7E13D60A'] },
		'InvalidAuthorization'],
	['a space more', { edit => ["\\z", ' '] }, 'InvalidAuthorization'],
	['none', { edit => ['.*', ''] }, 'InvalidAuthorization'],
) {
	my ($name, $how, $code) = @$case;
	my $text = $good;
	$text =~ s/$how->{edit}[0]/$how->{edit}[1]/ if $how->{edit};
	my $r = verify({ %$v, %$how }, [@$headers, grep { defined }
		@$how{qw/ extra more /}], $text);
	is($r->{ok} ? undef : $r->{code}, $code ? "AuthFailure.$code" : undef,
		$name) or diag explain $r;
}

# of the headers only x-tc-action is certain to be signed in lower case

my @mixed = (['Host', 'STS.example'], ['Content-Type', 'application/JSON'],
	['X-TC-Action', 'AssumeRole'], ['X-TC-Timestamp', 1700000000]);
for my $lower (0, 1) {
	my $s = tc3_sign(%$v, headers => [map { [$_->[0], $lower ? lc $_->[1]
		: $_->[1]] } @mixed], signed => [qw/ host content-type
		x-tc-action /]);
	like($s->{canonical_request}, qr/^x-tc-action:assumerole$/m, 'action');
	my $r = verify($v, \@mixed, $s->{authorization});
	is($r->{ok}, 1, "mixed case, lower $lower");
}

done_testing();

###############################################################################

# the two examples of the documents come without their headers

sub headers {
	my ($v) = @_;
	return ([map { [$_, $v->{headers}{$_}] } sort keys %{$v->{headers}}],
		[qw/ content-type host /]) if $v->{headers};
	my @headers = map { [split /:/, $_, 2] }
		$v->{canonical_request} =~ /^([a-z-]+:.*)$/mg;
	my @signed = map { $_->[0] } @headers;
	for (@headers) {
		$_->[1] = 'DescribeInstances' if $_->[0] eq 'x-tc-action';
	}
	return ([@headers, ['X-TC-Timestamp', $v->{timestamp}]], \@signed);
}

sub verify {
	my ($v, $headers, $authorization) = @_;
	return tc3_verify(service => $v->{service}, body => $v->{body},
		now => defined $v->{now} ? $v->{now} : $v->{timestamp},
		headers => [@$headers, ['Authorization', $authorization]],
		credential => sub { $v->{unknown} ? undef
			: { map { $_ => $v->{$_} } qw/ secret_key token expires / } });
}

###############################################################################
