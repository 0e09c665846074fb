package COS::TC3;

# Tencent Cloud API 3.0 signatures (TC3-HMAC-SHA256): compute and verify.
#
# Everything is byte strings.  This is the tests' own reading of the protocol
# and shares nothing with the module it checks.

use strict;
use warnings;

use Digest::SHA qw/ hmac_sha256 hmac_sha256_hex sha256_hex /;
use Exporter qw/ import /;

our @EXPORT_OK = qw/ tc3_sign tc3_verify /;

use constant ALGORITHM => 'TC3-HMAC-SHA256';

###############################################################################

sub utc_date {
	my ($timestamp) = @_;
	my ($d, $m, $y) = (gmtime $timestamp)[3 .. 5];
	return sprintf '%04d-%02d-%02d', $y + 1900, $m + 1, $d;
}

# headers [[name, value], ...], signed [name, ...] -> canonical request.
#
# The older document signs values as they are sent, the newer one lower-cases
# them, and it is the one that knows x-tc-action.

sub canonical_request {
	my (%a) = @_;

	my %value = map { lc $_->[0] => $_->[1] } @{$a{headers}};
	my @signed = sort map { lc } @{$a{signed}};
	my $lines = '';
	for my $name (@signed) {
		my $value = defined $value{$name} ? $value{$name} : '';
		$value =~ s/\A\s+|\s+\z//g;
		$value = lc $value if $a{lower} || $name eq 'x-tc-action';
		$lines .= "$name:$value\n";
	}

	return join "\n", $a{method} || 'POST', '/',
		defined $a{query} ? $a{query} : '', $lines, join(';', @signed),
		sha256_hex(defined $a{body} ? $a{body} : '');
}

sub string_to_sign {
	my ($timestamp, $scope, $canonical) = @_;
	return join "\n", ALGORITHM, $timestamp, $scope, sha256_hex($canonical);
}

sub keys_of {
	my ($secret_key, $date, $service) = @_;
	my $k1 = hmac_sha256($date, "TC3$secret_key");
	my $k2 = hmac_sha256($service, $k1);
	my $k3 = hmac_sha256('tc3_request', $k2);
	return ($k1, $k2, $k3);
}

# tc3_sign(secret_id, secret_key, timestamp, headers => [[name, value], ...],
#          signed => [name, ...], body, service => 'sts', method => 'POST')
#
# Returns canonical_request, string_to_sign, signature, authorization and the
# derived keys in hex.

sub tc3_sign {
	my (%a) = @_;

	my $service = $a{service} || 'sts';
	my $date = utc_date($a{timestamp});
	my $scope = "$date/$service/tc3_request";
	my $signed = $a{signed} || [qw/ content-type host /];
	my $canonical = canonical_request(%a, signed => $signed);
	my $to_sign = string_to_sign($a{timestamp}, $scope, $canonical);
	my @key = keys_of($a{secret_key}, $date, $service);
	my $signature = hmac_sha256_hex($to_sign, $key[2]);
	my $id = defined $a{secret_id} ? $a{secret_id} : '';

	return {
		date => $date, canonical_request => $canonical,
		string_to_sign => $to_sign, signature => $signature,
		secret_date_hex => unpack('H*', $key[0]),
		secret_service_hex => unpack('H*', $key[1]),
		secret_signing_hex => unpack('H*', $key[2]),
		authorization => ALGORITHM . " Credential=$id/$scope, SignedHeaders="
			. join(';', sort map { lc } @$signed) . ", Signature=$signature",
	};
}

###############################################################################

sub _refuse {
	my ($out, $code, $message) = @_;
	@$out{qw/ ok code message /} = (0, "AuthFailure.$code", $message);
	return $out;
}

# tc3_verify(headers => [[name, value], ...], body, method, query, now,
#            credential => sub, service => 'sts', max_skew => 300)
#
# credential->(id) returns { secret_key, token, expires } or undef.  The answer
# has ok, secret_id, signed_headers; a refusal also code and message.

sub tc3_verify {
	my (%a) = @_;

	my $now = defined $a{now} ? $a{now} : time();
	my $service = $a{service} || 'sts';
	my $out = { ok => 0 };

	my %h;
	push @{$h{lc $_->[0]}}, $_->[1] for @{$a{headers}};
	for my $name (qw/ authorization host content-type x-tc-action x-tc-token
		x-tc-timestamp x-tc-version x-tc-region /)
	{
		return _refuse($out, 'InvalidAuthorization', "More than one $name")
			if @{$h{$name} || []} > 1;
	}

	my $text = $h{authorization} ? $h{authorization}[0] : '';
	my ($id, $date, $of, $list, $signature) = $text =~ m!\ATC3-HMAC-SHA256
		\x20Credential=([^/,\s]+)/(\d{4}-\d\d-\d\d)/([a-z0-9]+)/tc3_request,
		\x20SignedHeaders=([a-z0-9;-]+),\x20Signature=([0-9a-f]{64})\z!x
		or return _refuse($out, 'InvalidAuthorization',
			'Malformed Authorization');
	@$out{qw/ secret_id signed_headers /} = ($id, $list);

	# when

	my $timestamp = $h{'x-tc-timestamp'} ? $h{'x-tc-timestamp'}[0] : '';
	return _refuse($out, 'InvalidAuthorization', 'Malformed X-TC-Timestamp')
		unless $timestamp =~ /\A[1-9]\d{0,11}\z/;
	return _refuse($out, 'SignatureExpire', 'The signature has expired')
		if abs($timestamp - $now)
			> (defined $a{max_skew} ? $a{max_skew} : 300);
	return _refuse($out, 'SignatureFailure',
		'The date is not that of the timestamp')
		unless $date eq utc_date($timestamp);
	return _refuse($out, 'SignatureFailure', "The service is not $service")
		unless $of eq $service;

	# who

	my $cred = $a{credential}->($id) or return _refuse($out,
		'SecretIdNotFound', 'The SecretId is not found');
	my $token = $h{'x-tc-token'} ? $h{'x-tc-token'}[0] : '';
	return _refuse($out, 'TokenFailure', 'The token is invalid')
		unless $token eq (defined $cred->{token} ? $cred->{token} : '');
	return _refuse($out, 'TokenFailure', 'The token has expired')
		if defined $cred->{expires} && $now >= $cred->{expires};

	# what

	my @signed = split /;/, $list, -1;
	my %signed = map { $_ => 1 } @signed;
	return _refuse($out, 'SignatureFailure',
		'SignedHeaders are not a sorted list of headers')
		if $list ne join ';', sort keys %signed;
	for my $name (@signed) {
		return _refuse($out, 'SignatureFailure', "No header $name")
			unless @{$h{$name} || []} == 1;
	}
	for my $name (qw/ content-type host /) {
		return _refuse($out, 'SignatureFailure', "$name is not signed")
			unless $signed{$name};
	}

	my $key = (keys_of($cred->{secret_key}, $date, $service))[2];
	for my $lower (0, 1) {
		my $canonical = canonical_request(%a, signed => \@signed,
			lower => $lower);
		my $to_sign = string_to_sign($timestamp,
			"$date/$service/tc3_request", $canonical);
		@$out{qw/ canonical_request string_to_sign /} =
			($canonical, $to_sign);
		next if hmac_sha256_hex($to_sign, $key) ne $signature;
		$out->{ok} = 1;
		return $out;
	}

	return _refuse($out, 'SignatureFailure',
		'The provided credentials could not be validated. Please check your'
		. ' signature is correct.');
}

1;
