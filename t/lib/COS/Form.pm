package COS::Form;

# POST Object: an upload as multipart/form-data.  The authorization is in the
# form, either a signed policy or a header-style signature over "POST /".

use strict;
use warnings;

use COS::Signature qw/ sign_policy /;

use JSON::PP ();
use MIME::Base64 qw/ decode_base64 encode_base64 /;
use Time::Local qw/ timegm /;

my $MAX_FIELDS = 65536;

sub post_object {
	my ($cos, $c, $req) = @_;

	my $type = $req->{h}{'content-type'} ? $req->{h}{'content-type'}[0] : '';
	my ($boundary) = $type =~ m!\Amultipart/form-data\s*;.*?\bboundary=
		("[^"]{1,70}"|[^\s;]{1,70})!xsi;
	return _malformed($cos, $c, $req) unless defined $boundary;
	$boundary =~ tr/"//d;

	my $form = { buf => '', names => {} };
	my $error = _read_fields($c, $req, $form, $boundary);
	return _malformed($cos, $c, $req) if $error;
	my $f = $form->{fields};

	my $bad = sub { $cos->error($c, $req, @_) };
	return $bad->(400, 'InvalidArgument', 'The form has no key',
		argument => 'key') unless defined $f->{key} && $f->{key} ne '';
	$f->{key} =~ s/\$\{filename\}/$form->{filename}/g;
	$req->{key} = $f->{key};
	return $bad->(400, 'KeyTooLong', 'The specified key is too long.')
		if length $f->{key} > 850;

	my ($refusal, $min, $max) = _authorize($cos, $req, $f);
	return $bad->(@$refusal) if $refusal;

	my $writer = $cos->{store}->writer($req->{bucket});
	$error = _read_file($c, $req, $form, $boundary, $writer);
	return _malformed($cos, $c, $req) if $error;
	return $bad->(400, 'EntityTooLarge',
		'Your proposed upload exceeds the maximum allowed object size.')
		if defined $max && $writer->{size} > $max;
	return $bad->(400, 'EntityTooSmall',
		'Your proposed upload is smaller than the minimum allowed.')
		if defined $min && $writer->{size} < $min;

	$writer->finish;
	return $bad->(400, 'BadDigest',
		'The Content-MD5 you specified did not match what we received.')
		if defined $f->{'content-md5'} && $f->{'content-md5'} ne ''
			&& $f->{'content-md5'} ne encode_base64($writer->{md5bin}, '');

	my %keep = map { $_ => $f->{$_} } grep { $f->{$_} ne ''
		&& /\A(?:content-type|cache-control|content-disposition
			|content-encoding|expires|x-cos-meta-.+|x-cos-storage-class)\z/x
		} keys %$f;
	my $meta = $cos->{store}->commit($writer, $req->{bucket}, $f->{key},
		{ headers => \%keep, mtime => $cos->now($req), acl => $f->{acl} });

	my $etag = ['ETag', qq("$meta->{etag}")];
	my $status = $f->{success_action_status} || 204;
	$status = 204 unless $status =~ /\A20[014]\z/;
	if (my $to = $f->{success_action_redirect}) {
		$to =~ tr/\x00-\x20//d;
		$to .= ($to =~ /\?/ ? '&' : '?') . join '&',
			map { "$_->[0]=" . COS::Signature::escape($_->[1]) }
			['bucket', $req->{bucket}], ['key', $f->{key}],
			['etag', qq("$meta->{etag}")];
		return $cos->answer($c, $req, 303, [$etag, ['Location', $to]]);
	}
	return $cos->answer($c, $req, $status, [$etag, ['Location',
		"http://$req->{host}/" . _path($f->{key})]]);
}

sub _path {
	my ($key) = @_;
	$key = COS::Signature::escape($key);
	$key =~ s/%2F/\//g;
	return $key;
}

sub _malformed {
	my ($cos, $c, $req) = @_;
	return $cos->error($c, $req, 400, 'MalformedPOSTRequest', 'The body of'
		. ' your POST request is not well-formed multipart/form-data.');
}

# Everything up to the contents of the file, which has to be the last part.

sub _read_fields {
	my ($c, $req, $form, $boundary) = @_;

	my $more = sub {
		return 0 if length $form->{buf} > $MAX_FIELDS + 65536;
		my $piece = $c->read_body($req);
		return 0 if !defined $piece || $piece eq '';
		$form->{buf} .= $piece;
		return 1;
	};

	$more->() || return 1 until length $form->{buf} >= length($boundary) + 4;
	return 1 unless $form->{buf} =~ s/\A--\Q$boundary\E\r\n//;

	while (1) {
		$more->() || return 1 until $form->{buf} =~ /\r\n\r\n/;
		$form->{buf} =~ s/\A(.*?)\r\n\r\n//s;
		my $head = $1;
		my ($name) = $head =~ /^content-disposition:\s*form-data\s*;
			.*?\bname="([^"]*)"/xim or return 1;
		my ($filename) = $head =~ /;\s*filename="([^"]*)"/i;
		if (lc $name eq 'file') {
			$form->{filename} = defined $filename ? $filename : '';
			return 0;
		}
		$more->() || return 1 until $form->{buf} =~ /\r\n--\Q$boundary\E\r\n/;
		return 1 if $-[0] > $MAX_FIELDS;
		$form->{buf} =~ s/\A(.*?)\r\n--\Q$boundary\E\r\n//s;
		# what the real one does with a second field of the same name is
		# not known: nobody may depend on it
		return 1 if exists $form->{fields}{lc $name};
		$form->{fields}{lc $name} = $1;
	}
}

