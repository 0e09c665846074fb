#!/usr/bin/perl

# Tests that what the documentation shows of examples/ is what is there, and
# that it says the same in both languages.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my @languages = map { slurp("../docs/mini-program$_.md") } '', '.zh';
my @blocks = map { [/^```\w+\n(.*?)^```$/msg] } @languages;

plan(tests => 7 + @{$blocks[0]});

my $files = join "\n", map { plain(slurp("../examples/mini-program/$_")) }
	qw/ nginx.conf files.js cos.js /;

cmp_ok(scalar @{$blocks[0]}, '>', 12, 'blocks');
is_deeply($blocks[1], $blocks[0], 'both languages');
for (@{$blocks[0]}) {
	my ($first) = /^\s*(.*)$/m;
	cmp_ok(index($files, plain($_)), '>=', 0, $first);
}

# as many sections, rows and points, and the same words in code

for my $what (qr/^## /m, qr/^\|/m, qr/^- /m, qr/^\*\*/m) {
	is(scalar(() = $languages[1] =~ /$what/g),
		scalar(() = $languages[0] =~ /$what/g), "both have $what");
}
is_deeply([code($languages[1])], [code($languages[0])], 'words in code');

###############################################################################

sub plain {
	my ($text) = @_;
	$text =~ s/[ \t]+/ /g;
	$text =~ s/^ | $//mg;
	return $text;
}

sub code {
	my ($text) = @_;
	$text =~ s/^```.*?^```$//msg;
	my %seen;
	return sort grep { !$seen{$_}++ } $text =~ /`([^`\n]+)`/g;
}

sub slurp {
	my ($path) = @_;
	open my $fh, '<:raw', $path or die "cannot open $path: $!\n";
	local $/;
	return scalar readline $fh;
}

###############################################################################
