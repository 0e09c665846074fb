#!/usr/bin/perl

# Tests for a credential that COS refuses: it is renewed early, and the request
# is signed and sent again.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->needs('slice')->plan(53);

$t->cos();
$t->store_put('images-1250000000', $_, 'hello') for qw/ a.txt b.txt /;
$t->issuer(life => 3600);

my $url = $t->issuer_url;
$t->write_conf(<<"EOT");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials php { provider http $url/sts.php; }
    cos_credentials fixed { provider static; secret_id %%SECRET_ID%%;
                            secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=php;
    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    cos_allow read write;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; }
        location /stream/ { cos_pass images-1250000000/;
                            cos_allow read write PostObject;
                            proxy_request_buffering off; }
        location /cached/ { cos_pass images-1250000000/; proxy_cache one;
                            proxy_cache_valid any 1h; }
        location /slice/ { cos_pass images-1250000000/; slice 2;
                           proxy_cache one;
                           proxy_set_header Range \$slice_range;
                           proxy_cache_key \$uri\$slice_range; }
        location /dir/ { cos_pass images-1250000000/sub/dir/;
                         cos_allow read write delete list PostObject; }
        location /impatient/ { cos_pass images-1250000000/; cos_wait 0; }
        location /fixed/ { cos_pass images-1250000000/ credentials=fixed; }
    }
}
EOT
$t->run();

is(http_get('/a.txt')->body, 'hello', 'first');
is(fetched(), 1, 'first fetch');

# a key that was disabled

my $old = revoke();
my $r = http_get('/a.txt');
is($r->status, 200, 'revoked key');
is($r->body, 'hello', 'revoked key, body');
is(fetched(), 2, 'revoked key, fetched again');
is(sent(), '403 200', 'revoked key, sent twice');
ok($t->wait_until(sub { $t->access_log =~ qr!/a\.txt.*"403 : 200"! }, 3),
	'status of each in the log');
like($t->error_log, qr/COS refused cos_credentials "php" with InvalidAccessKeyId/,
	'logged');

# once more within seconds: the source is not asked so often

revoke();
$r = http_get('/a.txt');
is($r->status, 403, 'refused again');
is($r->code, 'InvalidAccessKeyId', 'refused again, error of COS');
http_get('/a.txt') for 1 .. 5;
is(fetched(), 2, 'refused again, no fetch');
is(sent(), '403 403 403 403 403 403', 'refused again, each sent once');
$t->control({ });

# what can be sent again

restart();
my $large = 'x' x 300000;
revoke();
$r = http_put('/put.txt', $large);
is($r->status, 200, 'PUT');
is($t->store_get('images-1250000000', 'put.txt'), $large, 'PUT, body');
is(fetched(), 2, 'PUT, fetched');

restart();
revoke();
$r = http_request(method => 'POST', uri => '/multi.txt?uploads', body => '');
is($r->status, 200, 'POST, which nothing has come of');
is(sent(), '403 200', 'POST, sent twice');

restart();
$t->store_put('images-1250000000', 'sub/dir/a.txt', 'hello');
revoke();
$r = http_post('/dir/?delete', '<Delete><Object><Key>a.txt</Key></Object>'
	. '</Delete>');
is($r->status, 200, 'deletion of several');
like($r->body, qr!<Key>a\.txt</Key>!, 'deletion of several, key');
is($t->store_get('images-1250000000', 'sub/dir/a.txt'), undef,
	'deletion of several, done');

restart();
revoke();
is(http_form('/dir/', [key => 'form.txt'], $large)->status, 204, 'form');
is(sent(), '403 204', 'form, sent twice');
ok($t->store_get('images-1250000000', 'sub/dir/form.txt') eq $large,
	'form, stored');

restart();
revoke();
is(http_form('/stream/', [key => 'form.txt'], $large)->status, 403,
	'form that is gone');
ok($t->wait_until(sub { fetched() == 2 }, 5), 'form that is gone, fetched');
ok($t->wait_until(sub { http_form('/stream/', [key => 'form.txt'], $large)
	->status == 204 }, 5), 'form, the next one');

