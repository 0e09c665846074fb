#!/usr/bin/perl

# Tests for the default of cos_allow: only reads of objects reach COS.

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

my $t = Test::COS->new()->needs_cos()->plan(34);

$t->cos();
$t->store_put('images-1250000000', 'k', 'hello');

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    keepalive_requests 1000000;

    # one line for each of thousands of refusals says nothing
    error_log /dev/null;
    access_log off;

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass path_style;
        }

        location /one/ {
            cos_pass images-1250000000;
        }
    }
}

EOC

$t->run();

###############################################################################

# every name that selects an operation (cos-protocol, section 4): from its
# tables, from the reserved field names, and from the note below them

my @names = qw/ acl policy delete uploads restore lifecycle cors versions
	location referer versioning notification replication website logging
	tagging accelerate domain inventory origin object-lock live encryption
	intelligenttiering intelligent-tiering symlink append position retention
	select select-type partNumber uploadId versionId strict-signature
	domaincertificate ci-process image_process style guetzli image-slim
	hotlink origin-protect unbind hdr-image-processing comp switch vod id
	prefix delimiter marker max-keys encoding-type list-type jobs
	imageMogr2 imageView2 imageInfo exif imageAve watermark
	response-content-type response-cache-control response-expires
	response-content-disposition response-content-encoding
	response-content-language x-cos-acl sync-type unknown /;

my @methods = qw/ GET HEAD PUT POST DELETE OPTIONS PATCH PROPFIND COPY /;

my @paths = qw! /images-1250000000/k /images-1250000000/ /one/k /one/ !;

# the spellings, and whether one is still the name itself

my @forms = (
	['plain', 1, sub { $_[0] }],
	['empty value', 1, sub { "$_[0]=" }],
	['with value', 1, sub { "$_[0]=1" }],
	['first byte escaped', 1, sub { sprintf '%%%02x%s', ord $_[0],
		substr $_[0], 1 }],
	['all escaped', 1, sub { my $s = $_[0]; $s =~ s/(.)/sprintf '%%%02X',
		ord $1/ge; $s }],
	['empty parameters', 1, sub { "&&$_[0]&&" }],
	['upper case', 0, sub { uc $_[0] }],
	['first upper', 0, sub { ucfirst $_[0] }],
	['lower case', 0, sub { lc $_[0] }],
	['trailing space', 0, sub { "$_[0]+" }],
	['leading space', 0, sub { "%20$_[0]" }],
	['semicolon', 0, sub { "x;$_[0]" }],
	['duplicated', 0, sub { "$_[0]&$_[0]=1" }],
	['in two cases', 0, sub { "$_[0]&" . uc $_[0] }],
	['behind versionId', 0, sub { "versionId=1&$_[0]=1" }],
	['before versionId', 0, sub { "$_[0]&versionId=1" }],
);

for my $form (@forms) {
	my ($title, $itself, $spell) = @$form;

	my (@requests, @expected);
	for my $name (@names) {
		my $query = $spell->($name);
		for my $method (@methods) {
			for my $path (@paths) {
				# another version of an object is read as the object is;
				# what lower case leaves alone is itself
				my $out = $path =~ /k\z/ && $method =~ /\A(?:GET|HEAD)\z/
					&& $name eq 'versionId' && $itself;
				push @requests, [$method, "$path?$query"];
				push @expected, $out ? 200 : 0;
			}
		}
	}

	$t->journal_clear;
	my @statuses = statuses(@requests);
	my @wrong = grep { $expected[$_] ? $statuses[$_] != 200
		: $statuses[$_] !~ /\A(?:400|403|405)\z/ } 0 .. $#requests;
	is(join('', map { "@{$requests[$_]}: $statuses[$_]\n" } @wrong), '',
		"$title refused");
	is(join(' ', map { $_->{method} . $_->{verified} } $t->journal),
		join(' ', map { $requests[$_][0] . 1 } grep { $expected[$_] }
			0 .. $#requests), "$title sent");
}

# without a query

$t->journal_clear;
my @requests = map { my $m = $_; map { [$m, $_] } @paths,
	'/images-1250000000' } @methods;
my @statuses = statuses(@requests);

is(join("\n", map { "@{$requests[$_]}" } grep { $statuses[$_] == 200 }
	0 .. $#requests),
	join("\n", map { ("$_ /images-1250000000/k", "$_ /one/k") }
		qw/ GET HEAD OPTIONS /), 'answered');
is(scalar(my @sent = $t->journal), 6, 'sent');

###############################################################################

# pipelined, for there are many

sub statuses {
	my (@requests) = @_;
	my $c = http_connect();
	my @out;
	while (my @some = splice @requests, 0, 50) {
		$c->send(join '', map { "$_->[0] $_->[1] HTTP/1.1\r\nHost: h\r\n"
			. ($_->[0] =~ /\AP/ ? "Content-Length: 0\r\n" : '') . "\r\n" }
			@some);
		push @out, map { $c->read_response(method => $_->[0])->status } @some;
	}
	$c->close;
	return @out;
}
