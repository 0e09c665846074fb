#!/usr/bin/perl

# Tests for redirects of COS: its address does not reach the client.

###############################################################################

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::COS;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(16);

$t->cos();

$t->write_conf(<<'EOF');
%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    absolute_redirect off;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou alias=images protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass path_style;
        }

        location /whole/ {
            cos_pass images-1250000000;
        }

        location /part/ {
            cos_pass images-1250000000/public/;
        }

        location /slashless {
            cos_pass images-1250000000/public;
        }

        location ~ ^/user/(.*)$ {
            cos_pass images-1250000000/u/$1;
        }

        location /cached/ {
            cos_pass images-1250000000/;
            proxy_cache one;
            proxy_cache_valid any 1m;
        }

        location /own/ {
            cos_pass images-1250000000/;
            proxy_redirect http://images-1250000000.cos.ap-guangzhou.myqcloud.com/
                           https://example.com/;
        }
    }
}
EOF
$t->run();

###############################################################################

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';

sub location {
	my ($uri, $location, $name) = @_;
	$t->control({ rules => [{ method => 'GET', status => 302,
		headers => { $name || 'Location' => $location } }] });
	return http_get($uri)->header($name || 'Location');
}

is(location('/images/a', "http://$host/b?c=d"), '/images/b?c=d', 'path style');
is(location('/images/a', "https://$host:443/b%20c"), '/images/b%20c',
	'port and escapes');
is(location('/images-1250000000/a', "http://$host"), '/images-1250000000/',
	'no path');
is(location('/whole/x/y', "HTTP://\U$host\E/z"), '/whole/z', 'bucket');

is(location('/part/a', "http://$host/public/b"), '/part/b', 'prefix');
is(location('/part/a', "http://$host/private/b"), undef, 'out of the prefix');
is(location('/slashless/a', "http://$host/public/b"), '/slashless/b',
	'prefix without a slash');
is(location('/user/a', "http://$host/u/b"), undef, 'key with variables');

is(location('/images/a', 'http://example.com/b'), 'http://example.com/b',
	'another host');
is(location('/images/a', "http://$host.example.com/b"),
	"http://$host.example.com/b", 'a longer host');
is(location('/images/a', '/b'), '/b', 'relative');

is(location('/images/a', "1; url=http://$host/b", 'Refresh'),
	'1; url=/images/b', 'refresh');

is(location('/cached/a', "http://$host/b"), '/cached/b', 'miss');
$t->journal_clear();
is(http_get('/cached/a')->header('Location'), '/cached/b', 'hit');
is(scalar(my @j = $t->journal), 0, 'hit sends nothing');

is(location('/own/a', "http://$host/b"), 'https://example.com/b',
	'proxy_redirect');

###############################################################################
