package Bench::Callgrind;

# nginx under valgrind --tool=callgrind, and what it counted.
#
# Counters are written to a file, and start again from zero, whenever nginx
# calls ngx_http_send_response(): "return 200 TEXT" does, and nothing else that
# is measured.  So one process is asked for everything, nothing attaches to
# it, and the same requests always give the same counts.

use strict;
use warnings;

sub command {
	my ($dir) = @_;
	return ('valgrind', '--tool=callgrind', '-q', '--combine-dumps=no',
		'--dump-before=ngx_http_send_response',
		"--callgrind-out-file=$dir/callgrind.out", "--log-file=$dir/valgrind");
}

# the files in the order they were written; the last part, which is written at
# the end, has the name without a number

sub parts {
	my ($dir) = @_;
	my @parts = map { /\.(\d+)\z/ ? [$1, $_] : () }
		glob "$dir/callgrind.out.*";
	return map { $_->[1] } sort { $a->[0] <=> $b->[0] } @parts;
}

# { self => { "OBJECT:FUNCTION" => N }, inclusive => { the same }, total => N }
#
# Lines are "fn=(1) name", "LINE COST", and "calls=..." with a line behind it
# that has the inclusive cost of the call.

sub read_part {
	my ($file) = @_;
	my (%name, %self, %called, $ob, $fn, $cob, $cfn, $total);

	open my $fh, '<', $file or die "cannot read $file: $!\n";
	my $call;
	while (my $line = readline $fh) {
		if ($line =~ /\A[+*-]?\d+ (\d+)/ || $line =~ /\A[+*-]\d* (\d+)/) {
			if ($call) {
				$called{$call} += $1 if $call ne "$ob:$fn";
				undef $call;
			} else {
				$self{"$ob:$fn"} += $1;
				$total += $1;
			}
			next;
		}

		if ($line =~ /\A(c?)(ob|fn)=\((\d+)\)(?: (.*))?\n/) {
			my ($of_call, $kind, $id, $text) = ($1, $2, $3, $4);
			if (defined $text) {
				$text =~ s!.*/!! if $kind eq 'ob';
				$text =~ s/'\d+\z//;
				$name{$kind}{$id} = $text;
			}
			$text = $name{$kind}{$id};
			if ($kind eq 'ob') {
				$of_call ? $cob = $text : ($cob = $ob = $text);
			} elsif ($of_call) {
				$cfn = $text;
			} else {
				($fn, $cob) = ($text, $ob);
			}
		} elsif ($line =~ /\Acalls=/) {
			$call = "$cob:$cfn";
			$cob = $ob;
		}
	}
	close $fh;

	my %inclusive = %self;
	$inclusive{$_} = ($called{$_} || 0) > ($self{$_} || 0)
		? $called{$_} : $self{$_} || 0 for keys %called, keys %self;

	return { self => \%self, inclusive => \%inclusive, total => $total || 0 };
}

# (B - A) / n, where B served n requests more than A

sub difference {
	my ($one, $two, $n) = @_;
	my %result = (total => ($two->{total} - $one->{total}) / $n);
	for my $kind (qw/ self inclusive /) {
		my %names = (%{$one->{$kind}}, %{$two->{$kind}});
		for my $name (keys %names) {
			my $d = ($two->{$kind}{$name} || 0) - ($one->{$kind}{$name} || 0);
			$result{$kind}{$name} = $d / $n if $d;
		}
	}
	return \%result;
}

1;
