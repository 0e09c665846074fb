package Bench::Table;

# One table, in Markdown, columns aligned.

use strict;
use warnings;

sub new { return bless { rows => [] }, $_[0] }

sub section { push @{$_[0]{rows}}, ["**$_[1]**", ('') x 4] }

sub row {
	my ($self, @cells) = @_;
	push @{$self->{rows}}, [map { defined ? $_ : '' } @cells[0 .. 4]];
}

sub text {
	my ($self) = @_;
	my @rows = (['per request', 'plain', 'signed', 'difference', 'ratio'],
		@{$self->{rows}});
	my @width = (0) x 5;
	for my $row (@rows) {
		for (0 .. 4) {
			$width[$_] = length $row->[$_] if length $row->[$_] > $width[$_];
		}
	}
	my @lines = map { my $row = $_; '| ' . join(' | ', map { $_
		? sprintf "%*s", $width[$_], $row->[$_]
		: sprintf "%-*s", $width[$_], $row->[$_] } 0 .. 4) . " |\n" } @rows;
	splice @lines, 1, 0, '|' . join('|', map { $_ ? '-' x ($width[$_] + 1) . ':'
		: '-' x ($width[0] + 2) } 0 .. 4) . "|\n";
	return join '', @lines;
}

# 1234567 is 1,234,567

sub number {
	my ($n, $digits) = @_;
	my $text = sprintf '%.*f', $digits || 0, $n;
	1 while $text =~ s/\A(-?\d+)(\d{3})/$1,$2/;
	return $text;
}

sub more {
	my ($n, $digits) = @_;
	return ($n < 0 ? '' : '+') . number($n, $digits);
}

sub ratio { return sprintf '%.3f', $_[0] }

# the middle one; and those a quarter from each end

sub median { return quantile(0.5, @_) }

sub quantile {
	my ($q, @list) = @_;
	@list = sort { $a <=> $b } @list;
	my $at = $q * $#list;
	my $low = int $at;
	return $list[$low] if $low == $#list;
	return $list[$low] + ($at - $low) * ($list[$low + 1] - $list[$low]);
}

1;
