#!/usr/bin/perl

# Tests for long keys, arguments and headers: nothing is cut off.

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

my $t = Test::COS->new()->needs_cos()->plan(42);

$t->cos(max_head => 1048576);

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    large_client_header_buffers 8 128k;

    # the local COS tells what it was asked for
    proxy_buffer_size 64k;
    proxy_buffers 8 64k;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass   images-1250000000;
            cos_allow  read write list image;
        }
    }
}

EOC

$t->run();

# arguments, also of bytes that take three times as long when escaped

for my $case (['8k', 'a', 8192], ['8k escaped', '/', 8192],
	['8k utf-8', "\xe4\xb8\xad\xe6", 2048], ['30k', '+', 30000])
{
	my ($name, $unit, $n) = @$case;
	my $value = $unit x $n;
	(my $sent = $value) =~ s/([^a])/sprintf '%%%02X', ord $1/ge;
	(my $raw = $value) =~ s/\+/%2b/g;

	$t->journal_clear;
	is(http_get("/?prefix=$raw&max-keys=1")->status, 200, "$name argument");

	my ($e, @more) = $t->journal;
	is("$e->{verified} $e->{param_list} " . @more, '1 max-keys;prefix 0',
		"$name argument signed");
	ok($e->{target} eq "/?prefix=$sent&max-keys=1", "$name argument sent");
	ok(index($e->{http_string}, "&prefix=$sent\n") > 0,
		"$name argument in the signature");
}

# a long name

my $name = 'imageMogr2/thumbnail/' . '200x/' x 1700;
$t->store_put('images-1250000000', 'a.png', 'png');
$t->journal_clear;
is(http_get("/a.png?$name")->body, 'png', 'long name');
(my $escaped = $name) =~ s!/!%2F!g;
my ($e) = $t->journal;
is($e->{verified}, 1, 'long name signed');
ok($e->{target} eq "/a.png?$escaped", 'long name sent');
ok($e->{param_list} eq lc $escaped, 'long name in the list');

# headers: one of 8k, one of 30k, many of 100

for my $case (['8k', 'v' x 8192], ['8k escaped', '/' x 8192],
	['30k', 'w' x 30000])
{
	my ($title, $value) = @$case;

	$t->journal_clear;
	is(http_put('/put', 'body', 'x-cos-meta-long' => $value,
		'X-Other' => $value)->status, 200, "$title header");

	my ($e) = $t->journal;
	my %h = map { lc $_->[0] => $_->[1] } @{$e->{headers}};
	is("$e->{verified} $e->{header_list}", '1 host;x-cos-meta-long',
		"$title header signed");
	ok($h{'x-cos-meta-long'} eq $value, "$title header sent");
	ok($h{'x-other'} eq $value, "$title other header sent");
	ok($t->store->head('images-1250000000', 'put')
		->{headers}{'x-cos-meta-long'} eq $value, "$title header stored");
}

my %many = map { ("x-cos-meta-name-$_" => "$_-" . 'x' x 80) } 1 .. 90;
$t->journal_clear;
is(http_put('/put', 'body', %many)->status, 200, 'many headers');
($e) = $t->journal;
is($e->{verified}, 1, 'many headers verified');
is($e->{header_list}, join(';', 'host', sort keys %many),
	'many headers signed');

# all at once, with a key that is as long as it may be

my $key = "\xe4\xb8\xad" x 283 . 'k';
(my $path = $key) =~ s/([^k])/sprintf '%%%02x', ord $1/ge;
$t->journal_clear;
is(http_put("/$path", 'body', %many, 'Content-Type' => 't/' . 'x' x 8192)
	->status, 200, 'long key');
($e) = $t->journal;
is($e->{verified}, 1, 'long key verified');
ok($e->{target} eq '/' . join('', map { $_ eq 'k' ? $_
	: sprintf '%%%02X', ord } split //, $key), 'long key sent');
is($t->store_get('images-1250000000', $key), 'body', 'long key stored');

###############################################################################
