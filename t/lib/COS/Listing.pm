package COS::Listing;

# Operations that list things.

use strict;
use warnings;

use COS::Signature qw/ escape /;
use COS::XML qw/ el /;

use Exporter qw/ import /;

our @EXPORT_OK = qw/ iso_time /;

my $OWNER = el('Owner', \(el('ID', '100000000001')
	. el('DisplayName', '100000000001')));

sub iso_time {
	my ($s, $m, $h, $d, $mon, $y) = gmtime $_[0];
	return sprintf '%04d-%02d-%02dT%02d:%02d:%02d.000Z', $y + 1900, $mon + 1,
		$d, $h, $m, $s;
}

# Common to all: how names are written, and the limit.  The limit is undef
# after an error was answered.

sub _options {
	my ($cos, $c, $req, $limit_name) = @_;

	my $p = $req->{param};
	my $encoding = defined $p->{'encoding-type'} ? $p->{'encoding-type'} : '';
	my $limit = defined $p->{$limit_name} && $p->{$limit_name} ne ''
		? $p->{$limit_name} : 1000;

	for ([$encoding =~ /\A(?:url)?\z/, 'encoding-type'],
		[$limit =~ /\A\d{1,9}\z/, $limit_name])
	{
		next if $_->[0];
		$cos->error($c, $req, 400, 'InvalidArgument', "Bad $_->[1]",
			argument => $_->[1]);
		return;
	}
	$limit = 1000 if $limit > 1000;

	my $name = $encoding eq 'url'
		? sub { my ($s) = @_; $s = escape($s); $s =~ s!%2F!/!g; $s }
		: sub { $_[0] };
	return ($limit + 0, $name, $encoding eq '' ? ''
		: el('EncodingType', $encoding));
}

sub objects { return _list(@_) }

# Nothing here has more than one version.

sub versions { return _list(@_, 1) }

sub _list {
	my ($cos, $c, $req, $versions) = @_;

	my ($limit, $name, $encoding) = _options($cos, $c, $req, 'max-keys');
	return unless defined $limit;
	my ($prefix, $delimiter, $marker) = map { defined $_ ? $_ : '' }
		@{$req->{param}}{qw/ prefix delimiter /,
			$versions ? 'key-marker' : 'marker'};

	my $store = $cos->{store};
	my (@items, $last, $truncated);
	my $group = '';

	for my $key ($store->list_keys($req->{bucket}, $prefix)) {
		next if $key le $marker;
		my $at = $delimiter eq '' ? -1
			: index $key, $delimiter, length $prefix;
		my $common = $at < 0 ? undef
			: substr $key, 0, $at + length $delimiter;
		if (defined $common) {
			next if $common eq $group || $common le $marker;
			$group = $common;
		}
		if (@items >= $limit) {
			$truncated = 1;
			last;
		}
		$last = defined $common ? $common : $key;
		push @items, [$last, defined $common];
	}

	my $marked = $versions ? 'KeyMarker' : 'Marker';
	my $xml = el('Name', $req->{bucket}) . $encoding
		. el('Prefix', $name->($prefix)) . el($marked, $name->($marker))
		. el('MaxKeys', $limit);
	$xml .= el('Delimiter', $name->($delimiter)) if $delimiter ne '';
	$xml .= el('IsTruncated', $truncated ? 'true' : 'false');
	$xml .= el("Next$marked", $name->($last)) if $truncated && defined $last;

	my $prefixes = '';
	for my $item (@items) {
		my ($key, $is_prefix) = @$item;
		if ($is_prefix) {
			$prefixes .= el('CommonPrefixes', \el('Prefix', $name->($key)));
			next;
		}
		my $meta = $store->head($req->{bucket}, $key) or next;
		$xml .= el($versions ? 'Version' : 'Contents',
			\(el('Key', $name->($key))
			. ($versions ? el('VersionId', 'null') . el('IsLatest', 'true')
				: '')
			. el('LastModified', iso_time($meta->{mtime}))
			. el('ETag', qq("$meta->{etag}")) . el('Size', $meta->{size})
			. $OWNER . el('StorageClass',
				$meta->{headers}{'x-cos-storage-class'} || 'STANDARD')));
	}

	return $cos->xml($c, $req, 200,
		el($versions ? 'ListVersionsResult' : 'ListBucketResult',
			\($xml . $prefixes)));
}

