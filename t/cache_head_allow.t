#!/usr/bin/perl

# Tests for HEAD with proxy_cache: what it becomes must be allowed, too.

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

my $t = Test::COS->new()->needs(qw/ proxy cache /)->needs_cos()->plan(36);

$t->cos();
$t->store_put('images-1250000000', $_, 'hello') for qw/ a b /;

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache_valid any 1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /object/ {
            cos_pass  images-1250000000;
            cos_allow HeadObject;
            proxy_cache one;
        }

        location /object-off/ {
            cos_pass  images-1250000000;
            cos_allow HeadObject;
            proxy_cache one;
            proxy_cache_convert_head off;
            proxy_cache_key $request_method$uri;
        }

        location /object-none/ {
            cos_pass  images-1250000000;
            cos_allow HeadObject;
        }

        location /object-cache-off/ {
            cos_pass  images-1250000000;
            cos_allow HeadObject;
            proxy_cache off;
        }

        location /object-both/ {
            cos_pass  images-1250000000;
            cos_allow HeadObject GetObject;
            proxy_cache one;
        }

        location /object-variable/ {
            cos_pass  images-1250000000;
            cos_allow HeadObject;
            proxy_cache $http_x_zone;
        }

        location /get/ {
            cos_pass  images-1250000000;
            cos_allow GetObject;
            proxy_cache one;
        }

        location /bucket/ {
            cos_pass  images-1250000000;
            cos_allow HeadBucket;
            proxy_cache one;
        }

        location /bucket-off/ {
            cos_pass  images-1250000000;
            cos_allow HeadBucket;
            proxy_cache one;
            proxy_cache_convert_head off;
            proxy_cache_key $request_method$uri;
        }

        location /bucket-both/ {
            cos_pass  images-1250000000;
            cos_allow HeadBucket GetBucket;
            proxy_cache one;
        }

        location /bucket-objects/ {
            cos_pass  images-1250000000;
            cos_allow HeadBucket GetObject;
            proxy_cache one;
        }
    }
}
EOC

$t->run();

###############################################################################

# allowed is HEAD alone

refused('HEAD', '/object/a');
refused('GET', '/object/a');
refused('HEAD', '/bucket/');
refused('GET', '/bucket/');
refused('HEAD', '/bucket-objects/');
refused('HEAD', '/object/a', 'X-Zone' => 'one');

# it stays what it is

sent('HEAD', '/object-off/a', 'HEAD HeadObject');
refused('GET', '/object-off/a');
sent('HEAD', '/object-none/a', 'HEAD HeadObject');
sent('HEAD', '/object-cache-off/a', 'HEAD HeadObject');
sent('HEAD', '/bucket-off/', 'HEAD HeadBucket');
refused('GET', '/bucket-off/');

# both are allowed

sent('HEAD', '/object-both/a', 'GET GetObject');
sent('HEAD', '/bucket-both/', 'GET GetBucket');

# only GET is

refused('HEAD', '/get/a');
sent('GET', '/get/b', 'GET GetObject');

# a zone that the request names may be none

is(http_head('/object-variable/a', 'X-Zone' => 'one')->status, 403,
	'zone of a variable');
$t->journal_clear;
http_head('/object-variable/a');
is(scalar(grep { $_->{method} ne 'HEAD' } $t->journal), 0,
	'no zone of a variable');

# the answer in the cache is not for it, either

$t->journal_clear;
is(http_head('/object/a')->body, '', 'no body');
is(scalar(my @none = $t->journal), 0, 'none sent');

###############################################################################

sub refused {
	my ($method, $uri, %headers) = @_;
	$t->journal_clear;
	is(http_request(method => $method, uri => $uri, headers => \%headers)
		->status, 403, "$method $uri refused");
	is(scalar(my @sent = $t->journal), 0, "$method $uri, nothing sent");
}

sub sent {
	my ($method, $uri, $expect) = @_;
	$t->journal_clear;
	my $r = http_request(method => $method, uri => $uri);
	is($r->status, 200, "$method $uri") or diag "$r";
	is(join(', ', map { "$_->{method} $_->{operation}" . ($_->{verified} ? ''
		: ' unsigned') } $t->journal), $expect, "$method $uri, sent");
}

###############################################################################
