#!/usr/bin/perl

# Tests for a worker that starts when the credential has expired: its requests
# wait for the first one that it gets, as after a start.

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

my $t = Test::COS->new()->needs_cos()->plan(6);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer();
$t->issuer_control({ rules => [{ times => 1, life => 3 },
	{ status => 500 }] });

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 1;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; cos_wait 15s; }
        location /impatient/ { cos_pass images-1250000000/; cos_wait 0; }
    }
}
EOF
$t->run();

is(http_get('/a.txt')->status, 200, 'first');
ok($t->wait_until(sub { http_get('/impatient/a.txt')->status == 503 }, 10),
	'expired');
is(http_get('/a.txt')->status, 503, 'nobody waits for a source that is down');

$t->issuer_control({ rules => [{ stall => 1, life => 600 }] });
$t->reload();

is(http_get('/a.txt')->status, 200, 'new worker');
is(http_get('/impatient/a.txt')->status, 200, 'new worker, later');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');

###############################################################################
