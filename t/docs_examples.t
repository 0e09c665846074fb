#!/usr/bin/perl

# Tests for the examples of the documentation: every configuration is one, and
# the table of locations and keys is right.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my @files = qw( README.md CONTRIBUTING.md docs/directives.md
	docs/how-it-works.md );
my %text = map { $_ => slurp("../$_") } @files;
my @blocks = map { my $name = $_; my $n = 0;
	map { [$name . ', example ' . ++$n, $_] }
		$text{$name} =~ /^```nginx\n(.*?)^```$/gms } @files;
my $q = qr/`([^`]+)`/;
my @keys = $text{'docs/directives.md'}
	=~ /^\| $q \| `(images-\d[^`]+)` \| `(\/[^`]*)` \| $q \|$/gm;

my $t = Test::COS->new()->needs_cos->plan(3 + @blocks);
$t->env(TENCENTCLOUD_SECRET_ID => SECRET_ID,
	TENCENTCLOUD_SECRET_KEY => SECRET_KEY);

cmp_ok(scalar @blocks, '>', 8, 'examples found');
for my $block (@blocks) {
	my ($name, $conf) = @$block;
	my ($status, $output) = $t->try_conf(wrap($conf));
	is($status, 0, $name) or diag $output;
}

# the table of locations and keys

$t->cos();
my ($servers, @want) = '';
for my $row (split_by(4, @keys)) {
	my ($location, $pass, $uri, $key) = @$row;
	$servers .= "server { listen 127.0.0.1:8080; server_name n" . @want
		. "; location $location { cos_pass $pass; } }\n";
	push @want, [$uri, $key];
}
$t->write_conf(wrap("cos_credentials app { provider env; }\n"
	. "cos_bucket images-1250000000 ap-guangzhou protocol=http"
	. " endpoint=127.0.0.1:8081;\n$servers"));
$t->run();
my @got = map { http_get($want[$_][0], Host => "n$_");
	[$want[$_][0], ($t->journal)[-1]{key}] } 0 .. $#want;
cmp_ok(scalar @got, '>', 5, 'keys found');
is_deeply(\@got, \@want, 'keys');

###############################################################################

# An example with what it leaves out.

sub wrap {
	my ($text) = @_;

	$text =~ s/^load_module .*\n//m;
	$text =~ s/(\blisten\s+)\d+;/${1}127.0.0.1:8080;/g;
	$text =~ s!(\bproxy_cache_path\s+)\S+!$1%%TESTDIR%%/cache!g;

	return "%%TEST_GLOBALS%%\n$text"
		if $text =~ s/^http \{\n/$&%%TEST_GLOBALS_HTTP%%\n/m;

	my ($first) = $text =~ /cos_credentials\s+(\w+)/;
	my $more = $first ? '' : 'cos_credentials app { provider static; '
		. "secret_id %%SECRET_ID%%; secret_key %%SECRET_KEY%%; }\n";
	my %declared = map { $_ => 1 } $text =~ /cos_bucket\s+(\S+)/g;
	for my $bucket ($text =~ /\b([a-z]+-125\d+)\b(?!\.)/g) {
		next if $declared{$bucket}++;
		$more .= "cos_bucket $bucket ap-guangzhou credentials="
			. ($first || 'app') . ";\n";
	}

	$text = "server {\nlisten 127.0.0.1:8080;\n$text}\n"
		if $text =~ /^location /m;
	return "%%TEST_GLOBALS%%\nevents {\n}\nhttp {\n%%TEST_GLOBALS_HTTP%%\n"
		. "$more$text}\n";
}

sub split_by {
	my ($n, @list) = @_;
	my @parts;
	push @parts, [splice @list, 0, $n] while @list;
	return @parts;
}

sub slurp {
	my ($path) = @_;
	open my $fh, '<:raw', $path or die "cannot open $path: $!\n";
	local $/;
	return scalar readline $fh;
}

###############################################################################
