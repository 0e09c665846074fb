package COS::Store;

# Objects on disk.  Keys are bytes; a file name is the SHA-256 of the key, so
# any key fits and none can leave the directory.
#
#   BUCKET/meta/ab/ab12...   first line the key in hex, then JSON
#   BUCKET/data/ID           contents; named in the JSON
#   BUCKET/uploads/ID/       multipart uploads
#
# A meta file is replaced by rename, which is the moment an object changes.

use strict;
use warnings;

use Digest::MD5;
use Digest::SHA qw/ sha256_hex /;
use Fcntl qw/ :flock /;
use File::Glob qw/ bsd_glob /;
use File::Path qw/ make_path remove_tree /;
use JSON::PP ();
use Time::HiRes ();

# CRC-64 in Perl takes a while; longer objects go without.
my $CRC_LIMIT = 262144;

my $JSON = JSON::PP->new->ascii->canonical;
my $serial = 0;

sub new {
	my ($class, $dir) = @_;
	my $self = bless { dir => "$dir/store" }, $class;
	make_path($self->{dir});
	return $self;
}

sub _bucket {
	my ($self, $bucket) = @_;
	die "bad bucket name\n" unless $bucket =~ /\A[a-z0-9][a-z0-9-]*\z/;
	return "$self->{dir}/$bucket";
}

sub create_bucket {
	my ($self, $bucket) = @_;
	my $dir = $self->_bucket($bucket);
	make_path("$dir/meta", "$dir/data", "$dir/uploads");
	return $dir;
}

sub unique_id {
	return sprintf '%x%05x%04x%x', Time::HiRes::gettimeofday(),
		$$ & 0xffff, $serial++;
}

sub lock {
	my ($self, $bucket) = @_;
	my $path = $self->_bucket($bucket) . '/lock';
	open my $fh, '>>', $path or die "cannot open $path: $!\n";
	flock $fh, LOCK_EX or die "cannot lock $path: $!\n";
	return $fh;
}

sub _meta_path {
	my ($self, $bucket, $key) = @_;
	my $name = sha256_hex($key);
	return $self->_bucket($bucket) . '/meta/' . substr($name, 0, 2) . "/$name";
}

sub _write_file {
	my ($path, $content) = @_;
	my $tmp = "$path." . unique_id();
	open my $fh, '>:raw', $tmp or die "cannot write $tmp: $!\n";
	print $fh $content or die "cannot write $tmp: $!\n";
	close $fh or die "cannot write $tmp: $!\n";
	rename $tmp, $path or die "cannot rename $tmp: $!\n";
}

sub _read_file {
	my ($path) = @_;
	open my $fh, '<:raw', $path or return undef;
	local $/;
	return scalar readline $fh;
}

###############################################################################

sub head {
	my ($self, $bucket, $key) = @_;
	my $text = _read_file($self->_meta_path($bucket, $key));
	return undef unless defined $text;
	return $JSON->decode(substr($text, index($text, "\n") + 1));
}

# (meta, file handle); an object replaced in between is looked up again

sub open_object {
	my ($self, $bucket, $key) = @_;
	for (1 .. 10) {
		my $meta = $self->head($bucket, $key) or return;
		my $path = $self->_bucket($bucket) . "/data/$meta->{data}";
		return ($meta, $_) for grep { defined } _open_raw($path);
	}
	die "data of an object is missing\n";
}

sub _open_raw {
	my ($path) = @_;
	open(my $fh, '<:raw', $path) or return undef;
	return $fh;
}

sub save_meta {
	my ($self, $bucket, $key, $meta) = @_;
	my $path = $self->_meta_path($bucket, $key);
	make_path($path =~ m!(.*)/!);
	_write_file($path, unpack('H*', $key) . "\n" . $JSON->encode($meta));
}

sub update {
	my ($self, $bucket, $key, $code) = @_;
	my $lock = $self->lock($bucket);
	my $meta = $self->head($bucket, $key) or return undef;
	$code->($meta);
	$self->save_meta($bucket, $key, $meta);
	return $meta;
}

# replaces an object by a finished writer