sub buckets {
	my ($cos, $c, $req) = @_;
	my $region = $req->{param}{region};
	my $list = '';
	for my $b (@{$cos->{buckets}}) {
		next if defined $region && $b->{region} ne $region;
		$list .= el('Bucket', \(el('Name', $b->{name})
			. el('Location', $b->{region})
			. el('CreationDate', '2024-01-01T00:00:00Z')));
	}
	return $cos->xml($c, $req, 200, el('ListAllMyBucketsResult',
		\($OWNER . el('Buckets', \$list))));
}

sub uploads {
	my ($cos, $c, $req) = @_;

	my ($limit, $name, $encoding) = _options($cos, $c, $req, 'max-uploads');
	return unless defined $limit;
	my ($prefix, $delimiter, $key_marker, $id_marker) =
		map { defined $_ ? $_ : '' } @{$req->{param}}{
			qw/ prefix delimiter key-marker upload-id-marker /};

	my (@items, $truncated, %seen);
	my $list = '';
	for my $up ($cos->{store}->uploads($req->{bucket})) {
		next if substr($up->{key}, 0, length $prefix) ne $prefix;
		next if $up->{key} lt $key_marker || $up->{key} eq $key_marker
			&& ($id_marker eq '' || $up->{id} le $id_marker);
		my $at = $delimiter eq '' ? -1
			: index $up->{key}, $delimiter, length $prefix;
		my $common = $at < 0 ? undef
			: substr $up->{key}, 0, $at + length $delimiter;
		next if defined $common && $seen{$common}++;
		if (@items >= $limit) {
			$truncated = 1;
			last;
		}
		push @items, $up;
		$list .= defined $common
			? el('CommonPrefixes', \el('Prefix', $name->($common)))
			: el('Upload', \(el('Key', $name->($up->{key}))
				. el('UploadId', $up->{id}) . el('StorageClass', 'STANDARD')
				. el('Initiated', iso_time($up->{started}))));
	}

	my $xml = el('Bucket', $req->{bucket}) . $encoding
		. el('KeyMarker', $name->($key_marker))
		. el('UploadIdMarker', $id_marker) . el('MaxUploads', $limit)
		. el('Prefix', $name->($prefix))
		. el('Delimiter', $name->($delimiter))
		. el('IsTruncated', $truncated ? 'true' : 'false');
	$xml .= el('NextKeyMarker', $name->($items[-1]{key}))
		. el('NextUploadIdMarker', $items[-1]{id}) if $truncated && @items;

	return $cos->xml($c, $req, 200,
		el('ListMultipartUploadsResult', \($xml . $list)));
}

sub parts {
	my ($cos, $c, $req) = @_;

	my ($limit, $name, $encoding) = _options($cos, $c, $req, 'max-parts');
	return unless defined $limit;
	my $up = COS::Multipart::find($cos, $c, $req) or return;
	my $marker = $req->{param}{'part-number-marker'};
	$marker = 0 unless defined $marker && $marker =~ /\A\d{1,9}\z/;

	my @parts = grep { $_->{number} > $marker }
		$cos->{store}->parts($req->{bucket}, $up->{id});
	my $truncated = @parts > $limit;
	splice @parts, $limit if $truncated;

	my $xml = el('Bucket', $req->{bucket}) . $encoding
		. el('Key', $name->($req->{key})) . el('UploadId', $up->{id})
		. el('PartNumberMarker', $marker) . el('MaxParts', $limit)
		. el('IsTruncated', $truncated ? 'true' : 'false');
	$xml .= el('NextPartNumberMarker', $parts[-1]{number})
		if $truncated && @parts;
	$xml .= el('Part', \(el('PartNumber', $_->{number})
		. el('LastModified', iso_time($_->{mtime}))
		. el('ETag', qq("$_->{etag}")) . el('Size', $_->{size}))) for @parts;

	return $cos->xml($c, $req, 200, el('ListPartsResult', \$xml));
}

1;
