package COS::Multipart;

# Multipart uploads.

use strict;
use warnings;

use COS::Listing qw/ iso_time /;
use COS::Store;
use COS::XML qw/ el element elements /;

use Digest::MD5 qw/ md5_hex /;

# The upload a request names, or an answer and nothing.

sub find {
	my ($cos, $c, $req) = @_;
	my $up = $cos->{store}->upload($req->{bucket}, $req->{param}{uploadId});
	return $up if $up && $up->{key} eq $req->{key};
	$cos->error($c, $req, 404, 'NoSuchUpload',
		'The specified multipart upload does not exist.');
	return;
}

sub _part_number {
	my ($cos, $c, $req) = @_;
	my $n = $req->{param}{partNumber};
	return $n if defined $n && $n =~ /\A[1-9]\d{0,4}\z/ && $n <= 10000;
	$cos->error($c, $req, 400, 'InvalidArgument', 'Bad partNumber',
		argument => 'partNumber');
	return;
}

sub initiate {
	my ($cos, $c, $req) = @_;
	return unless defined COS::Operations::read_xml($cos, $c, $req);
	my $id = $cos->{store}->upload_create($req->{bucket}, $req->{key},
		COS::Operations::stored_headers($req));
	return $cos->xml($c, $req, 200, el('InitiateMultipartUploadResult',
		\(el('Bucket', $req->{bucket}) . el('Key', $req->{key})
			. el('UploadId', $id))));
}

sub upload_part {
	my ($cos, $c, $req) = @_;
	my $n = _part_number($cos, $c, $req) or return;
	my $up = find($cos, $c, $req) or return;
	my $writer = COS::Operations::receive($cos, $c, $req) or return;
	my $part = $cos->{store}->part_save($writer, $req->{bucket}, $up->{id},
		$n);
	return $cos->answer($c, $req, 200, [['ETag', qq("$part->{etag}")],
		defined $writer->{crc64}
			? ['x-cos-hash-crc64ecma', $writer->{crc64}] : ()]);
}

sub upload_part_copy {
	my ($cos, $c, $req) = @_;

	my $n = _part_number($cos, $c, $req) or return;
	my $up = find($cos, $c, $req) or return;
	my ($source, $fh) = COS::Operations::copy_source($cos, $c, $req);
	return unless $source;

	my ($status, $offset, $length) = (200, 0, $source->{size});
	if (my $range = $req->{h}{'x-cos-copy-source-range'}) {
		($status, $offset, $length) =
			COS::Operations::parse_range($range->[0], $source->{size});
		return $cos->error($c, $req, 416, 'InvalidRange',
			'The requested range is not satisfiable') if $status != 206;
	}

	my $writer = $cos->{store}->writer($req->{bucket});
	COS::Store::copy_bytes($fh, $writer, $offset, $length);
	my $part = $cos->{store}->part_save($writer, $req->{bucket}, $up->{id},
		$n);
	return $cos->xml($c, $req, 200, el('CopyPartResult',
		\(el('ETag', qq("$part->{etag}"))
			. el('LastModified', iso_time($part->{mtime})))));
}

sub complete {
	my ($cos, $c, $req) = @_;

	my $up = find($cos, $c, $req) or return;
	my $body = COS::Operations::read_xml($cos, $c, $req);
	return unless defined $body;

	my %have = map { $_->{number} => $_ }
		$cos->{store}->parts($req->{bucket}, $up->{id});
	my @named = elements($body, 'Part');
	my ($previous, @parts) = (0);

	my $bad = sub { $cos->error($c, $req, 400, @_) };
	return $bad->('MalformedXML', 'The XML you provided was not well-formed')
		unless @named;

	for my $xml (@named) {
		my ($n, $etag) = (element($xml, 'PartNumber'), element($xml, 'ETag'));
		return $bad->('MalformedXML',
			'The XML you provided was not well-formed')
			unless defined $n && $n =~ /\A\s*(\d{1,5})\s*\z/ && defined $etag;
		$n = $1 + 0;
		$etag =~ tr/" \t\r\n//d;
		return $bad->('InvalidPartOrder',
			'The list of parts was not in ascending order.')
			if $n <= $previous;
		return $bad->('InvalidPart', 'One or more of the specified parts'
			. ' could not be found.')
			unless $have{$n} && $have{$n}{etag} eq lc $etag;
		return $bad->('EntityTooSmall',
			'Your proposed upload is smaller than the minimum allowed.')
			if @parts && $parts[-1]{size} < ($cos->{min_part} || 0);
		$previous = $n;
		push @parts, $have{$n};
	}

	my $writer = $cos->{store}->writer($req->{bucket});
	COS::Store::copy_bytes($_->{path}, $writer) for @parts;
	my $etag = md5_hex(map { pack 'H*', $_->{etag} } @parts) . '-' . @parts;
	$cos->{store}->commit($writer, $req->{bucket}, $req->{key}, {
		headers => $up->{headers}, etag => $etag,
		mtime => $cos->now($req) });
	$cos->{store}->upload_remove($req->{bucket}, $up->{id});

	return $cos->xml($c, $req, 200, el('CompleteMultipartUploadResult',
		\(el('Location', "http://$req->{host}/$req->{key}")
			. el('Bucket', $req->{bucket}) . el('Key', $req->{key})
			. el('ETag', qq("$etag")))));
}

sub abort {
	my ($cos, $c, $req) = @_;
	my $up = find($cos, $c, $req) or return;
	$cos->{store}->upload_remove($req->{bucket}, $up->{id});
	return $cos->answer($c, $req, 204, []);
}

1;