sub commit {
	my ($self, $writer, $bucket, $key, $meta) = @_;

	my $lock = $self->lock($bucket);
	my $old = $self->head($bucket, $key);
	my $dir = $self->_bucket($bucket);

	$writer->finish;
	$meta = { headers => {}, mtime => time(), %$meta,
		size => $writer->{size}, data => unique_id() };
	$meta->{etag} = $writer->{md5hex} unless defined $meta->{etag};
	$meta->{crc64} = $writer->{crc64} if defined $writer->{crc64};

	rename $writer->{path}, "$dir/data/$meta->{data}"
		or die "cannot rename $writer->{path}: $!\n";
	$writer->{path} = undef;
	$self->save_meta($bucket, $key, $meta);
	unlink "$dir/data/$old->{data}" if $old;

	return $meta;
}

sub put {
	my ($self, $bucket, $key, $content, %meta) = @_;
	$self->create_bucket($bucket);
	my $writer = $self->writer($bucket);
	$writer->write($content);
	my %headers = map { lc $_ => $meta{$_} }
		grep { $_ ne 'mtime' } keys %meta;
	return $self->commit($writer, $bucket, $key, { headers => \%headers,
		defined $meta{mtime} ? (mtime => $meta{mtime}) : () });
}

sub delete {
	my ($self, $bucket, $key) = @_;
	my $lock = $self->lock($bucket);
	my $meta = $self->head($bucket, $key) or return 0;
	unlink $self->_meta_path($bucket, $key);
	unlink $self->_bucket($bucket) . "/data/$meta->{data}";
	return 1;
}

sub append {
	my ($self, $bucket, $key, $from) = @_;
	return $self->update($bucket, $key, sub {
		my ($meta) = @_;
		my $path = $self->_bucket($bucket) . "/data/$meta->{data}";
		open(my $out, '>>:raw', $path) or die "cannot append: $!\n";
		copy_bytes($from->{path}, $out);
		close $out or die "cannot append: $!\n";
		$meta->{size} += $from->{size};
		$meta->{mtime} = time();
		$meta->{etag} = Digest::MD5::md5_hex($meta->{etag}, $from->{md5hex});
		delete $meta->{crc64};
	});
}

sub copy_bytes {
	my ($path, $out, $offset, $length) = @_;
	my $in = ref $path ? $path : _open_raw($path);
	die "cannot read: $!\n" unless $in;
	seek $in, $offset, 0 if $offset;
	while (!defined $length || $length > 0) {
		my $want = defined $length && $length < 1048576 ? $length : 1048576;
		my $n = read($in, my $buf, $want);
		die "cannot read: $!\n" unless defined $n;
		last unless $n;
		$length -= $n if defined $length;
		ref $out eq 'COS::Store::Writer' ? $out->write($buf)
			: print {$out} $buf or die "cannot write: $!\n";
	}
}

# every key with a prefix, sorted

sub list_keys {
	my ($self, $bucket, $prefix) = @_;
	$prefix = '' unless defined $prefix;
	my $dir = $self->_bucket($bucket) . '/meta';
	my @keys;
	for my $path (bsd_glob("$dir/??/*")) {
		next unless $path =~ m!/[0-9a-f]{64}\z!;
		my $fh = _open_raw($path) or next;
		my $hex = readline $fh;
		next unless defined $hex;
		chomp $hex;
		my $key = pack 'H*', $hex;
		push @keys, $key if substr($key, 0, length $prefix) eq $prefix;
	}
	return sort @keys;
}

# sub-resources of a bucket and of objects that are only kept: acl, cors, ...

sub config {
	my ($self, $bucket, $name, @value) = @_;
	die "bad name\n" unless $name =~ /\A[a-z-]+\z/;
	my $path = $self->_bucket($bucket) . "/config-$name";
	return _read_file($path) unless @value;
	return unlink $path unless defined $value[0];
	_write_file($path, $value[0]);
	return 1;
}

###############################################################################

