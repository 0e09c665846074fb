#!/usr/bin/perl

# Tests for copy into a location of one bucket: from that bucket only.

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

my $t = Test::COS->new()->needs_cos()->plan(57);

my $images = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my $videos = 'videos-1250000000.cos.ap-shanghai.myqcloud.com';

$t->cos();
$t->store_put('images-1250000000', $_, "images $_") for 'a', 'pub/a',
	'public/a';
$t->store_put('videos-1250000000', $_, "videos $_") for 'a', 'pub/a';

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou alias=img protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write copy;

    server {
        listen 127.0.0.1:8080;

        location / { cos_pass path_style; }
        location /one/ { cos_pass images-1250000000; }
        location /slash/ { cos_pass images-1250000000/; }
        location /bare { cos_pass images-1250000000; }
        location /half/ { cos_pass images-1250000000/pub; }
        location /half2 { cos_pass images-1250000000/pub; }
        location /host/ { cos_pass host_style images-1250000000; }

        location /if/ {
            if ($request_method = PUT) {
                cos_pass images-1250000000;
            }
            cos_pass path_style;
        }

        location /limit/ {
            limit_except GET {
                cos_pass images-1250000000;
            }
            cos_pass path_style;
        }
    }
}
EOC

$t->run();

###############################################################################

# from the same bucket

for my $uri (qw! /one/t /slash/t /bare/t /if/t /limit/t !) {
	copies($uri, "$images/a", 'images a', 'images t');
}

copies('/half/t', "$images/pub/a", 'images pub/a', 'images pub/t');
copies('/half2/t', "$images/pub/a", 'images pub/a', 'images pub/t');

# from another, though the credentials may read it

for my $uri (qw! /one/t /slash/t /bare/t /half/t /half2/t /if/t /limit/t !) {
	refused($uri, "$videos/a");
	refused($uri, "$videos/pub/a");
}
refused("/one/t?partNumber=1&uploadId=U", "$videos/a");

# from beside the prefix

refused('/half/t', "$images/public/a");
refused('/half2/t', "$images/public/a");
refused('/half/t', "$images/pub");

# path style has them all

copies('/img/t', "$videos/a", 'videos a', 'images t');
copies('/videos-1250000000/t', "$images/a", 'images a', 'videos t');

# host style has those of its list

refused('/host/t', "$videos/a", host => 'img.example.com');
$t->journal_clear;
is(http_request(method => 'PUT', uri => '/host/t', body => '',
	host => 'img.example.com', headers => {
	'x-cos-copy-source' => "$images/a" })->status, 200, 'host style');

###############################################################################

sub copies {
	my ($uri, $source, $content, $to) = @_;
	my ($bucket, $key) = split ' ', $to;
	$t->journal_clear;
	is(http_put($uri, '', 'x-cos-copy-source' => $source)->status, 200,
		"$uri from $source");
	is($t->store_get("$bucket-1250000000", $key), $content,
		"$uri from $source, written");
	$t->store_put("$bucket-1250000000", $key, 'old');
}

sub refused {
	my ($uri, $source, %opt) = @_;
	$t->journal_clear;
	my $r = http_request(method => 'PUT', uri => $uri, body => '', %opt,
		headers => { 'x-cos-copy-source' => $source });
	is($r->status . ' ' . ($r->code || ''), '403 AccessDenied',
		"$uri from $source");
	is(scalar(my @sent = $t->journal), 0, "$uri from $source, nothing sent");
}

###############################################################################