sub _read_file {
	my ($c, $req, $form, $boundary, $writer) = @_;

	my $end = "\r\n--$boundary--";
	while (1) {
		my $at = index $form->{buf}, $end;
		# another part
		my $next = index $form->{buf}, "\r\n--$boundary\r\n";
		return 1 if $next >= 0 && ($at < 0 || $next < $at);
		if ($at >= 0) {
			$writer->write(substr $form->{buf}, 0, $at);
			return 0 if $c->discard_body($req, 4096);
			return 1;
		}
		my $keep = length($end) + 2;
		if (length $form->{buf} > $keep) {
			$writer->write(substr $form->{buf}, 0,
				length($form->{buf}) - $keep, '');
		}
		my $piece = $c->read_body($req);
		return 1 if !defined $piece || $piece eq '';
		$form->{buf} .= $piece;
	}
}

###############################################################################

# (refusal, smallest size, largest size)

sub _authorize {
	my ($cos, $req, $f) = @_;

	return [400, 'InvalidArgument', 'More than one signature in the request']
		if defined $f->{signature} && defined $f->{policy};

	if (defined $f->{signature}) {
		# as if it were a request without a body; the copy in the headers,
		# if there is one, is the same string
		my @headers = grep { lc $_->[0] ne 'authorization'
			&& lc $_->[0] ne 'x-cos-security-token' } @{$req->{headers}};
		push @headers, ['Authorization', $f->{signature}];
		push @headers, ['x-cos-security-token', $f->{'x-cos-security-token'}]
			if defined $f->{'x-cos-security-token'};
		my $auth = COS::Signature::verify(method => 'POST',
			target => $req->{target}, headers => \@headers,
			now => $req->{now}, max_skew => $cos->{max_skew},
			credential => sub { $cos->_credential($req->{control}, @_) });
		@$req{qw/ auth verified /} = ($auth, $auth->{ok});
		return if $auth->{ok};
		return [@$auth{qw/ status code message /}];
	}

	return _policy($cos, $req, $f) if defined $f->{policy};

	return if $req->{verified};
	return [403, 'AccessDenied',
		'Check auth failure because signature empty.'];
}

sub _policy {
	my ($cos, $req, $f) = @_;

	my $denied = sub { [403, 'AccessDenied', $_[0]] };
	for my $name (qw/ q-sign-algorithm q-ak q-key-time q-signature /) {
		return [400, 'InvalidArgument', "The form has no $name",
			argument => $name] unless defined $f->{$name};
	}
	my $auth = $req->{auth} = { secret_id => $f->{'q-ak'},
		source => 'policy' };
	my $cred = $cos->_credential($req->{control}, $f->{'q-ak'})
		or return [403, 'InvalidAccessKeyId',
			'The access key Id you provided does not exist in our records'];

	my ($start, $end) = $f->{'q-key-time'} =~ /\A(\d{1,15});(\d{1,15})\z/;
	return [400, 'InvalidArgument', 'Malformed q-key-time']
		unless defined $end && $f->{'q-sign-algorithm'} eq 'sha1';
	return $denied->('Request has expired')
		if $req->{now} < $start || $req->{now} > $end;
	return [400, 'ExpiredToken', 'The provided token has expired.']
		if defined $cred->{expires} && $req->{now} >= $cred->{expires};
	my ($want, $given) = ($cred->{token}, $f->{'x-cos-security-token'});
	return $denied->('The security token is invalid.')
		if (defined $want ? $want : '') ne (defined $given ? $given : '');

	my $text = decode_base64($f->{policy});
	return [403, 'SignatureDoesNotMatch',
		'The Signature you specified is invalid.']
		unless sign_policy(policy => $text, key_time => $f->{'q-key-time'},
			secret_key => $cred->{secret_key}) eq $f->{'q-signature'};
	$req->{verified} = 1;

	my $policy = eval { JSON::PP->new->utf8->decode($text) };
	return [400, 'InvalidPolicyDocument',
		'The content of the form does not meet the conditions.']
		unless ref $policy eq 'HASH' && ref $policy->{conditions} eq 'ARRAY'
			&& ($policy->{expiration} || '') =~
				/\A(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/;
	my $until = eval { timegm($6, $5, $4, $3, $2 - 1, $1) } || 0;
	return $denied->('You post object request has been expired.')
		if $req->{now} > $until;

	my %value = (%$f, bucket => $req->{bucket},
		'q-sign-time' => $f->{'q-key-time'});
	my (%seen, $min, $max);
	for my $cond (@{$policy->{conditions}}) {
		my @c = ref $cond eq 'HASH' ? map { ['eq', "\$$_", $cond->{$_}] }
			keys %$cond : ref $cond eq 'ARRAY' && @$cond == 3 ? $cond
			: return [400, 'InvalidPolicyDocument', 'Bad condition'];
		for (@c) {
			my ($op, $name, $arg) = @$_;
			if ($op eq 'content-length-range') {
				($min, $max) = ($name, $arg);
				next;
			}
			$name =~ s/\A\$//;
			utf8::encode($arg);
			my $have = $value{lc $name};
			my $ok = defined $have && ($op eq 'eq' ? $have eq $arg
				: $op eq 'starts-with' && index($have, $arg) == 0);
			return $denied->("Condition key $name doesn't match the value"
				. " $arg") unless $ok;
			$seen{lc $name} = 1 if $op eq 'eq';
		}
	}
	for my $name (qw/ q-sign-algorithm q-ak q-sign-time /) {
		return [400, 'InvalidPolicyDocument',
			"You must provide condition $name"] unless $seen{$name};
	}

	return (undef, $min, $max);
}

1;
