#!/usr/bin/perl

# Tests for COS::Signature, the signer and verifier of the test harness.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use COS::Signature qw/ escape escape_name unescape parse_query sign presign
	verify sign_policy http_time parse_http_time /;

use JSON::PP ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $vectors = do {
	open my $fh, '<:raw', 'vectors/cos-vectors.json' or die "vectors: $!";
	local $/;
	bytes(JSON::PP->new->utf8->decode(readline $fh));
};

my @FIELDS = qw/ authorization header_list url_param_list http_headers
	http_parameters http_string string_to_sign sign_key signature /;

for my $v (@{$vectors->{cos_v5}}) {
	my $id = $v->{id};
	my %key = map { $_ => $v->{$_} } qw/ secret_id secret_key method /;
	my %signed = map { lc $_ => 1 } @{$v->{signed_headers} || ['host']};

	# compute

	my $s = sign(%key, path => $v->{signed_path}, params => $v->{params},
		key_time => $v->{q_key_time}, sign_time => $v->{q_sign_time},
		headers => $v->{request_headers}, header_list => [keys %signed]);

	if ($id =~ /^x03/) {
		divergence($v, $s);
		next;
	}

	is_deeply([@$s{@FIELDS}], [@$v{@FIELDS}], "$id computed");

	# verify

	my $refused = $id =~ /^x02/;
	my @carry = $v->{presigned_url}
		? (target => $v->{presigned_url} =~ m!\Ahttps://[^/]+(.*)!s)
		: (target => $v->{wire_target_example});
	my @headers = @{$v->{request_headers}};
	push @headers, ['Authorization', $v->{authorization}]
		unless $v->{presigned_url};
	my %request = (method => $v->{method}, @carry, headers => \@headers);
	my ($token) = "@carry" =~ /x-cos-security-token=([^&]*)/;
	($token) = map { $_->[1] } grep { $_->[0] eq 'x-cos-security-token' }
		@headers unless defined $token;

	my $r = check($v, %request, token => $token);
	if ($refused) {
		is($r->{code}, 'AccessDenied', "$id refused");
		next;
	}
	is($r->{ok}, 1, "$id verified") or diag explain $r;
	is($r->{http_string}, $v->{http_string}, "$id http string");

	$r = check({ %$v, secret_key => 'other' }, %request, token => $token);
	is($r->{code}, 'SignatureDoesNotMatch', "$id wrong key");
	ok($r->{show_strings}, "$id strings shown");

	$r = check($v, %request, method => 'TRACE', token => $token);
	is($r->{code}, 'SignatureDoesNotMatch', "$id wrong method");
}

for my $v (grep { defined $_->{q_signature} } @{$vectors->{post_form}}) {
	is(sign_policy(policy => $v->{policy_text}, key_time => $v->{q_key_time},
		secret_key => $v->{secret_key}), $v->{q_signature}, $v->{id});
}

# escaping

is(escape(join '', map { chr } 0 .. 255) =~ tr/%//, 190, 'escaped bytes');
is(escape_name('A/b~'), 'a%2fb~', 'name');
is(unescape('%2F%41+'), '/A+', 'unescape');
is(unescape('a%2'), undef, 'unescape malformed');
is_deeply(parse_query('&a=b=c&&d&e+%2B=%20'), [['a', 'b=c'], ['d', ''],
	['e +', ' ']], 'query');
is(parse_http_time(http_time(1700000000)), 1700000000, 'time');

# refusals

my %base = (secret_id => 'AKIDtest', secret_key => 'key',
	q_key_time => '1000;2000');
my $host = ['Host', 'b-1.cos.r.myqcloud.com'];

my %cases = (
	'plain' => [{}, undef],
	'unsigned' => [{ unsigned => 1 }, 'AccessDenied'],
	'unknown key' => [{ secret_id => 'AKIDother' }, 'InvalidAccessKeyId'],
	'over' => [{ now => 2001 }, 'AccessDenied'],
	'last second' => [{ now => 2000 }, undef],
	'too early' => [{ now => 999 }, 'RequestTimeTooSkewed'],
	'date' => [{ extra => [['Date', http_time(1001)]] }, undef],
	'wrong date' => [{ extra => [['Date', http_time(2501)]] },
		'RequestTimeTooSkewed'],
	'two dialects' => [{ target => '/k?sign=x' }, 'InvalidArgument'],
	'two presigned' => [{ target => '/k?q-ak=x' }, 'InvalidArgument'],
	'other case' => [{ target => '/k?Q-AK=x' }, 'InvalidArgument'],
	'escaped q' => [{ target => '/k?%71-ak=x' }, 'InvalidArgument'],
	'two authorizations' => [{ extra => [['Authorization', 'x']] },
		'InvalidRequest'],
	'two hosts' => [{ extra => [['host', 'x']] }, 'InvalidRequest'],
	'two tokens' => [{ token => 't', extra => [
		['x-cos-security-token', 't'], ['X-Cos-Security-Token', 't']] },
		'InvalidRequest'],
	'token' => [{ token => 't', extra => [['x-cos-security-token', 't']] },
		undef],
	'token in the query' => [{ token => 't',
		target => '/k?x-cos-security-token=t' }, undef],
	'missing token' => [{ token => 't' }, 'AccessDenied'],
	'wrong token' => [{ token => 't',
		extra => [['x-cos-security-token', 'u']] }, 'AccessDenied'],
	'needless token' => [{ extra => [['x-cos-security-token', 'u']] },
		'AccessDenied'],
	'expired token' => [{ token => 't', expires => 1500, extra =>
		[['x-cos-security-token', 't']] }, 'ExpiredToken'],
	'bad path' => [{ target => '/%zz' }, 'InvalidURI'],
	'bad query' => [{ target => '/k?a=%z' }, 'InvalidURI'],
	'unsigned parameter' => [{ target => '/k?acl' }, undef],
	'unsigned parameter, strict' => [{ target => '/k?acl', strict => 1 },
		'AccessDenied'],
	'strict' => [{ strict => 1 }, undef],
	'unsigned header, strict' => [{ strict => 1,
		extra => [['x-cos-acl', 'private']] }, 'AccessDenied'],
	'unsigned type, strict' => [{ strict => 1,
		extra => [['Content-Type', 'text/plain']] }, 'AccessDenied'],
	'empty type, strict' => [{ strict => 1, extra => [['Content-Type', '']] },
		undef],
	'range, strict' => [{ strict => 1, extra => [['Range', 'bytes=0-1']] },
		undef],
	'host unsigned' => [{ header_list => [] }, undef],
	'host unsigned, strict' => [{ header_list => [], strict => 1 },
		'AccessDenied'],
	'listed, not there' => [{ listed => 'host;range' },
		'SignatureDoesNotMatch'],
	'listed twice' => [{ listed => 'host;host' }, 'SignatureDoesNotMatch'],
);

for my $name (sort keys %cases) {
	my ($case, $code) = @{$cases{$name}};
	my $s = sign(%base, %$case, path => '/k', params => [], target => undef,
		method => 'GET', headers => [$host], key_time => '1000;2000',
		header_list => $case->{header_list});
	my $authorization = $s->{authorization};
	$authorization =~ s/q-header-list=\Khost/$case->{listed}/
		if $case->{listed};

	my $r = check({ %base, now => $case->{now} || 1600 }, method => 'GET',
		target => $case->{target} || '/k', strict => $case->{strict},
		token => $case->{token}, expires => $case->{expires},
		headers => [$host, $case->{unsigned} ? ()
			: ['Authorization', $authorization], @{$case->{extra} || []}]);
	is($r->{ok} ? undef : $r->{code}, $code, $name) or diag explain $r;
}

# Host with a port is also tried without it, but not the other way round

for (['h.example:8443', 'h.example', 1], ['h.example', 'h.example:8443', ''],
	['h.example:80', 'h.example:80', 1])
{
	my ($sent, $signed, $ok) = @$_;
	my $s = sign(%base, target => '/k', method => 'GET',
		headers => [['Host', $signed]], key_time => '1000;2000');
	my $r = check({ %base, now => 1500 }, method => 'GET', target => '/k',
		headers => [['Host', $sent], ['Authorization', $s->{authorization}]]);
	is($r->{ok} || '', $ok, "sent $sent, signed $signed");
}

# presigned and merged, everything signed

for my $merged (0, 1) {
	my $target = presign(%base, target => '/k%20?acl&a%2fB=%2b', method =>
		'GET', headers => [$host], key_time => '1000;2000',
		merged => $merged);
	my $r = check({ %base, now => 1500 }, method => 'GET', target => $target,
		headers => [$host], strict => 1);
	is($r->{ok}, 1, "presigned, merged $merged") or diag explain $r;
	$r = check({ %base, now => 1500 }, method => 'GET',
		target => "$target&more", headers => [$host], strict => 1);
	is($r->{code}, 'AccessDenied', "something added, merged $merged");
}

done_testing();

###############################################################################

sub check {
	my ($v, %request) = @_;
	my %cred = map { $_ => delete $request{$_} } qw/ token expires /;
	my ($start) = $v->{q_key_time} =~ /^(\d+)/;

	return verify(now => $v->{now} || $start, %request, credential => sub {
		return undef if $_[0] ne $v->{secret_id};
		return { secret_key => $v->{secret_key}, %cred };
	});
}

# Names that sort differently before and after escaping: pairs go by the
# escaped name; what the JavaScript SDKs do can be computed too.

sub divergence {
	my ($v, $s) = @_;
	my $id = $v->{id};

	is($s->{http_parameters}, $v->{escaped_order_http_parameters},
		"$id parameters");
	is($s->{signature}, $v->{escaped_order_signature}, "$id signature");

	my $node = sign(%$v, path => $v->{signed_path}, order => 'raw',
		key_time => $v->{q_key_time}, headers => $v->{request_headers});
	is($node->{http_parameters}, $v->{node_http_parameters}, "$id node");
	is($node->{authorization}, $v->{node_authorization}, "$id node signed");

	for ([$s->{authorization}, undef],
		[$v->{node_authorization}, 'SignatureDoesNotMatch'])
	{
		my $r = check($v, method => 'GET', target => '/?a%3A=1&a-=2',
			headers => [@{$v->{request_headers}},
				['Authorization', $_->[0]]]);
		is($r->{code}, $_->[1], "$id verified as "
			. (defined $_->[1] ? 'unspecified' : 'escaped'));
	}
}

# JSON has characters, signatures are about bytes

sub bytes {
	my ($x) = @_;
	return [map { bytes($_) } @$x] if ref $x eq 'ARRAY';
	return { map { $_ => bytes($x->{$_}) } keys %$x } if ref $x eq 'HASH';
	utf8::encode($x) if defined $x && !ref $x;
	return $x;
}

###############################################################################
