#!/usr/bin/perl

# Tests for cos_pass BUCKET/PREFIX: which key a location gives.

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

my $t = Test::COS->new()->needs_cos()->plan(48);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou alias=img protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read list;

    server {
        listen 127.0.0.1:8080;

        location /ss/ {
            cos_pass images-1250000000/pub/;
        }

        location /sn/ {
            cos_pass images-1250000000/pub;
        }

        location /ns {
            cos_pass images-1250000000/pub/;
        }

        location /nn {
            cos_pass images-1250000000/pub;
        }

        location /bs/ {
            cos_pass images-1250000000/;
        }

        location /bn/ {
            cos_pass images-1250000000;
        }

        location /nb {
            cos_pass images-1250000000;
        }

        location /alias/ {
            cos_pass img/a/b%20c/;
        }

        location = /exact {
            cos_pass images-1250000000/index.html;
        }

        location = /exact/ {
            cos_pass images-1250000000/exact/;
        }

        location ^~ /static/ {
            cos_pass images-1250000000/s/;
        }

        location ~ \.jpg$ {
            cos_pass images-1250000000/re/;
        }

        location ~ ^/whole/ {
            cos_pass images-1250000000;
        }

        location /outer/ {
            location /outer/inner/ {
                cos_pass images-1250000000/in/;
            }

            cos_pass images-1250000000/out/;
        }

        location /rewritten/ {
            rewrite ^/rewritten/(.*)$ /x/$1 break;
            cos_pass images-1250000000/pub/;
        }

        location /again/ {
            rewrite ^/again/(.*)$ /ss/$1 last;
        }

        location /try/ {
            try_files /nonexistent @named;
        }

        location @named {
            cos_pass images-1250000000/named/;
        }

        location / {
            cos_pass images-1250000000;
        }
    }
}

EOC

$t->run();

###############################################################################

is(key('/ss/x/y'), 'pub/x/y', 'slashes on both sides');
is(key('/sn/x/y'), 'pub/x/y', 'slash of the location alone');
is(key('/ns/x/y'), 'pub/x/y', 'slash of the prefix alone');
is(key('/nn/x/y'), 'pub/x/y', 'no slashes');
is(key('/bs/x/y'), 'x/y', 'bucket and slash');
is(key('/bn/x/y'), 'x/y', 'bucket');
is(key('/nb/x/y'), 'x/y', 'bucket, no slash in the location');
is(key('/x/y'), 'x/y', 'root');

# the location itself

is(key('/ss/'), 'pub/', 'nothing behind the location');
is(key('/nn'), 'pub', 'nothing behind the location, no slashes');
is(key('/nn/'), 'pub/', 'a slash behind the location');
is(http_get('/nnx')->code, 'NoSuchKey', 'within a segment');
is(http_get('/nbx')->code, 'NoSuchKey', 'within a segment, bucket');
is(key('/bn/'), 'GetBucket', 'bucket root');
is(key('/nb'), 'GetBucket', 'bucket root without a slash');
is(key('/nb/'), 'GetBucket', 'bucket root with a slash');
is(key('/bs/'), 'GetBucket', 'bucket root, slash in cos_pass');
is(key('/'), 'GetBucket', 'root is the bucket');

# other kinds of locations

is(key('/exact'), 'index.html', 'exact');
is(key('/exact/'), 'exact/', 'exact with a slash');
is(key('/exact/x'), 'exact/x', 'not exact');
is(key('/static/x.jpg'), 's/x.jpg', 'before regular expressions');
is(key('/ss/x.jpg'), 're/ss/x.jpg', 'regular expression');
is(key('/whole/x'), 'whole/x', 'regular expression, bucket');
is(key('/outer/x'), 'out/x', 'outer');
is(key('/outer/inner/x'), 'in/x', 'nested');
is(key('/outer/innerx'), 'out/innerx', 'not nested');
is(key('/alias/x'), 'a/b%20c/x', 'alias; a prefix is not decoded');

# the location does not apply to what a rewrite made

is(key('/rewritten/a%20b%2Bc'), 'pub/x/a b+c', 'rewritten');
is(key('/again/y'), 'pub/y', 'rewritten to another location');
is(key('/again/a%2520b'), 'pub/a%20b', 'rewritten, escaped twice');
is(key('/try/y'), 'named/try/y', 'named');

# nothing leaves the prefix

for my $uri (map { ("/ss/$_", "/nn/$_") } '../x', '%2e%2e/x', 'y/../../x',
	'..%2f..%2fx', '../pub/../x', '..')
{
	is(key($uri), 400, "$uri refused");
}

# the bucket is a literal, its prefix is a good one

my $conf = "%%TEST_GLOBALS%%\nevents { }\nhttp { cos_credentials app {"
	. ' provider static; secret_id i; secret_key k; } cos_bucket b-1 r;'
	. " server { location / { cos_pass PASS; } } }";
for (['$arg_b/x', qr/must not be a variable/], ['b-1/../x', qr/invalid key/],
	['b-1//x', qr/invalid key/], ['b-2/x', qr/not declared/])
{
	my ($pass, $re) = @$_;
	my ($status, $output) = $t->try_conf($conf =~ s/PASS/$pass/r);
	like($output, $re, "configuration $pass");
}

###############################################################################

# the key that was asked for, verified; the operation without one

sub key {
	my ($uri) = @_;
	$t->journal_clear;
	my $r = http_get($uri);
	my @sent = $t->journal;
	return @sent ? 'sent and ' . $r->status : $r->status
		if @sent != 1 || $r->status == 400;
	return 'not verified' unless $sent[0]{verified};
	return $sent[0]{key} eq '' ? $sent[0]{operation} : $sent[0]{key};
}
