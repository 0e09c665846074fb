#!/usr/bin/perl

# Tests for cos_sts behind the rules of nginx, which decide who may ask.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->needs('auth_request', 'ssi')->plan(23);

$t->issuer(life => 7200);

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    proxy_cache_path %%TESTDIR%%/cache keys_zone=cache:1m;
    limit_req_zone \$server_port zone=one:1m rate=1r/m;
    cos_credentials a { provider http $url/sts.php; vend on; }
    server {
        listen 127.0.0.1:8080;
        location = /auth { cos_sts a; auth_request /login; }
        location = /login {
            if (\$http_authorization != "Bearer user") { return 401; }
            return 204;
        }
        location = /limit { cos_sts a; limit_req zone=one; }
        location = /deny { cos_sts a; deny all; }
        location = /post { cos_sts a; limit_except POST { deny all; } }
        location = /both { cos_sts a; limit_except POST { allow all; } }
        location = /if {
            cos_sts a;
            if (\$arg_no) { return 403; }
            if (\$arg_yes) { set \$x 1; }
        }
        location = /internal { cos_sts a; internal; }
        location = /named { try_files /nothing \@sts; }
        location \@sts { cos_sts a; }
        location = /page { ssi on; ssi_types *; default_type text/html;
                           root %%TESTDIR%%; }
        location = /small { cos_sts a; client_max_body_size 10; }
        location = /cached {
            proxy_pass http://127.0.0.1:8080/auth;
            proxy_cache cache;
            proxy_cache_valid any 1h;
            add_header X-Cache \$upstream_cache_status always;
        }
    }
}
EOF
$t->write_file('page', 'page <!--#include virtual="/auth" -->');
$t->run();

my @user = (Authorization => 'Bearer user');
my $secret = qr/"tmpSecretKey":"[^"]/;

is(http_get('/auth')->status, 401, 'not logged in');
unlike(http_get('/auth'), $secret, 'nothing handed out');
like(http_get('/auth', @user), $secret, 'logged in');
like(http_get('/limit'), $secret, 'first in a minute');
my $r = http_get('/limit');
is($r->status, 503, 'second in a minute');
unlike($r, $secret, 'second, nothing handed out');
is(http_get('/deny')->status, 403, 'deny');
is(http_get('/post')->status, 403, 'limit_except, GET');
like(http_post('/post', 'x'), $secret, 'limit_except, POST');
like(http_get('/both'), $secret, 'limit_except, both');
is(http_get('/if?no=1')->status, 403, 'if, return');
like(http_get('/if?yes=1'), $secret, 'if');
like(http_get('/if'), $secret, 'if not');
is(http_get('/internal')->status, 404, 'internal');
like(http_get('/named'), $secret, 'named location');
is(http_post('/small', 'x' x 20)->status, 413, 'body too large');
like(http_post('/small', 'x'), $secret, 'body not too large');

# access rules do not apply to subrequests

$r = http_get('/page');
unlike($r, $secret, 'subrequest');
like($r, qr/^page <\?xml.*AccessDenied/ms, 'subrequest is refused');

for (1, 2) {
	$r = http_get('/cached', @user);
	like($r, $secret, "by proxy, $_");
	is($r->header('X-Cache'), 'MISS', "by proxy, not cached, $_");
}

###############################################################################
