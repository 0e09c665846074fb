package COS::Signature;

# COS XML API v5 signatures (q-sign-algorithm=sha1): compute and verify.
#
# Everything is byte strings.  This is the tests' own reading of the protocol
# and shares nothing with the module it checks.

use strict;
use warnings;

use Digest::SHA qw/ hmac_sha1_hex sha1_hex /;
use Exporter qw/ import /;
use Time::Local qw/ timegm /;

our @EXPORT_OK = qw/ escape escape_name unescape split_target parse_query
	sign presign verify sign_key sign_policy http_time parse_http_time /;

my @PAIRS = qw/ q-sign-algorithm q-ak q-sign-time q-key-time q-header-list
	q-url-param-list q-signature /;
my %AUTH_PARAM = map { $_ => 1 } @PAIRS, 'sign';

my @MON = qw/ Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec /;
my @DAY = qw/ Sun Mon Tue Wed Thu Fri Sat /;
my %MON = map { $MON[$_] => $_ } 0 .. 11;

###############################################################################

sub escape {
	my ($s) = @_;
	$s =~ s/([^A-Za-z0-9\-_.~])/sprintf('%%%02X', ord $1)/ge;
	return $s;
}

sub escape_name { return lc escape($_[0]) }

# One pass; undef when a % is not followed by two hex digits.

sub unescape {
	my ($s, $plus) = @_;
	return undef if $s =~ /%(?![0-9A-Fa-f]{2})/;
	$s =~ tr/+/ / if $plus;
	$s =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
	return $s;
}

# Raw request target -> (decoded path, raw query).

sub split_target {
	my ($target) = @_;
	my ($path, $query) = split /\?/, $target, 2;
	$path = '/' if !defined $path || $path eq '';
	return (unescape($path), defined $query ? $query : '');
}

# Raw query -> [[name, value], ...] decoded, in wire order; undef if malformed.

sub parse_query {
	my ($query) = @_;
	my @out;
	for my $seg (split /&/, $query) {
		next if $seg eq '';
		my ($name, $value) = split /=/, $seg, 2;
		$name = unescape(defined $name ? $name : '', 1);
		$value = unescape(defined $value ? $value : '', 1);
		return undef unless defined $name && defined $value;
		push @out, [$name, $value];
	}
	return \@out;
}

sub is_auth_param { return $AUTH_PARAM{lc $_[0]} }

sub sign_key { return hmac_sha1_hex($_[1], $_[0]) }	# secret, key time

###############################################################################

# [[name, value], ...] -> (list, string).  With order => 'raw' the pairs go
# by the unescaped name, as the JavaScript SDKs do it.

sub canonical {
	my ($pairs, $order) = @_;

	my @items = map { [escape_name($_->[0]), $_->[1], lc $_->[0]] } @$pairs;
	my @list = sort map { $_->[0] } @items;
	my $by = ($order || '') eq 'raw' ? 2 : 0;
	@items = sort { $a->[$by] cmp $b->[$by] || $a->[1] cmp $b->[1] } @items;

	return (join(';', @list),
		join('&', map { $_->[0] . '=' . escape($_->[1]) } @items));
}

sub strings {
	my ($method, $path, $params, $headers, $sign_time) = @_;
	my $http = join("\n", lc $method, $path, $params, $headers) . "\n";
	return ($http, "sha1\n$sign_time\n" . sha1_hex($http) . "\n");
}

sub _pairs {
	my ($in) = @_;
	return [] unless defined $in;
	return $in if ref $in eq 'ARRAY';
	return [map { [$_, $in->{$_}] } sort keys %$in];
}

# sign(secret_id, secret_key, method, target or path + params, headers,
#      key_time or start/expires, sign_time, header_list, param_list)
#
# header_list/param_list pick what is signed, by name; all that is given
# otherwise.  Returns a hash with authorization, signature, http_string, ...

