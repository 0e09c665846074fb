package COS::Issued;

# The temporary credentials that the issuers of one test have given out, on
# disk: a file each, so that the local COS finds one by its id.
#
#   issued/ID    { n, secret_id, secret_key, token, expires, valid_until,
#                  started, known, port, action, role }
#
# expires is what the receiver was told, valid_until what the local COS and STS
# go by.

use strict;
use warnings;

use Digest::SHA qw/ sha512_base64 /;
use Fcntl qw/ :flock :seek /;
use File::Path qw/ make_path /;
use JSON::PP ();
use Time::HiRes ();

my $JSON = JSON::PP->new->ascii->canonical;

sub new {
	my ($class, $dir) = @_;
	return bless { dir => "$dir/issued" }, $class;
}

sub _locked {
	my ($self, $name) = @_;
	make_path($self->{dir});
	open my $fh, '+>>', "$self->{dir}/$name"
		or die "cannot open $self->{dir}/$name: $!\n";
	flock $fh, LOCK_EX or die "cannot lock $self->{dir}/$name: $!\n";
	seek $fh, 0, SEEK_SET;
	return $fh;
}

sub _number {
	my ($self) = @_;
	my $fh = $self->_locked('.n');
	my $n = (readline($fh) || 0) + 1;
	seek $fh, 0, SEEK_SET;
	truncate $fh, 0;
	print {$fh} $n;
	close $fh;
	return $n;
}

# letters, digits, - and _, as the real ones have

sub _random {
	my ($length) = @_;
	my $text = '';
	$text .= sha512_base64(join ' ', Time::HiRes::time(), $$, rand, $text)
		while length $text < $length;
	$text =~ tr!+/!-_!;
	return substr $text, 0, $length;
}

# issue(expires, valid_until, started, token_size, known, ...)

sub issue {
	my ($self, %c) = @_;

	my $n = $self->_number;
	(my $random = _random(40)) =~ tr/A-Za-z0-9//cd;
	my $cred = { known => 1, %c, n => $n,
		secret_id => sprintf('AKIDissued%06dx%s', $n, substr $random, 0, 16),
		secret_key => _random(32),
		token => _random(delete $c{token_size} || 256) };
	delete $cred->{token_size};

	my $path = "$self->{dir}/$cred->{secret_id}";
	open my $fh, '>:raw', "$path.tmp" or die "cannot write $path.tmp: $!\n";
	print {$fh} $JSON->encode($cred);
	close $fh or die "cannot write $path.tmp: $!\n";
	rename "$path.tmp", $path or die "cannot rename $path.tmp: $!\n";

	return $cred;
}

sub _read {
	my ($path) = @_;
	open my $fh, '<:raw', $path or return undef;
	local $/;
	return $JSON->decode(readline $fh);
}

# A credential as a verifier wants it, or undef.

sub find {
	my ($self, $id) = @_;
	return undef unless $id =~ /\AAKIDissued\w+\z/;
	my $cred = _read("$self->{dir}/$id") or return undef;
	return undef unless $cred->{known};
	return { %$cred, expires => $cred->{valid_until} };
}

# all, the oldest first

sub all {
	my ($self) = @_;
	opendir my $dir, $self->{dir} or return;
	return sort { $a->{n} <=> $b->{n} } grep { defined }
		map { _read("$self->{dir}/$_") } grep { /\AAKID\w+\z/ } readdir $dir;
}

# The credential named by a slot as long as keep->(it) is true; a new one of
# make->() otherwise, which the slot names from then on.

sub current {
	my ($self, $slot, $keep, $make) = @_;

	my $fh = $self->_locked('.' . unpack 'H*', $slot);
	my $id = readline $fh;
	if (defined $id) {
		my $cred = _read("$self->{dir}/$id");
		return $cred if $cred && $keep->($cred);
	}
	my $cred = $make->();
	seek $fh, 0, SEEK_SET;
	truncate $fh, 0;
	print {$fh} $cred->{secret_id};
	close $fh;
	return $cred;
}

1;
