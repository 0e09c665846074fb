package COS::Operations;

# Which operation a request is, and the operations on objects and buckets.

use strict;
use warnings;

use COS::Listing;
use COS::Multipart;
use COS::Signature qw/ http_time parse_http_time unescape /;
use COS::Subresource;
use COS::XML qw/ el element elements /;

use Digest::MD5 ();
use MIME::Base64 qw/ encode_base64 /;

my $MAX_XML = 2097152;

# selecting parameter ('' for none) -> operation

my %OBJECT = (
	GET => { '' => 'GetObject', acl => 'GetObjectACL',
		tagging => 'GetObjectTagging', uploadId => 'ListParts' },
	HEAD => { '' => 'HeadObject' },
	PUT => { '' => 'PutObject', acl => 'PutObjectACL',
		tagging => 'PutObjectTagging', uploadId => 'UploadPart' },
	DELETE => { '' => 'DeleteObject', tagging => 'DeleteObjectTagging',
		uploadId => 'AbortMultipartUpload' },
	POST => { append => 'AppendObject', uploads => 'InitiateMultipartUpload',
		uploadId => 'CompleteMultipartUpload', restore => 'PostObjectRestore',
		select => 'SelectObjectContent' },
	OPTIONS => { '' => 'OptionsObject' },
);

# sub-resources of a bucket that are kept as they come
my %CONFIG = map { $_ => 1 } qw/ acl cors lifecycle policy referer tagging
	website versioning /;

my %BUCKET = (
	GET => { '' => 'GetBucket', uploads => 'ListMultipartUploads',
		location => 'GetBucketLocation', versions => 'GetBucketObjectVersions',
		map { $_ => 'GetBucketConfig' } keys %CONFIG },
	HEAD => { '' => 'HeadBucket' },
	PUT => { map { $_ => 'PutBucketConfig' } keys %CONFIG },
	DELETE => { map { $_ => 'DeleteBucketConfig' } keys %CONFIG },
	POST => { '' => 'PostObject', delete => 'DeleteMultipleObjects' },
	OPTIONS => { '' => 'OptionsObject' },
);

my %SERVICE = (GET => { '' => 'GetService' });

my @OVERRIDES = map { "response-$_" } qw/ cache-control content-disposition
	content-encoding content-language content-type expires /;
my @LISTING = qw/ prefix delimiter max-keys encoding-type /;

# parameters an operation takes besides the one that selects it
my %PARAMS = (
	GetObject => [@OVERRIDES, 'versionId'],
	HeadObject => ['versionId'],
	DeleteObject => ['versionId'],
	GetObjectACL => ['versionId'],
	PutObjectACL => ['versionId'],
	GetObjectTagging => ['versionId'],
	PutObjectTagging => ['versionId'],
	DeleteObjectTagging => ['versionId'],
	UploadPart => ['partNumber'],
	AppendObject => ['position'],
	ListParts => [qw/ max-parts part-number-marker encoding-type /],
	PostObjectRestore => ['versionId'],
	SelectObjectContent => ['select-type'],
	GetBucket => [@LISTING, 'marker'],
	GetBucketObjectVersions => [@LISTING, qw/ key-marker version-id-marker /],
	ListMultipartUploads => [qw/ prefix delimiter max-uploads key-marker
		upload-id-marker encoding-type /],
	GetService => [qw/ region marker max-keys /],
);

my $CI = qr!\A(?:imageMogr2|imageView2|imageInfo|imageAve|exif|watermark)
	(?:[/|].*)?\z!xs;

