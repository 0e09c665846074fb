package Test::COS::Memory;

# What is in the memory of another process of the same user.
#
#   find($pid, @texts)    text => [{ at, mapping }, ...] for those that are there
#   mappings($pid)        { start end perms name flags }, flags as in VmFlags

use strict;
use warnings;
no warnings qw/ portable /;	# addresses of 64 bits

my $CHUNK = 1 << 20;

sub find {
	my ($pid, @texts) = @_;

	open my $mem, '<:raw', "/proc/$pid/mem" or die "no memory: $!\n";
	my $any = join '|', map { quotemeta } @texts;
	my $overlap = (sort { $b <=> $a } map { length } @texts)[0] - 1;

	my %found;
	for my $map (mappings($pid)) {
		next unless $map->{perms} =~ /\Arw/;
		my ($at, $rest) = ($map->{start}, '');
		while ($at < $map->{end}) {
			my $piece;
			my $size = $map->{end} - $at;
			$size = $CHUNK if $size > $CHUNK;
			# pages that were never touched are read as zeros
			last unless sysseek($mem, $at, 0)
				&& sysread $mem, $piece, $size;
			my $text = $rest . $piece;
			while ($text =~ /($any)/g) {
				push @{$found{$1}}, { mapping => $map,
					at => $at - length($rest) + $-[0] };
			}
			$rest = $overlap ? substr $text, -$overlap : '';
			$at += length $piece;
		}
	}
	return %found;
}

sub mappings {
	my ($pid) = @_;

	open my $fh, '<', "/proc/$pid/smaps" or die "no mappings: $!\n";
	my @maps;
	while (my $line = readline $fh) {
		if ($line =~ /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ *(.*)/) {
			push @maps, { start => hex $1, end => hex $2, perms => $3,
				name => $4, flags => '' };
		} elsif ($line =~ /^VmFlags: (.*)/) {
			$maps[-1]{flags} = $1;
		}
	}
	return @maps;
}

1;
