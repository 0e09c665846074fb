package COS::Issuer::Answer;

# The JSON that issuers of temporary credentials answer with, well-formed or
# spoiled on purpose.
#
#   form          metadata, sts, response (sts without "Response"), sts_php
#   case          lower or upper: the first letters of all names
#   expiry        both, numeric, iso, string (a number in quotes)
#   zone          +08:00: how the RFC 3339 time is written; Z
#   without       id, key, token, expiry, start, code: leave them out (a list)
#   wrong_types   the same names: other JSON types; 1 for id key token expiry
#   code          Code of metadata in place of Success
#   set, remove   { 'Response.Credentials.Token' => null }, [path, ...]
#   size          at least so many bytes
#   truncate      cut to N bytes; with -N, by N bytes

use strict;
use warnings;

use JSON::PP ();

my %NAME = (id => qr/\Atmpsecretid\z/i, key => qr/\Atmpsecretkey\z/i,
	token => qr/\A(?:session)?token\z/i, seconds => qr/\Aexpiredtime\z/i,
	iso => qr/\Aexpiration\z/i, start => qr/\Astarttime\z/i,
	code => qr/\Acode\z/i);

my %WRONG = (id => 12345, key => ['key'], token => JSON::PP::true,
	seconds => { in => 'an hour' }, iso => 7, start => 'then', code => 0);

sub iso_time {
	my ($time, $zone) = @_;
	$zone = 'Z' unless defined $zone;
	my $offset = $zone =~ /\A([+-])(\d\d):(\d\d)\z/
		? ($1 eq '-' ? -1 : 1) * ($2 * 3600 + $3 * 60) : 0;
	my ($s, $m, $h, $d, $mon, $y) = gmtime($time + $offset);
	return sprintf '%04d-%02d-%02dT%02d:%02d:%02d%s', $y + 1900, $mon + 1,
		$d, $h, $m, $s, $zone;
}

sub text {
	my ($conf, $form, $cred, $request_id) = @_;

	$form = $conf->{form} if defined $conf->{form};
	my $tree = _tree($conf, $form, $cred, $request_id);

	my $expiry = $conf->{expiry} || 'both';
	_each($tree, 'iso', sub { delete $_[0]{$_[1]} })
		if $expiry eq 'numeric' || $expiry eq 'string';
	_each($tree, 'seconds', sub { delete $_[0]{$_[1]} }) if $expiry eq 'iso';
	_each($tree, 'seconds', sub { $_[0]{$_[1]} = "$_[0]{$_[1]}" })
		if $expiry eq 'string';

	for my $what (_names($conf->{without})) {
		_each($tree, $what, sub { delete $_[0]{$_[1]} });
	}
	for my $what (_names($conf->{wrong_types})) {
		_each($tree, $what, sub { $_[0]{$_[1]} = $WRONG{$what} });
	}
	if (my $case = $conf->{case}) {
		$tree = _case($tree, $case eq 'lower' ? sub { lcfirst $_[0] }
			: sub { ucfirst $_[0] }, $form eq 'sts');
	}
	for my $path (sort keys %{$conf->{set} || {}}) {
		my ($in, $name) = _at($tree, $path);
		$in->{$name} = $conf->{set}{$path};
	}
	for my $path (@{$conf->{remove} || []}) {
		my ($in, $name) = _at($tree, $path);
		delete $in->{$name};
	}
	$tree->{Padding} = 'x' x $conf->{size} if $conf->{size};

	my $json = JSON::PP->new->utf8->canonical->allow_nonref;
	# what metadata sends is laid out
	$json->indent->space_after if $form eq 'metadata';
	my $text = $json->encode($tree);
	$text = substr $text, 0, $conf->{truncate} if defined $conf->{truncate};

	return $text;
}

sub _tree {
	my ($conf, $form, $cred, $request_id) = @_;

	my $expired = $cred->{expires} + 0;
	my $iso = iso_time($expired, $conf->{zone});

	return { TmpSecretId => $cred->{secret_id}, Token => $cred->{token},
		TmpSecretKey => $cred->{secret_key}, ExpiredTime => $expired,
		Expiration => $iso,
		Code => defined $conf->{code} ? $conf->{code} : 'Success' }
		if $form eq 'metadata';

	return { expiredTime => $expired, expiration => $iso,
		startTime => $cred->{started} + 0, requestId => $request_id,
		credentials => { sessionToken => $cred->{token},
			tmpSecretId => $cred->{secret_id},
			tmpSecretKey => $cred->{secret_key} } } if $form eq 'sts_php';

	my $response = { ExpiredTime => $expired, Expiration => $iso,
		RequestId => $request_id, Credentials => {
			Token => $cred->{token}, TmpSecretId => $cred->{secret_id},
			TmpSecretKey => $cred->{secret_key} } };
	return $response if $form eq 'response';
	return { Response => $response } if $form eq 'sts';
	die "unknown form $form\n";
}

sub _names {
	my ($list) = @_;
	return () unless $list;
	my @list = ref $list ? @$list : $list eq '1' ? qw/ id key token expiry /
		: $list;
	return map { $_ eq 'expiry' ? qw/ seconds iso / : $_ } @list;
}

sub _each {
	my ($tree, $what, $code) = @_;
	die "unknown member $what\n" unless $NAME{$what};
	for my $name (sort keys %$tree) {
		if ($name =~ $NAME{$what}) {
			$code->($tree, $name);
		} elsif (ref $tree->{$name} eq 'HASH') {
			_each($tree->{$name}, $what, $code);
		}
	}
}

# "Response" is what it is in either case

sub _case {
	my ($tree, $code, $keep) = @_;
	return $tree unless ref $tree eq 'HASH';
	return { map { ($keep ? $_ : $code->($_)) => _case($tree->{$_}, $code) }
		keys %$tree };
}

sub _at {
	my ($tree, $path) = @_;
	my @names = split /\./, $path;
	my $last = pop @names;
	for my $name (@names) {
		$tree->{$name} = {} unless ref $tree->{$name} eq 'HASH';
		$tree = $tree->{$name};
	}
	return ($tree, $last);
}

1;