my %HANDLER = (
	GetObject => \&get_object, HeadObject => \&get_object,
	PutObject => \&put_object, DeleteObject => \&delete_object,
	AppendObject => \&append_object, CopyObject => \&copy_object,
	OptionsObject => \&options,
	GetObjectACL => \&COS::Subresource::get_acl,
	PutObjectACL => \&COS::Subresource::put_acl,
	GetObjectTagging => \&COS::Subresource::get_tagging,
	PutObjectTagging => \&COS::Subresource::put_tagging,
	DeleteObjectTagging => \&COS::Subresource::delete_tagging,
	HeadBucket => \&head_bucket, GetBucketLocation => \&location,
	GetBucketConfig => \&COS::Subresource::get_config,
	PutBucketConfig => \&COS::Subresource::put_config,
	DeleteBucketConfig => \&COS::Subresource::put_config,
	DeleteMultipleObjects => \&delete_many,
	PostObjectRestore => \&restore, SelectObjectContent => \&select_object,
	GetBucket => \&COS::Listing::objects,
	GetBucketObjectVersions => \&COS::Listing::versions,
	GetService => \&COS::Listing::buckets,
	ListMultipartUploads => \&COS::Listing::uploads,
	ListParts => \&COS::Listing::parts,
	InitiateMultipartUpload => \&COS::Multipart::initiate,
	UploadPart => \&COS::Multipart::upload_part,
	UploadPartCopy => \&COS::Multipart::upload_part_copy,
	CompleteMultipartUpload => \&COS::Multipart::complete,
	AbortMultipartUpload => \&COS::Multipart::abort,
);

# (operation, [status, code, message, argument => name]).  A parameter that
# is not understood is an error: it never becomes a plain read or write.

sub classify {
	my ($req) = @_;

	my $table = ($req->{service} ? \%SERVICE : $req->{key} eq '' ? \%BUCKET
		: \%OBJECT)->{$req->{method}};
	return (undef, [405, 'MethodNotAllowed',
		'The specified method is not allowed against this resource.'])
		unless $table;

	my %param;
	for my $p (@{$req->{params}}) {
		return (undef, _bad_param($p->[0])) if exists $param{$p->[0]};
		$param{$p->[0]} = $p->[1];
	}
	$req->{param} = \%param;

	my @select = grep { $_ ne '' && exists $param{$_} } sort keys %$table;
	return (undef, _bad_param($select[1])) if @select > 1;
	my $select = @select ? $select[0] : '';
	my $operation = $table->{$select};

	my %known = map { $_ => 1 } $select, @{$PARAMS{$operation || ''} || []};
	my @ci;
	if (($operation || '') =~ /\A(?:Get|Head)Object\z/) {
		@ci = grep { /$CI/ } map { $_->[0] } @{$req->{params}};
		if (exists $param{'ci-process'}) {
			push @ci, "ci-process=$param{'ci-process'}";
			$known{$_} = 1 for keys %param;
		}
		$known{$_} = 1 for @ci;
	}
	for my $p (@{$req->{params}}) {
		return (undef, _bad_param($p->[0])) unless $known{$p->[0]};
	}

	return (undef, [405, 'MethodNotAllowed',
		'The specified method is not allowed against this resource.'])
		unless $operation;

	$req->{ci} = join '&', @ci;
	$req->{select} = $select;
	if (defined _header($req, 'x-cos-copy-source')) {
		$operation = 'CopyObject' if $operation eq 'PutObject';
		$operation = 'UploadPartCopy' if $operation eq 'UploadPart';
	}
	return ($operation);
}

sub _bad_param {
	my ($name) = @_;
	return [400, 'InvalidArgument', "Unsupported query parameter: $name",
		argument => $name];
}

sub perform {
	my ($cos, $c, $req) = @_;
	if (($req->{operation} || '') eq 'PostObject') {
		require COS::Form;
		return COS::Form::post_object($cos, $c, $req);
	}
	my $handler = $HANDLER{$req->{operation}}
		or die "no handler for $req->{operation}\n";
	return $handler->($cos, $c, $req);
}

# What needs no signature.

sub public {
	my ($cos, $req) = @_;
	my $op = $req->{operation} || '';
	return 1 if $op eq 'OptionsObject' || $op eq 'PostObject';
	return 0 unless $op eq 'GetObject' || $op eq 'HeadObject';
	# overrides are for signed requests only
	return 0 if grep { /\Aresponse-/ } keys %{$req->{param}};
	return 1 if $req->{bucket_conf}{public_read};
	my $meta = $cos->{store}->head($req->{bucket}, $req->{key});
	return $meta && ($meta->{acl} || '') =~ /\Apublic-read/;
}

