#!/usr/bin/perl

# Tests for the examples of the documentation: every configuration is one, the
# table of locations and keys is right, and what is recommended works.

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
	docs/how-it-works.md docs/credentials.md docs/clients.md
	docs/form-uploads.md );
my %text = map { $_ => slurp("../$_") } @files;
my @blocks = map { my $name = $_; my $n = 0;
	map { [$name . ', example ' . ++$n, $_] }
		$text{$name} =~ /^```nginx\n(.*?)^```$/gms } @files;
my $q = qr/`([^`]+)`/;
my @keys = $text{'docs/directives.md'}
	=~ /^\| $q \| `(images-\d[^`]+)` \| `(\/[^`]*)` \| (?:404 )?$q \|$/gm;

my $t = Test::COS->new()->needs_cos->plan(14 + @blocks);
$t->env(TENCENTCLOUD_SECRET_ID => SECRET_ID,
	TENCENTCLOUD_SECRET_KEY => SECRET_KEY, TKE_PROVIDER_ID => 'provider',
	TKE_ROLE_ARN => 'qcs::cam::uin/100000000001:roleName/cos-gateway',
	TKE_WEB_IDENTITY_TOKEN_FILE => $t->path('identity'));

cmp_ok(scalar @blocks, '>', 17, 'examples found');
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
my @got;
for my $i (0 .. $#want) {
	$t->journal_clear;
	my $r = http_get($want[$i][0], Host => "n$i");
	my ($sent) = $t->journal;
	push @got, [$want[$i][0], $sent ? $sent->{key} : $r->code];
}
cmp_ok(scalar @got, '>', 5, 'keys found');
is_deeply(\@got, \@want, 'keys');
is(scalar(grep { $$_[1] eq 'NoSuchKey' } @want), 2, 'keys refused');
$t->stop;
$t->stop_cos(8081);

# the key of the cache: two buckets, one path, and the one that would be wrong

$t->cos(port => 8083, buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } qw/ images videos /]);
$t->store(8083)->put("$_-1250000000", 'a.jpg', "of $_") for qw/ images videos /;

my ($conf) = grep { /proxy_cache_key/ } map { $$_[1] } @blocks;
for my $key ('$proxy_host$request_uri', '$request_uri') {
	$conf =~ s/(\bproxy_cache_key\s+)\S+;/$1$key; proxy_cache_valid 200 1m;/;
	start($conf);
	my @r = map { http_get('/a.jpg', Host => "$_-1250000000.files.example.com")
		->body } qw/ images videos images /;
	is("@r", $key =~ /host/ ? 'of images of videos of images'
		: 'of images of images of images', "cache key $key");
	$t->stop;
	unlink glob $t->path('cache') . '/*';
}

# a rule for both paths of a bucket

($conf) = grep { /deny/ } map { $$_[1] } @blocks;
start($conf);
is(join(' ', map { http_get("/$_/private/a")->status } qw/ images
	images-1250000000 /), '403 403', 'rule');
is(http_get('/images/a.jpg')->body, 'of images', 'no rule');
$t->stop;

# what COS has computed is not shown, with the page or without

my $token = 'TemporaryTokenOfTheGateway';
$t->stop_cos(8083);
$t->cos(port => 8083, credentials => [{ secret_id => SECRET_ID,
	secret_key => SECRET_KEY, token => $token }]);
$t->allow_tokens_in_log();

($conf) = grep { /error_page/ } map { $$_[1] } @blocks;
for my $page (1, 0) {
	$conf =~ s/error_page .*//, $conf =~ s/proxy_intercept_errors .*//
		unless $page;
	start($conf, 'cos_credentials app { provider static; secret_id '
		. SECRET_ID . "; secret_key WrongSecretKey; token $token; }");
	my $r = http_get('/a');
	is($r->status, 403, "error page $page, status");
	is($r->code, $page ? 'AccessDenied' : 'SignatureDoesNotMatch',
		"error page $page, code");
	unlike($r->body, qr/\Q$token\E/, "error page $page, no token");
	$t->stop;
}

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

# An example in front of the local COS.

sub start {
	my ($text, $credentials) = @_;

	$text = wrap($text);
	$text =~ s/^(cos_bucket (\w+)\S+ \S+)/$1 alias=$2 protocol=http
		endpoint=127.0.0.1:8083/gm;
	$text =~ s/^cos_credentials .*/$credentials/m if $credentials;
	$t->write_conf($text);
	$t->run;
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