sub sign {
	my (%a) = @_;

	my ($path, $params) = ($a{path}, _pairs($a{params}));
	if (defined $a{target}) {
		($path, my $query) = split_target($a{target});
		$params = parse_query($query);
		die "malformed target\n" unless defined $path && $params;
		$params = [grep { !is_auth_param($_->[0]) } @$params];
	}
	my $headers = _pairs($a{headers});

	if ($a{header_list}) {
		my %want = map { lc $_ => 1 } @{$a{header_list}};
		$headers = [grep { $want{lc $_->[0]} } @$headers];
	}
	if ($a{param_list}) {
		my %want = map { lc $_ => 1 } @{$a{param_list}};
		$params = [grep { $want{lc $_->[0]} } @$params];
	}

	my $key_time = $a{key_time};
	if (!defined $key_time) {
		my $start = defined $a{start} ? $a{start} : time() - 60;
		$key_time = $start . ';' . ($start + ($a{expires} || 960));
	}
	my $sign_time = defined $a{sign_time} ? $a{sign_time} : $key_time;

	my ($plist, $pstring) = canonical($params, $a{order});
	my ($hlist, $hstring) = canonical($headers);
	my ($http, $to_sign) =
		strings($a{method} || 'GET', $path, $pstring, $hstring, $sign_time);
	my $key = sign_key($a{secret_key}, $key_time);
	my $signature = hmac_sha1_hex($to_sign, $key);

	my @values = ('sha1', $a{secret_id}, $sign_time, $key_time, $hlist, $plist,
		$signature);

	return {
		authorization =>
			join('&', map { "$PAIRS[$_]=$values[$_]" } 0 .. $#PAIRS),
		pairs => [map { [$PAIRS[$_], $values[$_]] } 0 .. $#PAIRS],
		header_list => $hlist, url_param_list => $plist,
		http_headers => $hstring, http_parameters => $pstring,
		http_string => $http, string_to_sign => $to_sign,
		sign_key => $key, signature => $signature,
	};
}

# As sign(), returns the target with the signature in the query: seven
# parameters, or one "sign" with merged => 1.  A token goes in unsigned unless
# it is part of the target already.

sub presign {
	my (%a) = @_;

	my $s = sign(%a);
	my $target = $a{target};
	$target .= $target =~ /\?/ ? '&' : '?';
	$target .= $a{merged} ? 'sign=' . escape($s->{authorization})
		: join('&', map { $_->[0] . '=' . escape($_->[1]) } @{$s->{pairs}});
	$target .= '&x-cos-security-token=' . escape($a{token})
		if defined $a{token};

	return $target;
}

# Form upload: the signature over the text of a policy.

sub sign_policy {
	my (%a) = @_;
	return hmac_sha1_hex(sha1_hex($a{policy}),
		sign_key($a{secret_key}, $a{key_time}));
}

###############################################################################

sub _refuse {
	my ($out, $status, $code, $message, %more) = @_;
	@$out{qw/ ok status code message /} = (0, $status, $code, $message);
	@$out{keys %more} = values %more;
	return $out;
}

# The seven values of an Authorization string, or undef.

sub parse_authorization {
	my ($text) = @_;
	my %v;
	for my $pair (split /&/, $text, -1) {
		my ($name, $value) = split /=/, $pair, 2;
		return undef unless defined $value;
		return undef if $name eq 'sign' || !$AUTH_PARAM{$name};
		return undef if exists $v{$name};
		$v{$name} = $value;
	}
	return @PAIRS == keys %v ? \%v : undef;
}

# verify(method, target, headers => [[name, value], ...], credential => sub,
#        now, strict, max_skew)
#
# credential->(id) returns { secret_key, token, expires } or undef.  The answer
# has ok, signed, secret_id, header_list, param_list, http_string and
# string_to_sign; a refusal also status, code and message.

sub verify {
	my (%a) = @_;

	my $now = defined $a{now} ? $a{now} : time();
	my $out = { ok => 0, signed => 0 };

	my (%h, @names);
	for my $pair (@{$a{headers}}) {
		push @{$h{lc $pair->[0]}}, $pair->[1];
	}
	for my $name (qw/ authorization host x-cos-security-token
		x-ci-security-token /)
	{
		return _refuse($out, 400, 'InvalidRequest',
			"Duplicate header $name") if @{$h{$name} || []} > 1;
	}

	my ($path, $query) = split_target($a{target});
	return _refuse($out, 400, 'InvalidURI', "Couldn't parse the URI")
		unless defined $path && $path =~ m!^/!;
	my $params = parse_query($query);
	return _refuse($out, 400, 'InvalidURI', "Couldn't parse the query")
		unless $params;

	# where the signature is

	my $values = _find_signature($out, \%h, $params);
	return $out unless $values;

	@$out{qw/ signed secret_id header_list param_list /} = (1,
		@$values{qw/ q-ak q-header-list q-url-param-list /});

	return _refuse($out, 400, 'InvalidArgument',
		'Unsupported q-sign-algorithm')
		unless $values->{'q-sign-algorithm'} eq 'sha1';
	return _refuse($out, 403, 'SignatureDoesNotMatch',
		'The Signature you specified is invalid.')
		unless $values->{'q-signature'} =~ /\A[0-9a-f]{40}\z/;

	# who

	my $cred = $a{credential}->($values->{'q-ak'});
	return _refuse($out, 403, 'InvalidAccessKeyId',
		'The access key Id you provided does not exist in our records')
		unless $cred;

	# when

	my $error = _check_time($out, \%h, $values, $now, $a{max_skew});
	return $error if $error;

	return $out unless _check_token($out, \%h, $params, $cred, $now);

	# what

	my @params = grep { !is_auth_param($_->[0]) } @$params;
	my ($hset, $hmiss) = _select($values->{'q-header-list'}, $a{headers});
	my ($pset, $pmiss) = _select($values->{'q-url-param-list'}, \@params);

	my ($pstring) = (canonical($pset))[1];
	my $key = sign_key($cred->{secret_key}, $values->{'q-key-time'});
	my $match = 0;

	for my $headers (_host_forms($hset)) {
		my ($hstring) = (canonical($headers))[1];
		my ($http, $to_sign) = strings($a{method}, $path, $pstring, $hstring,
			$values->{'q-sign-time'});
		@$out{qw/ http_string string_to_sign /} = ($http, $to_sign)
			unless defined $out->{http_string};

		if (_equal(hmac_sha1_hex($to_sign, $key), $values->{'q-signature'})) {
			@$out{qw/ http_string string_to_sign /} = ($http, $to_sign);
			$match = 1;
			last;
		}
	}

	return _refuse($out, 403, 'SignatureDoesNotMatch',
		'The Signature you specified is invalid.', show_strings => 1)
		if !$match || $hmiss || $pmiss;

	if ($a{strict}) {
		my $missing = _strict($hset, $pset, $a{headers}, \@params);
		return _refuse($out, 403, 'AccessDenied', $missing) if $missing;
	}

	$out->{ok} = 1;
	return $out;
}

sub _find_signature {
	my ($out, $h, $params) = @_;

	my $header = $h->{authorization} ? $h->{authorization}[0] : '';
	my (@merged, %split, $bad);

	for my $p (@$params) {
		my ($name, $value) = @$p;
		next unless is_auth_param($name);
		# another spelling may be read as the same name by somebody else
		$bad = 1 if $name ne lc $name;
		if ($name eq 'sign') {
			push @merged, $value;
		} else {
			$bad = 1 if exists $split{$name};
			$split{$name} = $value;
		}
	}

	my $sources = ($header ne '') + @merged + (%split ? 1 : 0);

	if ($bad || $sources > 1) {
		$out->{signed} = 1;
		_refuse($out, 400, 'InvalidArgument',
			'More than one signature in the request');
		return undef;
	}

	if (!$sources) {
		_refuse($out, 403, 'AccessDenied',
			'Check auth failure because signature empty.');
		return undef;
	}

	$out->{signed} = 1;
	$out->{source} = %split ? 'presigned' : @merged ? 'merged' : 'header';

	my $values = %split ? (@PAIRS == keys %split ? \%split : undef)
		: parse_authorization(@merged ? $merged[0] : $header);
	_refuse($out, 400, 'InvalidArgument', 'Malformed signature')
		unless $values;

	return $values;
}

sub _check_time {
	my ($out, $h, $values, $now, $max_skew) = @_;

	$max_skew = 900 unless defined $max_skew;

	my ($start, $end) = $values->{'q-key-time'} =~ /\A(\d{1,15});(\d{1,15})\z/;
	return _refuse($out, 400, 'InvalidArgument', 'Malformed q-key-time')
		unless defined $end && $start <= $end;
	return _refuse($out, 403, 'AccessDenied',
		'q-sign-time differs from q-key-time')
		unless $values->{'q-sign-time'} eq $values->{'q-key-time'};

	my $date = $h->{date} ? parse_http_time($h->{date}[0]) : undef;
	return _refuse($out, 403, 'RequestTimeTooSkewed',
		'The difference between the request time and the current time is too'
		. ' large.', server_time => $now)
		if $start > $now || defined $date && abs($date - $now) > $max_skew;

	return _refuse($out, 403, 'AccessDenied', 'Request has expired',
		server_time => $now) if $now > $end;

	return undef;
}

sub _check_token {
	my ($out, $h, $params, $cred, $now) = @_;

	my @given = map { $_->[1] } grep {
		lc $_->[0] eq 'x-cos-security-token' } @$params;
	push @given, @{$h->{'x-cos-security-token'} || []},
		@{$h->{'x-ci-security-token'} || []};

	if (@given > 1) {
		_refuse($out, 400, 'InvalidRequest', 'More than one security token');
		return 0;
	}

	if (defined $cred->{expires} && $now >= $cred->{expires}) {
		_refuse($out, 400, 'ExpiredToken', 'The provided token has expired.',
			server_time => $now);
		return 0;
	}

	my $expect = defined $cred->{token} ? $cred->{token} : '';
	my $given = @given ? $given[0] : '';
	return 1 if $given eq $expect;

	_refuse($out, 403, 'AccessDenied', 'The security token is invalid.');
	return 0;
}

# The pairs of the request that a list names, and whether the list names
# anything that is not there as often as it says.

sub _select {
	my ($list, $pairs) = @_;

	my (%have, %want, @set);
	for my $pair (@$pairs) {
		push @{$have{escape_name($pair->[0])}}, $pair;
	}
	for my $name (split /;/, $list) {
		next if $name eq '';
		my $key = lc $name;
		# some old clients do not escape the names in the list
		$key = escape_name($name) if !$have{$key};
		$want{$key}++;
	}

	my $missing = 0;
	for my $key (keys %want) {
		my $found = $have{$key} || [];
		$missing = 1 if @$found != $want{$key};
		push @set, @$found;
	}

	return (\@set, $missing);
}

# Host as received, and without its port.

sub _host_forms {
	my ($headers) = @_;
	return $headers unless
		grep { lc $_->[0] eq 'host' && $_->[1] =~ /:\d+\z/ } @$headers;
	my @bare = map {
		my ($name, $value) = @$_;
		$value =~ s/:\d+\z// if lc $name eq 'host';
		[$name, $value];
	} @$headers;
	return ($headers, \@bare);
}

sub _strict {
	my ($hset, $pset, $headers, $params) = @_;

	my %signed = map { lc $_->[0] => 1 } @$hset;
	return 'Strict signature missing header that must be signed: host'
		unless $signed{host};
	for my $pair (@$headers) {
		my $name = lc $pair->[0];
		next unless $name =~ /\A(?:x-cos-|x-ci-|content-type\z|content-md5\z)/;
		next if $pair->[1] eq '' || $signed{$name};
		return "Strict signature missing header that must be signed: $name";
	}

	%signed = map { escape_name($_->[0]) => 1 } @$pset;
	for my $pair (@$params) {
		my $name = escape_name($pair->[0]);
		next if $signed{$name};
		return "Strict signature missing param that must be signed: $name";
	}

	return undef;
}

sub _equal {
	my ($x, $y) = @_;
	return 0 if length $x != length $y;
	my $diff = 0;
	$diff |= $_ for unpack 'C*', $x ^ $y;
	return $diff == 0;
}

###############################################################################

sub http_time {
	my ($t) = @_;
	my ($s, $m, $h, $d, $mon, $y, $wday) = gmtime $t;
	return sprintf '%s, %02d %s %04d %02d:%02d:%02d GMT', $DAY[$wday], $d,
		$MON[$mon], $y + 1900, $h, $m, $s;
}

sub parse_http_time {
	my ($s) = @_;
	return undef unless $s =~
		/\A\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT\z/
		&& exists $MON{$2};
	return eval { timegm($6, $5, $4, $1, $MON{$2}, $3) };
}

1;