restart();
revoke();
$r = http_put('/stream/put2.txt', $large);
is($r->status, 403, 'unbuffered PUT');
is($r->code, 'InvalidAccessKeyId', 'unbuffered PUT, error of COS');
ok($t->wait_until(sub { fetched() == 2 }, 5), 'unbuffered PUT, fetched');
ok($t->wait_until(sub { http_put('/stream/put2.txt', $large)->status == 200 },
	5), 'unbuffered PUT, the next one');

restart();
revoke();
is(http_get('/impatient/a.txt')->status, 403, 'cos_wait 0');
ok($t->wait_until(sub { fetched() == 2 }, 5), 'cos_wait 0, fetched');

# the source is down

restart();
revoke();
$t->issuer_control({ rules => [{ status => 500 }] });
$r = http_get('/a.txt');
is($r->status, 403, 'source is down');
is($r->code, 'InvalidAccessKeyId', 'source is down, error of COS');
is(sent(), '403 403', 'source is down, sent twice');
is(http_get('/a.txt')->status, 403, 'source is down, later');
is(sent(), '403 403 403', 'source is down, nobody waits any more');
$t->issuer_control();

# never cached

restart();
$t->control({ rules => [{ status => 403, code => 'InvalidAccessKeyId',
	times => 2 }] });
is(http_get('/cached/a.txt')->status, 403, 'cache, refused twice');
$t->control({ rules => [{ status => 400, code => 'ExpiredToken',
	times => 2 }] });
is(http_get('/cached/a.txt')->status, 400, 'cache, ExpiredToken');
$t->control({ });
is(http_get('/cached/a.txt')->status, 200, 'cache, the next one');
$t->control({ rules => [{ path_re => 'b.txt', status => 403,
	code => 'AccessDenied' }] });
is(http_get('/cached/b.txt')->status, 403, 'cache, AccessDenied');
is(scalar(grep { $_->{target} =~ /b.txt/ } $t->journal), 1,
	'AccessDenied is no reason to sign again');
ok($t->wait_until(sub { $t->journal_clear;
	http_get('/cached/b.txt')->status == 403 && !$t->journal }, 5),
	'AccessDenied, cached as configured');

# a large answer of this kind, and one that comes in pieces

restart();
$t->control({ rules => [{ status => 403, body => '<Error>'
	. '<Code>InvalidAccessKeyId</Code>' . 'x' x 100000 . '</Error>',
	times => 1 }] });
is(http_get('/a.txt')->status, 200, 'large error');
restart();
$t->control({ rules => [{ status => 400, code => 'ExpiredToken',
	stall_body_after => 10, stall => 1, times => 1 }] });
is(http_get('/a.txt')->status, 200, 'error in pieces');
is(fetched(), 2, 'error in pieces, fetched');

# an expired signature, of the second slice

restart();
$t->control({ rules => [{ skip => 1, times => 1, expire => 1 }] });
is(http_get('/slice/a.txt')->body, 'hello', 'slice');
is(sent(), '206 403 206 206', 'slice, sent again');
is(fetched(), 2, 'slice, fetched');

# nothing renews it

restart();
$t->control({ rules => [{ status => 403, code => 'InvalidAccessKeyId' }] });
is(http_get('/fixed/a.txt')->status, 403, 'static');
is(sent(), '403', 'static, sent once');
is(fetched(), 1, 'static, nothing fetched');
is(http_head('/a.txt')->status, 403, 'HEAD tells no code');

###############################################################################

sub revoke {
	my $id = ($t->issued)[-1]{secret_id};
	$t->journal_clear;
	$t->control({ revoked => [$id] });
	return $id;
}

sub restart {
	$t->stop();
	$t->control({ });
	$t->issuer_journal_clear;
	$t->run();
	http_get('/a.txt');
	$t->journal_clear;
}

sub fetched { return scalar $t->issuer_journal }

sub sent { return join ' ', map { $_->{status} } $t->journal }

###############################################################################
