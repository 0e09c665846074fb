#!/usr/bin/perl

# Tests for a source that is away longer than a credential lives.

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

my $t = Test::COS->new()->plan(12);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->store_put('images-1250000000', 'b.txt', 'there');
$t->issuer(life => 3);

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    cos_credentials a { provider http $url/sts.php; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_wait 20s;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; }
        location /c/ { cos_pass images-1250000000/; proxy_cache one;
                       proxy_cache_valid 200 1m; }
    }
}
EOF
$t->run();

is(http_get('/a.txt')->body, 'hello', 'read');
is(http_get('/c/a.txt')->body, 'hello', 'into the cache');
$t->issuer_control({ refuse => 1 });

# as long as it lives it is used, and then no more

my ($ok, $r) = 0;
ok($t->wait_until(sub {
	$r = http_get('/a.txt');
	$ok++ if $r->status == 200;
	return $r->status != 200;
}, 6), 'it is over');
is($r->status, 503, 'status');
is($r->code, 'ServiceUnavailable', 'code');
cmp_ok($ok, '>', 10, 'used till then');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'never used too long');

$t->journal_clear;
is(http_get('/b.txt')->status, 503, 'at once, only the first is waited for');
is(scalar(() = $t->journal), 0, 'nothing sent');
is(http_get('/c/a.txt')->body, 'hello', 'cache serves on');

$t->issuer_control();
ok($t->wait_until(sub { http_get('/b.txt')->body eq 'there' }, 9),
	'works again');
is(($t->journal)[-1]{verified}, 1, 'verified');

###############################################################################
