#!/usr/bin/perl

# Tests for the official SDK of web pages in Chromium, old versions and new
# ones, from another origin and with keys that are worth nothing.

###############################################################################

use warnings;
use strict;
use utf8;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib qw/ lib sdk demo /;
use Chromium;
use JSON::PP;
use Node;
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my @calls = (
	['putObject', 200, etag => 1, id => 1],
	['headObject', 200, etag => 1, author => 'a b/c'],
	['getObject', 200, etag => 1, body => 'content of 中文'],
	['getObject range', 206, body => 'content'],
	['uploadFile', 200, etag => 1],
	['uploadFile small', 200, etag => 1],
	['sliceUploadFile', 200, etag => 1],
	['putObjectCopy', 200],
	['getBucket', 200],
	['getObjectUrl', 200, body => 'content of 中文'],
	['deleteMultipleObject', 200],
	['deleteObject', 204],
	['missing', 404, code => 'NoSuchKey', id => 1],
	['getBucketAcl', 403, code => 'AccessDenied', id => 1],
	['putObject acl', 403, code => 'AccessDenied', id => 1],
	['other bucket', 404, id => 1],
	['no credential', 503, code => 'ServiceUnavailable', id => 1],
);

# the version, its options, and how often it tries 503

my %clients = (
	path => ['', 4, Domain => 'files.example.com/{Bucket}'],
	host => ['', 4, Domain => '{Bucket}.files.example.com'],
	'old path' => ['-1-5', 2, Domain => 'files.example.com',
		ForcePathStyle => \1],
	'oldest host' => ['-1-2', 2, Domain => '{Bucket}.files.example.com'],
);

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos());
$t->skip_all('no chromium, on Debian: apt-get install chromium')
	unless Chromium::binary();
$t->plan(keys(%clients) * (8 + @calls) + 5);

$t->cos();
my ($modules) = Node::modules();
symlink $modules, $t->path('sdk') or die "symlink: $!\n";
symlink "$FindBin::Bin/sdk/js_client.js", $t->path('js_client.js')
	or die "symlink: $!\n";
$t->write_file("sdk$_.html", "<!DOCTYPE html><meta charset=utf-8>"
	. "<script src=/sdk/cos-js-sdk-v5$_"
	. '/dist/cos-js-sdk-v5.min.js></script><script src=/js_client.js>'
	. '</script>') for '', '-1-5', '-1-2';

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events { }

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials none { provider file %%TESTDIR%%/none; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;

    cos_allow read write list delete copy;
    cos_cors http://www.example.com;

    log_format requests '$request_method $uri';

    server {
        listen 127.0.0.1:8080;
        server_name www.example.com other.example.com;
        types { text/html html; text/javascript js; }
        root %%TESTDIR%%;
    }

    server {
        listen 127.0.0.1:8080 default_server;
        server_name files.example.com;
        access_log %%TESTDIR%%/requests.log requests;
        location / { cos_pass path_style; }
        location /images-1250000000/none/ {
            cos_pass images-1250000000 credentials=none;
            cos_wait 0;
        }
    }

    server {
        listen 127.0.0.1:8080;
        server_name *.files.example.com;
        access_log %%TESTDIR%%/requests.log requests;
        location / { cos_pass host_style; proxy_request_buffering off; }
        location /none/ { cos_pass host_style credentials=none;
                          cos_wait 0; }
    }
}

EOC

$t->run();

my $chromium = Chromium->new(dir => $t->path('profile'),
	log => $t->path('chromium.log'), hosts => { map { $_ => $t->port(8080) }
		qw/ www.example.com other.example.com files.example.com
		*.files.example.com / });

for my $name (sort keys %clients) {
	my ($version, $tries, %options) = @{$clients{$name}};
	$t->write_file('requests.log', '');
	$t->journal_clear;

	my $page = $chromium->open("http://www.example.com/sdk$version.html");
	my $got = $page->eval('run(' . js($name) . ', ' . js(\%options) . ')');

	for (@calls) {
		my ($what, $status, %more) = @$_;
		my $r = $got->{$what};
		my @names = sort keys %more;
		is(join(' ', $r->{status}, map { "$_=" . (defined $r->{$_} ? $r->{$_}
			: '') } @names), join(' ', $status, map { "$_=$more{$_}" }
			@names), "$name $what") or diag explain $r;
	}

	is_deeply([sort @{$got->{getBucket}{keys} || []}], [map { "$name/$_" }
		'copy', 'slices', 'small', 'upload', '中文 +%&?#(1).txt'],
		"$name list");
	is_deeply($got->{deleteMultipleObject}{deleted}, ["$name/upload",
		"$name/&<\"'>é"], "$name deleted");
	cmp_ok(scalar @{$got->{sliceUploadFile}{progress}}, '>', 1,
		"$name progress");
	is($got->{sliceUploadFile}{progress}[-1], 2500000, "$name all of it");
	is(length $t->store_get('images-1250000000', "$name/slices"), 2500000,
		"$name stored");

	# all was signed, preflights were answered here, errors are no reason to
	# ask again

	my @sent = $t->journal;
	is(join(' ', map { "$_->{method} $_->{target}" } grep {
		!$_->{verified} || $_->{method} eq 'OPTIONS' } @sent), '',
		"$name sent");
	my @requests = split /\n/, $t->read_file('requests.log');
	is(scalar(grep { m!GET (?:/images-1250000000)?/none/a$! } @requests),
		$tries, "$name no credential, requests");
	is(scalar(grep { m!PUT .*/acl$! } @requests), 1,
		"$name refused, requests");
}

# stopped

my %host = (Domain => '{Bucket}.files.example.com');
my $page = $chromium->open('http://www.example.com/sdk.html');
my $stopped = $page->eval("abort('stopped', " . js(\%host) . ')');
cmp_ok($stopped->{loaded}, '<', 100000000, 'stopped')
	or diag explain $stopped;
ok($t->wait_until(sub { $t->read_file('requests.log') =~ m!PUT /stopped$!m }),
	'stopped, logged');
is($t->store_get('images-1250000000', 'stopped'), undef, 'not stored');

# another origin is given nothing that it could read

$t->store_put('images-1250000000', 'a.txt', 'private');
$page = $chromium->open('http://other.example.com/sdk.html');
my $got = $page->eval("(async () => { const cos = new COS({ SecretId: 'x',"
	. " SecretKey: 'x', AutoSwitchHost: true, ..." . js(\%host) . ' });'
	. 'return new Promise((resolve) => cos.getObject({ ...place,'
	. " Key: 'a.txt' }, (err, data) => resolve(brief(err, data)))) })()");
is($got->{status}, 0, 'another origin');
is($got->{body}, undef, 'another origin, nothing');

###############################################################################

sub js { return JSON::PP->new->ascii->allow_nonref->encode($_[0]) }

###############################################################################