sub upload_create {
	my ($self, $bucket, $key, $headers) = @_;
	my $id = unique_id();
	my $dir = $self->_bucket($bucket) . "/uploads/$id";
	make_path($dir);
	_write_file("$dir/init", $JSON->encode({ id => $id,
		key_hex => unpack('H*', $key), headers => $headers,
		started => time() }));
	return $id;
}

sub upload {
	my ($self, $bucket, $id) = @_;
	return undef unless $id =~ /\A[0-9a-f]+\z/;
	my $text = _read_file($self->_bucket($bucket) . "/uploads/$id/init");
	return undef unless defined $text;
	my $up = $JSON->decode($text);
	$up->{key} = pack 'H*', $up->{key_hex};
	return $up;
}

sub uploads {
	my ($self, $bucket) = @_;
	my @ids = map { m!/([0-9a-f]+)/init\z! ? $1 : () }
		bsd_glob($self->_bucket($bucket) . '/uploads/*/init');
	return sort { $a->{key} cmp $b->{key} || $a->{id} cmp $b->{id} }
		grep { defined } map { $self->upload($bucket, $_) } @ids;
}

sub part_save {
	my ($self, $writer, $bucket, $id, $number) = @_;
	$writer->finish;
	my $base = $self->_bucket($bucket) . "/uploads/$id/" . sprintf '%05d',
		$number;
	my $data = unique_id();
	rename $writer->{path}, "$base.$data"
		or die "cannot rename $writer->{path}: $!\n";
	$writer->{path} = undef;
	my $part = { number => $number + 0, size => $writer->{size},
		etag => $writer->{md5hex}, mtime => time(), data => $data };
	_write_file("$base.json", $JSON->encode($part));
	return $part;
}

sub parts {
	my ($self, $bucket, $id) = @_;
	my @parts;
	for my $path (bsd_glob($self->_bucket($bucket) . "/uploads/$id/*.json")) {
		my $part = $JSON->decode(_read_file($path));
		($part->{path} = $path) =~ s/json\z/$part->{data}/;
		push @parts, $part;
	}
	return @parts;
}

sub upload_remove {
	my ($self, $bucket, $id) = @_;
	remove_tree($self->_bucket($bucket) . "/uploads/$id");
}

###############################################################################

sub writer {
	my ($self, $bucket) = @_;
	my $path = $self->_bucket($bucket) . '/data/' . unique_id() . '.tmp';
	open(my $fh, '>:raw', $path) or die "cannot write $path: $!\n";
	return bless { path => $path, fh => $fh, size => 0, pid => $$,
		md5 => Digest::MD5->new, head => '' }, 'COS::Store::Writer';
}

package COS::Store::Writer;

sub write {
	my ($self, $bytes) = @_;
	print {$self->{fh}} $bytes or die "cannot write $self->{path}: $!\n";
	$self->{md5}->add($bytes);
	$self->{size} += length $bytes;
	$self->{head} = $self->{size} > $CRC_LIMIT ? ''
		: $self->{head} . $bytes;
	return 1;
}

sub finish {
	my ($self) = @_;
	return $self if defined $self->{md5hex};
	close $self->{fh} or die "cannot write $self->{path}: $!\n";
	$self->{md5bin} = $self->{md5}->digest;
	$self->{md5hex} = unpack 'H*', $self->{md5bin};
	$self->{crc64} = crc64(delete $self->{head})
		if $self->{size} <= $CRC_LIMIT;
	return $self;
}

sub DESTROY {
	my ($self) = @_;
	unlink $self->{path} if defined $self->{path} && $self->{pid} == $$;
}

my @TABLE;

# CRC-64/XZ in decimal, as in x-cos-hash-crc64ecma

sub crc64 {
	my ($bytes) = @_;
	if (!@TABLE) {
		for my $i (0 .. 255) {
			my $c = $i;
			for (1 .. 8) {
				no warnings 'portable';
				$c = $c & 1 ? ($c >> 1) ^ 0xC96C5795D7870F42 : $c >> 1;
			}
			push @TABLE, $c;
		}
	}
	my $crc = ~0;
	$crc = $TABLE[($crc ^ $_) & 0xff] ^ ($crc >> 8) for unpack 'C*', $bytes;
	return sprintf '%u', ~$crc;
}

1;
