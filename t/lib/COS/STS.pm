package COS::STS;

# Requests to STS 2018-08-13 as the issuer of the tests sees them: who signed
# them, and whether their parameters are such as the API takes.

use strict;
use warnings;

use COS::TC3 qw/ tc3_verify /;

use B ();
use JSON::PP ();

my $NAME = qr/\A[A-Za-z0-9_+=,.\@-]{2,128}\z/;
my $ARN = qr!\Aqcs::cam::uin/\d+:(?:roleName/[A-Za-z0-9_+=,.\@-]+|role/\d+)\z!;

my %COMMON = (DurationSeconds => undef);
my %ROLE = (%COMMON, RoleArn => $ARN, RoleSessionName => $NAME);

# what an action takes; what it must have comes first

my %ACTION = (
	AssumeRole => { signed => 1, max => 43200, default => 7200,
		need => [qw/ RoleArn RoleSessionName /],
		take => { %ROLE, Policy => undef, Tags => undef,
			ExternalId => qr!\A[A-Za-z0-9_+=,.\@:/-]{2,128}\z!,
			SourceIdentity => $NAME, SerialNumber => undef,
			TokenCode => undef } },
	GetFederationToken => { signed => 1, max => 129600, default => 1800,
		need => [qw/ Name Policy /],
		take => { %COMMON, Name => qr/\A[A-Za-z]{1,128}\z/,
			Policy => undef } },
	AssumeRoleWithWebIdentity => { max => 43200, default => 7200,
		need => [qw/ ProviderId WebIdentityToken RoleArn RoleSessionName /],
		take => { %ROLE, ProviderId => qr/\A[A-Za-z0-9_.-]{1,128}\z/,
			WebIdentityToken => qr/\A\S+\z/ } },
);

###############################################################################

# check(conf, headers => [[name, value], ...], body, now, query,
#       credential => sub)
#
# conf has role_arn, external_id, provider_id and web_identity_token_file: what
# the request must say, if they are there.  Returns action, ok, or code and
# message; verified, secret_id, signed_headers, params, policy, duration.

sub check {
	my ($conf, %a) = @_;

	my %h = map { lc $_->[0] => $_->[1] } @{$a{headers}};
	my $action = defined $h{'x-tc-action'} ? $h{'x-tc-action'} : '';
	my $is = $ACTION{$action};
	my $out = { action => $action, ok => 0, verified => 0 };
	my $no = sub { @$out{qw/ code message /} = @_; return $out };

	my $params = eval { JSON::PP->new->utf8->decode($a{body}) };
	$out->{params} = $params if ref $params eq 'HASH';

	# the signature comes first, so that the journal tells of it always

	my $auth = defined $h{authorization} ? $h{authorization} : '';
	if ($is && !$is->{signed}) {
		return $no->('AuthFailure.InvalidAuthorization',
			'Authorization is not SKIP') if $auth ne 'SKIP';
		return $no->('AuthFailure.TokenFailure', 'X-TC-Token with SKIP')
			if defined $h{'x-tc-token'};
	} else {
		my $tc3 = tc3_verify(%a);
		@$out{qw/ verified secret_id signed_headers /} =
			@$tc3{qw/ ok secret_id signed_headers /};
		return $no->(@$tc3{qw/ code message /}) unless $tc3->{ok};
	}

	return $no->('InvalidAction', "There is no action '$action'") unless $is;
	return $no->('NoSuchVersion', 'X-TC-Version is not 2018-08-13')
		unless ($h{'x-tc-version'} || '') eq '2018-08-13';
	return $no->('MissingParameter', 'X-TC-Region')
		unless defined $h{'x-tc-region'};
	return $no->('UnsupportedRegion', 'X-TC-Region')
		unless $h{'x-tc-region'} =~ /\A[a-z]{2}-[a-z0-9-]+\z/;
	return $no->('MissingParameter', 'X-TC-Timestamp')
		unless ($h{'x-tc-timestamp'} || '') =~ /\A\d+\z/;
	return $no->('AuthFailure.SignatureExpire', 'X-TC-Timestamp')
		if abs($h{'x-tc-timestamp'} - $a{now}) > 300;
	return $no->('UnsupportedProtocol', 'Content-Type')
		unless ($h{'content-type'} || '')
			=~ m!\Aapplication/json(?:;\s*charset=utf-8)?\z!i;
	return $no->('InvalidParameter', 'The body is not a JSON object')
		unless $out->{params};

	my @wrong = _parameters($conf, $out, $is);
	return $no->(@wrong) if @wrong;

	$out->{ok} = 1;
	return $out;
}

