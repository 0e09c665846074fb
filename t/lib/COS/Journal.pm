package COS::Journal;

# What the local COS keeps beside the objects: the journal it writes and the
# control file it obeys.  Both are shared by all its processes.
#
# Strings in the journal are bytes, written as the characters U+0000..U+00FF.

use strict;
use warnings;

use Digest::SHA qw/ sha1_hex /;
use Fcntl qw/ :flock :seek /;
use JSON::PP ();

my $JSON = JSON::PP->new->ascii->canonical;

sub new {
	my ($class, $dir) = @_;
	return bless { dir => $dir, journal => "$dir/journal.jsonl",
		control => "$dir/control.json" }, $class;
}

sub _locked {
	my ($path) = @_;
	open my $fh, '+>>:raw', $path or die "cannot open $path: $!\n";
	flock $fh, LOCK_EX or die "cannot lock $path: $!\n";
	return $fh;
}

sub _slurp {
	my ($fh) = @_;
	seek $fh, 0, SEEK_SET;
	local $/;
	my $text = readline $fh;
	return defined $text ? $text : '';
}

sub _rewrite {
	my ($fh, @text) = @_;
	seek $fh, 0, SEEK_SET;
	truncate $fh, 0;
	print {$fh} @text;
}

###############################################################################

sub add {
	my ($self, $entry) = @_;
	my $count = _locked("$self->{journal}.n");
	my $n = (_slurp($count) || 0) + 1;
	_rewrite($count, $n);

	open my $fh, '>>:raw', $self->{journal}
		or die "cannot open $self->{journal}: $!\n";
	print {$fh} $JSON->encode({ %$entry, n => $n }), "\n";
	close $fh;
	close $count;
}

sub entries {
	my ($self) = @_;
	my $lock = _locked("$self->{journal}.n");
	open my $fh, '<:raw', $self->{journal} or return;
	return map { my $e = $JSON->decode($_);
		$e->{verified} = $e->{verified} ? 1 : 0; $e } readline $fh;
}

# entries() and clear() at once: none is lost between them

sub take {
	my ($self) = @_;
	my $lock = _locked("$self->{journal}.n");
	open my $fh, '<:raw', $self->{journal} or return;
	unlink $self->{journal};
	return map { my $e = $JSON->decode($_);
		$e->{verified} = $e->{verified} ? 1 : 0; $e } readline $fh;
}

sub clear {
	my ($self) = @_;
	my $lock = _locked("$self->{journal}.n");
	unlink $self->{journal};
	truncate $lock, 0;
}

###############################################################################

sub set_control {
	my ($self, $control) = @_;
	my $tmp = "$self->{control}.$$";
	open my $fh, '>:raw', $tmp or die "cannot write $tmp: $!\n";
	print {$fh} $JSON->encode($control);
	close $fh or die "cannot write $tmp: $!\n";
	rename $tmp, $self->{control} or die "cannot rename $tmp: $!\n";
}

sub read_control {
	my ($self) = @_;
	open my $fh, '<:raw', $self->{control} or return {};
	my $text = _slurp($fh);
	my $control = eval { $JSON->decode($text) };
	if (ref $control ne 'HASH') {
		warn "control.json is not a JSON object\n";
		return {};
	}
	# what "times" counts against: these very contents
	$control->{id} = sha1_hex($text);
	return $control;
}

# The first rule for this request that is not used up; uses it once.

sub rule {
	my ($self, $control, $req) = @_;

	my $rules = $control->{rules} || [];
	for my $i (0 .. $#$rules) {
		my $rule = $rules->[$i];
		next if defined $rule->{method} && $rule->{method} ne $req->{method};
		next if defined $rule->{path_re}
			&& $req->{target} !~ /$rule->{path_re}/;
		next if defined $rule->{operation}
			&& $rule->{operation} ne ($req->{operation} || '');
		next if defined $rule->{bucket}
			&& $rule->{bucket} ne ($req->{bucket} || '');
		return $rule unless defined $rule->{times} || $rule->{skip};
		return $rule if $self->_use($control->{id}, $i, $rule->{skip} || 0,
			$rule->{times});
	}

	return undef;
}

sub _use {
	my ($self, $id, $i, $skip, $times) = @_;
	my $fh = _locked("$self->{control}.used");
	my %state = map { split ' ', $_, 2 } split /\n/, _slurp($fh);
	%state = (id => $id) if ($state{id} || '') ne $id;
	my $n = ++$state{$i};
	_rewrite($fh, map { "$_ $state{$_}\n" } sort keys %state);
	close $fh;
	return $n > $skip && (!defined $times || $n <= $skip + $times);
}

1;
