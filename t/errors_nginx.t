#!/usr/bin/perl

# Tests for errors that nginx itself makes where there is cos_pass: they have a
# request id, or SDKs would take them for trouble of the network.

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

my $t = Test::COS->new()->needs_cos()->plan(13);

$t->cos();
$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    log_format id '$uri $request_id';
    access_log %%TESTDIR%%/id.log id;
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8099;
    cos_allow read write;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; client_max_body_size 10; }
        location /down/ { cos_pass videos-1250000000/; }
        location /slow/ { cos_pass images-1250000000/;
                          proxy_read_timeout 200ms; }
        location /denied/ { cos_pass images-1250000000/; deny all; }
        location /other/ { deny all; }
    }
}
EOC
$t->run();

my $r = http_get('/down/a');
is($r->status, 502, 'no connection');
like($r->header('x-cos-request-id'), qr/^[0-9a-f]{32}$/, 'its id');
ok($t->wait_until(sub { $t->read_file('id.log')
	=~ m!^/down/a \Q@{[$r->header('x-cos-request-id')]}!m }, 3), 'logged');
ok($r->header('Date'), 'its date');

$t->control({ rules => [{ path_re => "slow", stall => 2 }] });
$r = http_get('/slow/slow');
is($r->status, 504, 'timeout');
ok($r->header('x-cos-request-id'), 'its id');

$r = http_put('/a', 'x' x 11);
is($r->status, 413, 'too large');
ok($r->header('x-cos-request-id'), 'its id');

$r = http_get('/denied/a');
is($r->status, 403, 'denied');
ok($r->header('x-cos-request-id'), 'its id');

# that of COS stays the only one

$r = http_get('/no-such-key');
is(scalar(() = $r->header_all('x-cos-request-id')), 1, 'of COS');
is($r->header('x-cos-request-id'), ($t->journal)[-1]{request_id}, 'its own');

is(http_get('/other/a')->header('x-cos-request-id'), undef, 'elsewhere');

###############################################################################