sub _parameters {
	my ($conf, $out, $is) = @_;
	my $p = $out->{params};

	for my $name (@{$is->{need}}) {
		return ('MissingParameter', $name) unless defined $p->{$name};
	}
	for my $name (sort keys %$p) {
		my $value = $p->{$name};
		return ('UnknownParameter', $name) unless exists $is->{take}{$name};
		next if $name eq 'Tags';
		if ($name eq 'DurationSeconds') {
			return ('InvalidParameter', 'DurationSeconds is not an integer')
				unless _is_integer($value);
			return ('InvalidParameter.OverTimeError', $name)
				if $value < 1 || $value > $is->{max};
			next;
		}
		return ('InvalidParameter', "$name is not a string")
			unless _is_string($value);
		my $form = $is->{take}{$name};
		return ('InvalidParameterValue', $name)
			if defined $form && $value !~ $form;
	}
	$out->{duration} = defined $p->{DurationSeconds} ? $p->{DurationSeconds}
		: $is->{default};

	if (defined $p->{Policy}) {
		$out->{policy} = _policy($p->{Policy},
			$out->{action} eq 'AssumeRole')
			or return ('InvalidParameter.StrategyFormatError', 'Policy');
	}

	return ('ResourceNotFound.RoleNotFound', 'RoleArn')
		if _differs($p->{RoleArn}, $conf->{role_arn});
	return ('InvalidParameterValue', 'ExternalId')
		if $out->{action} eq 'AssumeRole' && defined $conf->{external_id}
			&& ($p->{ExternalId} || '') ne $conf->{external_id};
	return ('InvalidParameterValue', 'ProviderId')
		if _differs($p->{ProviderId}, $conf->{provider_id});

	if (defined $p->{WebIdentityToken}) {
		return ('InvalidParameter.WebIdentityTokenError', 'WebIdentityToken')
			if !defined $conf->{web_identity_token_file}
			|| $p->{WebIdentityToken}
				ne web_identity_token($conf->{web_identity_token_file});
	}

	return;
}

sub _differs { return defined $_[0] && defined $_[1] && $_[0] ne $_[1] }

sub _flags { return B::svref_2object(\$_[0])->FLAGS }

sub _is_string {
	return defined $_[0] && !ref $_[0] && _flags($_[0]) & B::SVf_POK();
}

sub _is_integer {
	return defined $_[0] && !ref $_[0] && _flags($_[0]) & B::SVf_IOK()
		&& !(_flags($_[0]) & B::SVf_POK());
}

# The policy, or undef when it is not escaped (unless it may be plain) or not
# a policy.

sub _policy {
	my ($text, $plain) = @_;

	utf8::encode($text);
	if (!$plain || $text !~ /\A\s*\{/) {
		return undef if $text =~ m/[^A-Za-z0-9_.~%+*!'()-]/
			|| $text =~ /%(?![0-9A-Fa-f]{2})/;
		$text =~ tr/+/ /;
		$text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
	}
	my $policy = eval { JSON::PP->new->utf8->decode($text) };
	return undef unless ref $policy eq 'HASH'
		&& ($policy->{version} || '') eq '2.0'
		&& ref $policy->{statement} eq 'ARRAY' && @{$policy->{statement}};
	return $policy;
}

sub web_identity_token {
	my ($file) = @_;
	open my $fh, '<:raw', $file or return '';
	local $/;
	my $text = readline $fh;
	return '' unless defined $text;
	$text =~ s/\s+\z//;
	return $text;
}

1;
