#!/usr/bin/perl

# Tests for keys with slashes side by side, with merge_slashes off.

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

my $t = Test::COS->new()->needs_cos()->plan(49);

$t->cos();
$t->store_put('images-1250000000', $_, "key $_") for 'x', 'a/x', 'a//x',
	'private/x', 'pub/x', 'pub/private/x', 'pub//x', 'a/', 'a//', '/x';

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

    cos_bucket images-1250000000 ap-guangzhou alias=b protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;
        merge_slashes off;

        location / {
            cos_pass images-1250000000;
        }

        location /private/ {
            deny all;
        }

        location /path/ {
            cos_pass path_style;
        }

        location /path/b/private/ {
            deny all;
        }

        location /in/ {
            cos_pass images-1250000000/pub/;
        }

        location /in/private/ {
            deny all;
        }

        location /bare {
            cos_pass images-1250000000;
        }

        location ~ ^/re/(.*)$ {
            cos_pass images-1250000000/$1;
        }
    }

    server {
        listen 127.0.0.1:8082;

        location / {
            cos_pass images-1250000000;
        }

        location /private/ {
            deny all;
        }
    }
}

EOC

$t->run();

###############################################################################

# within a key

for my $slashes ('//', '/%2F', '%2f/', '%2F%2F') {
	is(http_get("/a${slashes}x")->body, 'key a//x', "$slashes");
	is(http_get("/path/b/a${slashes}x")->body, 'key a//x', "path $slashes");
	is(http_get("/in/a${slashes}x")->status, 404, "prefix $slashes");
	is(($t->journal)[-1]{key}, 'pub/a//x', "prefix $slashes key");
	is(http_get("/re/a${slashes}x")->body, 'key a//x', "regex $slashes");
	is(($t->journal)[-1]{verified}, 1, "$slashes verified");
}

is(http_get('/a//')->body, 'key a//', 'at the end');
is(http_get('/a/')->body, 'key a/', 'one at the end');
is(($t->journal)[-2]{target}, '/a//', 'sent as it is signed');

# at the start: another key than without, wherever a key starts; refused
# would do as well, for no key of COS begins with a slash

isnt(http_get($_)->body, 'key x', "$_ is not x") for '//x', '/%2Fx',
	'/path/b//x', '/path/b/%2Fx', '/re//x';
isnt(http_get('/bare//x')->body, 'key x', 'bare');
isnt(http_get($_)->body, 'key pub/x', "$_ is not pub/x") for '/in//x',
	'/in/%2fx';

# a rule for a location cannot be walked around

is(http_get('/private/x')->status, 403, 'guarded');
unlike(http_get($_)->body, qr/\Akey .*private/, "$_ does not walk around")
	for '//private/x', '/%2Fprivate/x', '/path//b/private/x',
	'/path/b//private/x', '/in//private/x', '/in/%2Fprivate/x';

# only slashes

$t->journal_clear;
is(http_get($_)->status, 400, "$_ refused") for '/%2F/', '/path/b///';
is(scalar(my @sent = $t->journal), 0, 'only slashes not sent');

# with merge_slashes on

is(http_request(uri => $_, port => 8082)->status, 400, "$_ while merged")
	for '//x', '/a//x', '/a/%2Fx';
is(http_request(uri => '//private/x', port => 8082)->status, 403,
	'guarded while merged');
