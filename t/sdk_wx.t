#!/usr/bin/perl

# Tests for the official SDK of mini programs as a client, old versions and new
# ones, on each platform, with keys that are worth nothing.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib', 'sdk';
use Node;
use Test::COS;

use Digest::MD5 qw/ md5_hex /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

# what all of them have to give: status, code of an error, anything else

my $utf8 = "\xe4\xb8\xad\xe6\x96\x87";
my $special = "$utf8 +%&?#(1).jpg";
my $small = "small \x00\xff\r\n--file";
my $big = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 550000;
my $text = "content of $utf8";
my %small = (length => length $small, md5 => md5_hex($small));
my %text = (length => length $text, md5 => md5_hex($text));

my @first = (
	['postObject', 200, etag => 1, id => 1],
	['headObject', 200, type => 'image/jpeg', author => 'a b/c',
		cache => 'max-age=60'],
	['getObject text', 200, %text],
	['postObject type', 200, etag => 1],
	['postObject big', 200, etag => 1],
	['putObject', 200, etag => 1],
	['putObjectCopy', 200],
	['getBucket', 200],
	['getObjectUrl', 200, %small],
	['deleteMultipleObject', 200],
	['deleteObject', 204],
	['deleted', 404],
	['missing', 404, id => 1],
	['getBucketAcl', '403 AccessDenied', id => 1],
	['postObject acl', '403 AccessDenied', id => 1],
);
my @later = (
	['getObject', 200, type => 'image/jpeg'],
	['uploadFile', 200, etag => 1],
	['uploadFile put', 200, etag => 1],
	['uploadFiles 1', 200, etag => 1],
	['uploadFiles 2', 200, etag => 1],
	['uploadFiles 3', 200, etag => 1],
	['sliceUploadFile', 200, etag => 1, progress => length $big],
);
my @stored = ([$special, $small], ['untyped', $small], ['big post', $big],
	['put', $text]);
my @stored_later = (['upload put', $small], ['files/1', $small],
	['files/2', $small], ['files/3', $big], ['slices', $big]);
my @gone = ('acl', 'copy', 'upload', 'none');

# how a client finds us

my %path = (Domain => 'files.example.com/{Bucket}');
my %old_path = (Domain => 'files.example.com', ForcePathStyle => \1);
my %host = (Domain => '{Bucket}.files.example.com');
my %one = (Domain => 'photos.example.com');

my %clients = (
	android => [
		['path', '', %path],
		['old path', '-1-4', %old_path],
		['oldest path', '-0-7', %old_path],
	],
	ios => [
		['host', '', %host],
		['one', '-1-4', %one],
		['oldest host', '-0-7', %host],
	],
	devtools => [
		['one', '', %one],
		['old host', '-1-4', %host],
		['oldest', '-0-7', %path],
	],
);

###############################################################################

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos());
my $tests = 4;
for my $version (map { $$_[1] } map { @$_ } values %clients) {
	$tests += 3 + @first + @stored + ($version eq '');
	$tests += @later + @stored_later if $version ne '-0-7';
}
$t->plan($tests + keys %clients);

my $ca = $t->make_ca(names => ['*.example.com', '*.files.example.com']);
my ($cert, $key) = @$ca{qw/ cert key /};
$t->cos();

$t->write_conf(<<"EOC");

%%TEST_GLOBALS%%

events { }

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;
    ssl_certificate $cert;
    ssl_certificate_key $key;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write list delete PostObject copy;

    server {
        listen       127.0.0.1:8080 ssl;
        server_name  files.example.com;
        location / { cos_pass path_style; }
    }

    server {
        listen       127.0.0.1:8080 ssl;
        server_name  *.files.example.com;
        location / { cos_pass host_style; }
    }

    server {
        listen       127.0.0.1:8080 ssl;
        server_name  photos.example.com;
        location / { cos_pass images-1250000000; }
    }
}

EOC

$t->run();
$t->write_file('tmp_small.jpg', $small);
$t->write_file('tmp_big.jpg', $big);

my @hosts = qw/ files.example.com photos.example.com
	images-1250000000.files.example.com other-1250000000.files.example.com /;
my @origins = map { "https://$_" } @hosts;
my $n = 0;

for my $platform (sort keys %clients) {
	my $got = Node::run($t, 'wx_client.js', {
		wx => { platform => $platform, dir => $t->testdir, ca => $ca->{ca},
			servers => { map { $_ => $t->port(8080) } @hosts },
			domains => { map { $_ => \@origins }
				qw/ request uploadFile downloadFile / } },
		clients => [map { my ($name, $version, %options) = @$_;
			{ name => "$platform $name", sdk => "cos-wx-sdk-v5$version",
				options => { SecretId => 'AKIDdummy', SecretKey => 'dummy',
					%options } } } @{$clients{$platform}}] });

	for (@{$clients{$platform}}) {
		my ($name, $version) = @$_;
		check($got->{results}, "$platform $name", $version);
	}
	is("@{$got->{blocked}}", '', "$platform, no other domain");
	$n += @{$got->{sent}};
}

# all is signed here, and nothing of the clients came along

my @sent = $t->journal;
is(join(' ', map { "$_->{method} $_->{target}" } grep { !$_->{verified} }
	@sent), '', 'all verified');
is(scalar(grep { grep { "@$_" =~ /dummy/i } @{$_->{headers}} } @sent), 0,
	'nothing of the clients');
is(scalar(grep { $_->{target} =~ /acl/ } @sent), 0, 'nothing refused sent');
cmp_ok(scalar @sent, '<', $n, 'sent once');

###############################################################################

sub check {
	my ($results, $name, $version) = @_;
	my $old = $version eq '-0-7';

	for my $row (@first, $old ? () : @later) {
		my ($what, $status, %more) = @$row;
		my $r = $results->{"$name $what"} || {};
		my @names = sort keys %more;
		is(join(' ', $r->{status} || 0, $status =~ / / ? $r->{code} : (),
			map { "$_=" . (defined $r->{$_} ? $r->{$_} : '') } @names),
			join(' ', $status, map { "$_=$more{$_}" } @names),
			"$name $what") or diag $r->{message};
	}
	# these forget to escape keys, so this is no XML
	is($results->{"$name deleteMultipleObject special"}{status},
		$version eq '' ? 200 : 400, "$name delete special");
	is($results->{"$name getObject"}{md5}, $small{md5}, "$name content")
		if $version eq '';
	is($results->{"$name other bucket"}{status}, $name =~ /one/ ? 200 : 404,
		"$name other bucket");

	for (@stored, $old ? () : @stored_later) {
		my ($key, $content) = @$_;
		my $is = $t->store_get('images-1250000000', "$name/$key");
		ok(defined $is && $is eq $content, "$name stored $key");
	}
	is(join(' ', grep { defined $t->store_get('images-1250000000',
		"$name/$_") } @gone), '', "$name not stored");
}

###############################################################################