###############################################################################

sub _header {
	my ($req, $name) = @_;
	return $req->{h}{$name} ? $req->{h}{$name}[0] : undef;
}

sub no_such_key {
	my ($cos, $c, $req) = @_;
	return $cos->error($c, $req, 404, 'NoSuchKey',
		'The specified key does not exist.');
}

# What is kept of the headers of an upload.

sub stored_headers {
	my ($req) = @_;
	my %keep;
	for my $name (keys %{$req->{h}}) {
		$keep{$name} = $req->{h}{$name}[0] if $name =~ /\A(?:content-type
			|cache-control|content-disposition|content-encoding
			|content-language|expires|x-cos-meta-.+|x-cos-storage-class)\z/x;
	}
	return \%keep;
}

# Reads a body to disk.  Answers itself and returns undef when that fails.

sub receive {
	my ($cos, $c, $req, $chunked_ok) = @_;

	if (!defined $req->{length} && !($req->{chunked} && $chunked_ok)) {
		$cos->error($c, $req, 411, 'MissingContentLength',
			'You must provide the Content-Length HTTP header.');
		return undef;
	}

	my $writer = $cos->{store}->writer($req->{bucket});
	while (1) {
		my $piece = $c->read_body($req);
		if (!defined $piece) {
			@$req{qw/ close answered /} = (1, 1);
			$cos->record($req, 0, 'aborted');
			return undef;
		}
		last if $piece eq '';
		$writer->write($piece);
	}
	$writer->finish;

	my $md5 = _header($req, 'content-md5');
	if (defined $md5 && $md5 ne encode_base64($writer->{md5bin}, '')) {
		$cos->error($c, $req, 400, 'BadDigest', 'The Content-MD5 you'
			. ' specified did not match what we received.');
		return undef;
	}

	return $writer;
}

sub read_xml {
	my ($cos, $c, $req) = @_;
	my $body = '';
	while (1) {
		my $piece = $c->read_body($req);
		return undef unless defined $piece;
		last if $piece eq '';
		$body .= $piece;
		if (length $body > $MAX_XML) {
			$cos->error($c, $req, 400, 'MalformedXML', 'The XML is too big');
			return undef;
		}
	}

	$req->{xml} = $body;

	my $md5 = _header($req, 'content-md5');
	if (defined $md5 && $md5 ne encode_base64(
		Digest::MD5::md5($body), ''))
	{
		$cos->error($c, $req, 400, 'BadDigest', 'The Content-MD5 you'
			. ' specified did not match what we received.');
		return undef;
	}
	return $body;
}

sub object_headers {
	my ($meta) = @_;
	my @h = (['ETag', qq("$meta->{etag}")],
		['Last-Modified', http_time($meta->{mtime})]);
	push @h, ['x-cos-hash-crc64ecma', $meta->{crc64}]
		if defined $meta->{crc64};
	push @h, ['x-cos-object-type', 'appendable'],
		['x-cos-next-append-position', $meta->{size}] if $meta->{appendable};
	return @h;
}

###############################################################################

