#!/usr/bin/perl

# Tests for keys that begin with a slash, of either kind.

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

my $t = Test::COS->new()->needs_cos()->plan(45);

$t->cos();
$t->store_put('images-1250000000', $_, "key $_") for '/x', '\\x', 'x',
	'private/x', '/private/x', 'a\\x', 'p//x', 'p/\\x';

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou alias=im protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write delete;

    server {
        listen 127.0.0.1:8080;
        merge_slashes off;

        location / { cos_pass images-1250000000; }
        location /private/ { deny all; }
        location /path/ { cos_pass path_style; }
        location /path/im/private/ { deny all; }
        location /host/ { cos_pass host_style; }
        location /p/ { cos_pass images-1250000000/p/; }
        location ~ ^/re/(.*)$ { cos_pass images-1250000000/$1; }
    }
}
EOC

$t->run();

###############################################################################

my @uris = ('//x', '/%2Fx', '/%2fx', '//private/x', '/%2Fprivate/x', '///x',
	'/%5Cx', '/%5cprivate%5cx', '/\\x', '/path/im//x', '/path/im/%2Fx',
	'/path/im//private/x', '/path/im/%5Cx', '/re//x', '/re/%2Fprivate/x',
	'/re/\\x');

for my $uri (@uris) {
	my $r = http_get($uri);
	is($r->status . ' ' . ($r->code || ''), '400 InvalidURI', $uri);
}

is(http_request(uri => '/host//x', host => 'im.example.com')->status, 400,
	'host style');

is(http_put($_, 'x')->status, 400, "put $_") for @uris[0, 6, 9];
is(http_delete($_)->status, 400, "delete $_") for @uris[0, 6, 9];
is(http_head($_)->status, 400, "head $_") for @uris[0, 6, 9];
is(http_head('//x')->body, '', 'head, no body');

# path style without a bucket: there is none of an empty name

is(http_get('/path//im/private/x')->status, 404, 'no bucket');

is(scalar(my @none = $t->journal), 0, 'nothing sent');

# within a key they are as good as any other character

for my $case (['/a%5Cx', 'a\\x'], ['/a\\x', 'a\\x'], ['/p//x', 'p//x'],
	['/p/%2Fx', 'p//x'], ['/p/%5Cx', 'p/\\x'], ['/path/im/p//x', 'p//x'])
{
	my ($uri, $key) = @$case;
	is(http_get($uri)->body, "key $key", "$uri");
	is(($t->journal)[-1]{key}, $key, "$uri, key");
}

is(http_get('/private/x')->status, 403, 'guarded');
is(http_get('/path/im/private/x')->status, 403, 'guarded, path style');
is(http_get('/path/im/x')->body, 'key x', 'path style');
is(http_request(uri => '/host/x', host => 'im.example.com')->body, 'key x',
	'host style key');

###############################################################################
