#!/usr/bin/perl

# Tests for keys of clients where the cache is not that of the location above.

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

my $t = Test::COS->new()->needs(qw/ proxy cache rewrite /)->needs_cos()
	->plan(22);

$t->cos();
$t->store_put('images-1250000000', "$_/a", "content of $_")
	for qw/ none none-on on on-off on-if limit /;

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache_valid any 1m;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read sse;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;

            location /none-on/ {
                proxy_cache one;
                cos_pass images-1250000000/none-on/;
            }
        }

        location /on {
            proxy_cache one;
            cos_pass images-1250000000/on;

            location /on-off/ {
                proxy_cache off;
                cos_pass images-1250000000/on-off/;
            }
        }

        location /on-if/ {
            proxy_cache one;
            proxy_no_cache $http_x_no;

            if ($http_x_if) {
                cos_pass images-1250000000/on-if/;
            }

            cos_pass images-1250000000/on-if/;
        }

        location /limit/ {
            proxy_cache one;
            cos_pass images-1250000000/limit/;

            limit_except HEAD {
                cos_pass images-1250000000/limit/;
            }
        }
    }
}
EOC

$t->run();

###############################################################################

my %key = ('x-cos-server-side-encryption-customer-algorithm' => 'AES256',
	'x-cos-server-side-encryption-customer-key' =>
		'MDEyMzQ1Njc4OUFCQ0RFRjAxMjM0NTY3ODlBQkNERUY=',
	'x-cos-server-side-encryption-customer-key-MD5' =>
		'U5L61r7jcwdNvT7frmUG8g==');

for my $uri (qw{ /none-on/a /on/a /on-if/a /limit/a }) {
	is(state($uri, %key), 'BYPASS', "$uri, with a key");
	is(state($uri), 'MISS', "$uri, not that of the key");
	is(state($uri), 'HIT', "$uri, kept");
	is(state($uri, %key), 'BYPASS', "$uri, not the one without");
}

is(state('/on-if/a', %key, 'X-If' => 1), 'BYPASS', '/on-if/a, in "if"');
is(state('/on-if/a', 'X-If' => 1), 'HIT', '/on-if/a, in "if" without a key');

is(state($_, %key), '', "$_, no cache") for qw{ /none/a /on-off/a };
is(state($_), '', "$_, no cache without a key") for qw{ /none/a /on-off/a };

###############################################################################

sub state {
	my ($uri, %headers) = @_;
	my $r = http_request(uri => $uri, headers => \%headers);
	return $r->status eq 200 ? $r->header('X-Cache') // '' : $r->status;
}

###############################################################################