sub get_object {
	my ($cos, $c, $req) = @_;

	my ($meta, $fh) = $cos->{store}->open_object($req->{bucket}, $req->{key});
	return no_such_key($cos, $c, $req) unless $meta;

	my %h = ('content-type' => 'application/octet-stream',
		%{$meta->{headers}});
	for my $name (@OVERRIDES) {
		next unless defined $req->{param}{$name};
		my $value = $req->{param}{$name};
		return $cos->error($c, $req, 400, 'InvalidArgument',
			"Bad value of $name", argument => $name)
			if $value =~ /[\x00-\x1f\x7f]/;
		$h{substr $name, 9} = $value;
	}

	my @headers = (object_headers($meta), ['Accept-Ranges', 'bytes'],
		map { [$_, $h{$_}] } sort keys %h);
	if ($req->{ci} ne '') {
		(my $ci = $req->{ci}) =~ s/[\x00-\x1f\x7f]/?/g;
		push @headers, ['x-test-ci', $ci];
	}

	my $status = precondition($req, $meta);
	if ($status == 304) {
		return $cos->answer($c, $req, 304, [object_headers($meta),
			map { [$_, $h{$_}] } grep { exists $h{$_} }
				qw/ cache-control expires /]);
	}
	return $cos->error($c, $req, 412, 'PreconditionFailed',
		'At least one of the pre-conditions you specified did not hold.')
		if $status == 412;

	my ($offset, $length) = (0, $meta->{size});
	my $range = _header($req, 'range');
	if (defined $range && _if_range($req, $meta)) {
		($status, $offset, $length) = parse_range($range, $meta->{size});
		return $cos->error($c, $req, 416, 'InvalidRange',
			'The requested range is not satisfiable', headers =>
			[['Content-Range', "bytes */$meta->{size}"]]) if $status == 416;
		push @headers, ['Content-Range', sprintf 'bytes %d-%d/%d', $offset,
			$offset + $length - 1, $meta->{size}] if $status == 206;
	}

	return $cos->answer($c, $req, $status, \@headers,
		{ fh => $fh, offset => $offset, length => $length });
}

# 200, 304 or 412

sub precondition {
	my ($req, $meta, $prefix) = @_;
	my %v = map { $_ => _header($req, ($prefix || '') . $_) }
		qw/ if-match if-none-match if-modified-since if-unmodified-since /;
	my $since = sub { my $t = parse_http_time($v{$_[0]});
		defined $t ? $meta->{mtime} <=> $t : undef };

	return 412 if defined $v{'if-match'}
		&& !_etag_in($v{'if-match'}, $meta->{etag});
	if (!defined $v{'if-match'} && defined $v{'if-unmodified-since'}) {
		my $cmp = $since->('if-unmodified-since');
		return 412 if defined $cmp && $cmp > 0;
	}
	if (defined $v{'if-none-match'}) {
		return 304 if _etag_in($v{'if-none-match'}, $meta->{etag});
	} elsif (defined $v{'if-modified-since'}) {
		my $cmp = $since->('if-modified-since');
		return 304 if defined $cmp && $cmp <= 0;
	}
	return 200;
}

sub _etag_in {
	my ($list, $etag) = @_;
	for my $item (split /\s*,\s*/, $list) {
		return 1 if $item eq '*';
		$item =~ s!\A(?:W/)?"?(.*?)"?\z!$1!s;
		return 1 if $item eq $etag;
	}
	return 0;
}

sub _if_range {
	my ($req, $meta) = @_;
	my $value = _header($req, 'if-range');
	return 1 unless defined $value;
	return $value =~ /\A"/ ? $value eq qq("$meta->{etag}")
		: $value eq http_time($meta->{mtime});
}

# (status, offset, length); several ranges and nonsense give all of it

sub parse_range {
	my ($range, $size) = @_;
	return (200, 0, $size) unless $range =~ /\Abytes=(\d*)-(\d*)\z/
		&& length "$1$2";
	my ($first, $last) = ($1, $2);
	if ($first eq '') {
		return (416) if !$size || !$last;
		$first = $last > $size ? 0 : $size - $last;
		$last = $size - 1;
	} else {
		return (200, 0, $size) if $last ne '' && $last < $first;
		return (416) if $first >= $size;
		$last = $size - 1 if $last eq '' || $last >= $size;
	}
	return (206, $first, $last - $first + 1);
}

sub put_object {
	my ($cos, $c, $req) = @_;

	return $cos->error($c, $req, 409, 'FileAlreadyExists',
		'The object already exists.')
		if lc(_header($req, 'x-cos-forbid-overwrite') || '') eq 'true'
			&& $cos->{store}->head($req->{bucket}, $req->{key});

	my $writer = receive($cos, $c, $req, 1) or return;
	my $meta = $cos->{store}->commit($writer, $req->{bucket}, $req->{key},
		{ headers => stored_headers($req), mtime => $cos->now($req),
			acl => _header($req, 'x-cos-acl') });
	return $cos->answer($c, $req, 200, [
		grep { $_->[0] ne 'Last-Modified' } object_headers($meta)]);
}

