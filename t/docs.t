#!/usr/bin/perl

# Tests that the documentation and the sources say the same.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my %text = map { $_ => slurp("../$_") } qw( README.md CHANGELOG.md
	CONTRIBUTING.md docs/directives.md docs/credentials.md
	docs/how-it-works.md docs/clients.md docs/form-uploads.md
	docs/mini-program.md );
my $docs = $text{'docs/directives.md'};

plan(tests => 19);

# directives and variables

my $module = slurp('../src/ngx_http_cos_module.c');
my ($commands) = $module =~ /\bngx_http_cos_commands\[\] = \{(.*?)^\};/ms;
my ($variables) = $module =~ /\bngx_http_cos_vars\[\] = \{(.*?)^\};/ms;

my @directives = $commands =~ /\{ ngx_string\("(\w+)"\)/g;
my @variables = grep { !/^cos_internal_/ }
	$variables =~ /\{ ngx_string\("(\w+)"\)/g;

cmp_ok(scalar @directives, '>', 5, 'directives found');
cmp_ok(scalar @variables, '>', 8, 'variables found');
same([$docs =~ /^### (cos_\w+)$/gm], \@directives, 'directives');
same([$docs =~ /^- `\$(\w+)` - /gm], \@variables, 'variables');
same([$docs =~ /^  \[(cos_\w+)\]\(#\g1\),?$/gm], \@directives, 'index');
my $form = join '', map { qr/\*\*$_:\*\* (?:.+\\\n)*.+\n/ }
	qw/ Syntax Default Context /;
my $since = qr/\*This directive appeared in version [\d.]+\.\*\n/;
is(scalar(() = $docs =~ /^\#\#\# cos_\w+\n\n$form\n$since/gm),
	scalar @directives, 'form');

same([grep { $text{'CHANGELOG.md'} !~ /"\$?$_"/ } @directives, @variables],
	[], 'changes');

# operations

my $source = slurp('../src/ngx_http_cos_action.c');
my %mask = macros($source);
my (@rows, %rides);

for my $op (operations($source)) {
	my ($level, $action, $method, $group, $features, $selectors, $params)
		= @$op;
	my @selectors = split ' ', $selectors;
	push @rows, "| `$action` | `$method /" . ($level eq 'OBJECT' ? 'KEY' : '')
		. (@selectors ? '?' . join '&', @selectors : '') . '` | '
		. join(' ', map { "`$_`" } split ' ', $params) . " | $group |";
	$rides{$_}{$action} = 1 for @$features;
}

cmp_ok(scalar @rows, '>', 70, 'operations found');
same([$docs =~ /^(\| `\w+` \| `[A-Z]+ \/.*)$/gm], \@rows, 'operations');

# guarded features: their headers and parameters, what they ride on

my %guards;
for my $file (qw/ action guard /) {
	my $c = slurp("../src/ngx_http_cos_$file.c");
	while ($c =~ /\{ ngx_string\("([\w\/-]+)"\), ([01]),\s+(\w+) \}/g) {
		$guards{$3 eq '0' ? '' : feature($3)}{lc $1 . ($2 ? '*' : '')} = 1;
	}
}
# rides on the copy, and is checked by itself
$guards{sse}{'x-cos-copy-source-server-side-*'} = 1;

my (%documented, %documented_rides, $feature);
my ($features) = $docs =~ /^\| feature \|(.+?)\n\n/ms;
while ($features =~ /^\| (`\w+` )?\| (`.+?) \| (\w+(?:, \w+)*) \|$/gm) {
	my ($names, $on) = ($2, $3);
	$feature = $1 =~ tr/` //dr if $1;
	$documented{$feature}{lc $_} = 1 for $names =~ /`([^`]+)`/g;
	$documented_rides{$feature}{$_} = 1 for split /, /, $on;
}
my ($free) = $docs =~ /need no feature: (.+?)\. /s;
$documented{''} = { map { $_ => 1 } $free =~ /`([^`]+)`/g };

is_deeply(\%documented, \%guards, 'guarded features');
is_deeply(\%documented_rides, \%rides, 'what features ride on');

# providers of credentials and their parameters

my $source_params = slurp('../src/ngx_http_cos_credentials.c');
my %params;
push @{$params{$2}}, $1 while $source_params
	=~ /\{ ngx_string\("(\w+)"\), NGX_HTTP_COS_PARAM_(\w+),/g;
my (@providers, @provider_params);
for my $file (glob '../src/ngx_http_cos_provider_*.c') {
	my $c = slurp($file);
	while ($c =~ /^const ngx_http_cos_provider_t .*?\{(.*?)^\};/gms) {
		my ($name, undef, $bits, undef, undef, $request) = split /,\s*/, $1;
		($name) = $name =~ /"(\w+)"/;
		push @providers, $name;
		my %bits = map { $_ => 1 } $bits =~ /PARAM_(\w+)/g;
		$bits{FETCH} = 1 if $request ne 'NULL';
		push @provider_params, map { "$name $_" } map { @{$params{$_}} }
			keys %bits;
	}
}

cmp_ok(scalar @providers, '>', 8, 'providers found');
cmp_ok(scalar(map { @$_ } values %params), '>', 13, 'parameters found');
my ($table) = $docs =~ /^\| provider \|(.+?)\n\n/ms;
same([$table =~ /^\| `(\w+)/gm], \@providers, 'providers');
my ($rows) = $docs =~ /^\| parameter \| providers \|(.+?)\n\n/ms;
my @got;
while ($rows =~ /^\| `(\w+) [^`]+` \| (.+?) \|/gm) {
	my ($param, $names) = ($1, $2);
	push @got, map { "$_ $param" } split /, /, $names;
}
same(\@got, \@provider_params, 'parameters of providers');
same([grep { $text{'docs/credentials.md'} !~ /\bprovider\s+$_\b/ } @providers],
	[], 'examples of providers');

# refusals

my %status = (BAD_REQUEST => 400, FORBIDDEN => 403, NOT_FOUND => 404,
	NOT_ALLOWED => 405, NOT_IMPLEMENTED => 501,
	SERVICE_UNAVAILABLE => 503);
my %refusals;
for my $file (glob '../src/ngx_http_cos_*.c') {
	my $c = slurp($file);
	$refusals{($status{$1} || $1) . " $2"} = 1 while $c
		=~ /ngx_http_cos_refuse\(r, ctx, NGX_HTTP_(\w+),\s*"(\w+)"/g;
}
same([map { "$$_[0] $$_[1]" }
	split_by(2, $docs =~ /^\| (\d\d\d) \| `(\w+)` \| /gm)], [keys %refusals],
	'refusals');

# what else is named: variables of make, links

my $make = join '', map { slurp($_) } '../Makefile', glob '../make/*.mk';
same([grep { $make !~ /\b$_\b/ } map { /\bmake (\w+)=/g } values %text], [],
	'variables of make');

my @broken;
for my $name (sort keys %text) {
	(my $dir = $name) =~ s![^/]*\z!!;
	while ($text{$name} =~ /\]\((?!http)([^)#]*)(?:#([^)]*))?\)/g) {
		my ($file, $anchor) = ($1 eq '' ? $name : $dir . $1, $2);
		push @broken, "$name: $file" unless -e "../$file";
		next unless defined $anchor;
		my %anchors = map { my $a = lc; $a =~ s/[^\w -]//g; $a =~ tr/ /-/;
			$a => 1 } slurp("../$file") =~ /^#+ (.+)$/gm;
		push @broken, "$name: #$anchor" unless $anchors{$anchor};
	}
}
same(\@broken, [], 'links');

###############################################################################

sub macros {
	my ($c) = @_;
	my %mask;
	while ($c =~ /#define NGX_HTTP_COS_(\w+LOAD)((?:[^\n]*\\\n)+[^\n]*)/g) {
		my ($name, $words) = ($1, $2);
		$mask{$name} = [$words =~ /NGX_HTTP_COS_(\w+)/g];
	}
	return %mask;
}

# [level, action, method, group, features, selectors, parameters]

sub operations {
	my ($c) = @_;
	my ($listing) = $c =~ /#define NGX_HTTP_COS_LISTING\s+\\\s+("[^"]+")/;
	my ($table) = $c
		=~ /ngx_http_cos_operations\[\] = \{(.*?)#undef OBJECT/s;
	$table =~ s/.*?#define BUCKET.*?\n\n//s;
	$table =~ s/NGX_HTTP_COS_LISTING/$listing/g;
	$table =~ s/"\s*\n\s*"//g;
	# the last rows have no macro
	$table =~ s/\{ ngx_string(\("\w+")\), NGX_HTTP_COS_(\w+), NGX_HTTP_/$2$1, /g;

	my @ops;
	my $q = qr/"([^"]*)"/;
	while ($table =~ /([A-Z]+)\($q,\s*([A-Z]+),([^"]*)$q,\s*$q/g) {
		my ($level, $action, $method, $masks, $selectors, $params)
			= ($1, $2, $3, $4, $5, $6);
		my @words = $masks =~ /NGX_HTTP_COS_(\w+)/g;
		my ($group) = grep { /\A(?:READ|WRITE|LIST|DELETE)\z/ } @words;
		my @features = map { feature($_) } map { $mask{$_} ? @{$mask{$_}} : $_ }
			grep { !/\A(?:READ|WRITE|LIST|DELETE)\z/ } @words;
		push @ops, [$level, $action, $method, lc($group || ''), \@features,
			$selectors, $params];
	}
	return @ops;
}

# the word of cos_allow

sub feature {
	my ($name) = map { lc } $_[0] =~ /\A(?:NGX_HTTP_COS_)?(\w+)\z/;
	return $name eq 'pic_operations' ? 'image' : $name;
}

sub split_by {
	my ($n, @list) = @_;
	my @parts;
	push @parts, [splice @list, 0, $n] while @list;
	return @parts;
}

sub same {
	my ($got, $want, $name) = @_;
	is_deeply([sort @$got], [sort @$want], $name);
}

sub slurp {
	my ($path) = @_;
	open my $fh, '<:raw', $path or die "cannot open $path: $!\n";
	local $/;
	return scalar readline $fh;
}

###############################################################################