sub append_object {
	my ($cos, $c, $req) = @_;

	my $position = $req->{param}{position};
	return $cos->error($c, $req, 400, 'InvalidArgument', 'Bad position',
		argument => 'position')
		unless defined $position && $position =~ /\A\d{1,15}\z/;

	my ($bucket, $key) = @$req{qw/ bucket key /};
	my $old = $cos->{store}->head($bucket, $key);
	return $cos->error($c, $req, 409, 'ObjectNotAppendable',
		'The object is not appendable.') if $old && !$old->{appendable};
	return $cos->error($c, $req, 409, 'PositionNotEqualToLength',
		'The value of position does not match the length of the object.',
		headers => [['x-cos-next-append-position', $old ? $old->{size} : 0]])
		if $position != ($old ? $old->{size} : 0);

	my $writer = receive($cos, $c, $req) or return;
	my $meta = $old ? $cos->{store}->append($bucket, $key, $writer)
		: $cos->{store}->commit($writer, $bucket, $key, { appendable => 1,
			headers => stored_headers($req), mtime => $cos->now($req) });
	return $cos->answer($c, $req, 200, [['ETag', qq("$meta->{etag}")],
		['x-cos-next-append-position', $meta->{size}]]);
}

sub delete_object {
	my ($cos, $c, $req) = @_;
	$cos->{store}->delete($req->{bucket}, $req->{key});
	return $cos->answer($c, $req, 204, []);
}

# The object a copy-source header names, or an answer and nothing.

sub copy_source {
	my ($cos, $c, $req) = @_;

	my $source = _header($req, 'x-cos-copy-source');
	$source =~ s!\A(?:https?:)?//!!;
	my ($host, $path) = $source =~ m!\A/?([^/]+)/([^?]+)(?:\?.*)?\z!s;
	my $key = defined $path ? unescape($path) : undef;
	if (!defined $key || $key eq '') {
		$cos->error($c, $req, 400, 'InvalidArgument',
			'Copy Source must mention the source bucket and key',
			argument => 'x-cos-copy-source');
		return;
	}

	my $bucket = $cos->{hosts}{lc $host};
	if (!$bucket) {
		$cos->error($c, $req, 404, 'NoSuchBucket',
			'The bucket of the copy source does not exist.');
		return;
	}
	my ($meta, $fh) = $cos->{store}->open_object($bucket->{name}, $key);
	if (!$meta) {
		no_such_key($cos, $c, $req);
		return;
	}
	if (precondition($req, $meta, 'x-cos-copy-source-') != 200) {
		$cos->error($c, $req, 412, 'PreconditionFailed',
			'At least one of the pre-conditions you specified did not hold.');
		return;
	}
	return ($meta, $fh);
}

sub copy_object {
	my ($cos, $c, $req) = @_;

	my ($source, $fh) = copy_source($cos, $c, $req);
	return unless $source;
	my $writer = $cos->{store}->writer($req->{bucket});
	COS::Store::copy_bytes($fh, $writer);

	my $replace = lc(_header($req, 'x-cos-metadata-directive') || 'copy')
		=~ /\Areplaced?\z/;
	my $meta = $cos->{store}->commit($writer, $req->{bucket}, $req->{key}, {
		headers => $replace ? stored_headers($req) : $source->{headers},
		mtime => $cos->now($req), acl => _header($req, 'x-cos-acl') });

	my $xml = el('ETag', qq("$meta->{etag}"))
		. el('LastModified', COS::Listing::iso_time($meta->{mtime}));
	$xml .= el('CRC64', $meta->{crc64}) if defined $meta->{crc64};
	return $cos->xml($c, $req, 200, el('CopyObjectResult', \$xml));
}

sub options {
	my ($cos, $c, $req) = @_;
	my @h = (['Access-Control-Allow-Origin', '*'],
		['Access-Control-Allow-Methods', 'GET,HEAD,PUT,POST,DELETE'],
		['Access-Control-Max-Age', 600]);
	return $cos->answer($c, $req, 200, \@h);
}

###############################################################################

sub head_bucket {
	my ($cos, $c, $req) = @_;
	return $cos->answer($c, $req, 200,
		[['x-cos-bucket-region', $req->{bucket_conf}{region}]]);
}

sub location {
	my ($cos, $c, $req) = @_;
	return $cos->xml($c, $req, 200,
		el('LocationConstraint', $req->{bucket_conf}{region}));
}

# One that has been archived would be there in hours.

sub restore {
	my ($cos, $c, $req) = @_;

	my $body = read_xml($cos, $c, $req);
	return unless defined $body;
	my $days = element($body, 'Days');
	return $cos->error($c, $req, 400, 'MalformedXML',
		'The XML you provided was not well-formed')
		unless defined $days && $days =~ /\A[1-9]\d{0,2}\z/;
	my $meta = $cos->{store}->head($req->{bucket}, $req->{key})
		or return no_such_key($cos, $c, $req);
	return $cos->error($c, $req, 403, 'InvalidObjectState',
		'The operation is not valid for the storage class of the object.')
		unless ($meta->{headers}{'x-cos-storage-class'} || '') =~ /ARCHIVE/;
	return $cos->answer($c, $req, 202, []);
}

# The whole object, in one record of an event stream.

sub select_object {
	my ($cos, $c, $req) = @_;

	my $body = read_xml($cos, $c, $req);
	return unless defined $body;
	return $cos->error($c, $req, 400, 'InvalidArgument', 'Bad select-type',
		argument => 'select-type')
		unless ($req->{param}{'select-type'} || '') eq '2';
	return $cos->error($c, $req, 400, 'MalformedXML',
		'The XML you provided was not well-formed')
		unless defined element($body, 'Expression');
	my ($meta, $fh) = $cos->{store}->open_object($req->{bucket}, $req->{key});
	return no_such_key($cos, $c, $req) unless $meta;

	local $/;
	my $content = readline $fh;
	my $headers = join '', map { pack 'C/a* C n/a*', $_->[0], 7, $_->[1] }
		[':message-type', 'event'], [':event-type', 'Records'];
	my $prelude = pack 'N N', 16 + length($headers) + length $content,
		length $headers;
	# nobody here looks at the two checksums
	return $cos->answer($c, $req, 200,
		[['Content-Type', 'application/octet-stream']],
		"$prelude\0\0\0\0$headers$content\0\0\0\0");
}

sub delete_many {
	my ($cos, $c, $req) = @_;

	return $cos->error($c, $req, 400, 'InvalidRequest',
		'Missing required header for this request: Content-MD5')
		unless defined _header($req, 'content-md5');

	my $body = read_xml($cos, $c, $req);
	return unless defined $body;
	my @objects = elements($body, 'Object');
	my @keys = map { element($_, 'Key') } @objects;
	return $cos->error($c, $req, 400, 'MalformedXML',
		'The XML you provided was not well-formed')
		if $body !~ m!\A(?:<\?xml\s[^>]*\?>\s*)?<Delete>.*</Delete>\s*\z!s
			|| !@keys || @keys != @objects || @keys > 1000
			|| grep { !defined || $_ eq '' } @keys;

	my $quiet = (element($body, 'Quiet') || '') =~ /\Atrue\z/i;
	my $xml = '';
	for my $i (0 .. $#keys) {
		my $version = element($objects[$i], 'VersionId');
		my $name = el('Key', $keys[$i])
			. (defined $version ? el('VersionId', $version) : '');
		# the real one refuses keys singly, by the policy of who asks
		my $locked = $req->{control}{locked};
		if (defined $locked && index($keys[$i], $locked) >= 0) {
			$xml .= el('Error', \($name . el('Code', 'AccessDenied')
				. el('Message', 'Access Denied.')));
			next;
		}
		$cos->{store}->delete($req->{bucket}, $keys[$i]);
		$xml .= el('Deleted', \$name) unless $quiet;
	}
	return $cos->xml($c, $req, 200, el('DeleteResult', \$xml));
}

1;
