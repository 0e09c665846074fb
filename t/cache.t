#!/usr/bin/perl

# Tests for proxy_cache: a hit signs nothing and sends nothing.

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

my $token = 'ExampleSecurityTokenOfTheCacheTests';

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos()->plan(31);

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY,
	token => $token }]);
$t->store_put('images-1250000000', 'a.txt', 'see this',
	'Content-Type' => 'text/plain');
$t->store_put('images-1250000000', 'b.txt', 'never asked');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials app { provider file cred.json; }
    cos_bucket images-1250000000 ap-guangzhou alias=images protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        proxy_cache one;
        proxy_cache_valid 200 1m;
        add_header X-Cache $upstream_cache_status always;

        location / {
            cos_pass path_style;
            cos_allow read write;
        }

        location /bypass/ {
            proxy_cache_bypass $http_x_fresh;
            cos_pass images-1250000000/;
        }
    }
}
EOC

credential(time() + 3600);
$t->run();

###############################################################################

my $r = http_get('/images-1250000000/a.txt');
is($r->status, 200, 'miss');
is($r->header('X-Cache'), 'MISS', 'miss status');
is($r->body, 'see this', 'miss body');

my @j = $t->journal;
is(scalar @j, 1, 'miss is one request');
is($j[0]{verified}, 1, 'miss is signed');
is($j[0]{method} . ' ' . $j[0]{target}, 'GET /a.txt', 'miss request');
like($j[0]{header_list}, qr/x-cos-security-token/, 'token is signed');

$r = http_get('/images-1250000000/a.txt');
is($r->header('X-Cache'), 'HIT', 'hit status');
is($r->body, 'see this', 'hit body');
is($r->header('Content-Type'), 'text/plain', 'hit type');
is(scalar(my @a = $t->journal), 1, 'hit sends nothing');

# the same object by another name is the same entry

$r = http_get('/images/a.txt');
is($r->header('X-Cache'), 'HIT', 'hit by alias');
$r = http_get('/images/%61.txt');
is($r->header('X-Cache'), 'HIT', 'hit by another spelling');
is(scalar(@a = $t->journal), 1, 'one entry sends nothing');

# what a client signs with is no part of the key

my $forged = 'q-sign-algorithm=sha1&q-ak=AKIDFORGED&q-sign-time=1;2'
	. '&q-key-time=1;2&q-header-list=&q-url-param-list=&q-signature='
	. '0' x 40;

$r = http_get("/images/a.txt?$forged&x-cos-security-token=forged",
	Authorization => $forged);
is($r->header('X-Cache'), 'HIT', 'hit with a signature of the client');
is(scalar(@a = $t->journal), 1, 'signature of the client sends nothing');

# bypass

$r = http_get('/bypass/a.txt', 'X-Fresh' => '1');
is($r->header('X-Cache'), 'BYPASS', 'bypass');
@j = $t->journal;
is(scalar @j, 2, 'bypass is sent');
is($j[1]{verified}, 1, 'bypass is signed');

# an upload is not taken from the cache nor put there

$r = http_put('/images/a.txt', 'new');
is($r->status, 200, 'put');
is(($t->journal)[-1]{verified}, 1, 'put is signed');
is($t->store_get('images-1250000000', 'a.txt'), 'new', 'put stored');

# nothing secret is kept on disk

my $disk = join '', map { $t->read_file($_) } cache_files();
like($disk, qr/^KEY: /m, 'cache is on disk');
unlike($disk, qr/q-signature|\Q${\SECRET_ID}\E|\Q$token\E/,
	'no signature on disk');

# without a valid credential the cache goes on, and nothing is sent

credential(time() + 3);
$t->waitforlog(qr/cos_credentials "app" updated/);
sleep 3;
$t->journal_clear();

$r = http_get('/images/b.txt');
is(int($r->status / 100), 5, 'miss without credential');
unlike($r, qr/never asked/, 'miss without credential has no body');

$r = http_get('/images/a.txt');
is($r->status, 200, 'hit without credential');
is($r->header('X-Cache'), 'HIT', 'hit without credential status');
is($r->body, 'see this', 'hit without credential body');
is(scalar(@a = $t->journal), 0, 'nothing sent without credential');

# the failure was not kept

credential(time() + 3600);
$t->wait_until(sub { http_get('/images/b.txt')->status == 200 });
is(http_get('/images/b.txt')->body, 'never asked', 'miss with credential');

###############################################################################

sub credential {
	my ($expired) = @_;
	my ($id, $key) = (SECRET_ID, SECRET_KEY);
	$t->write_file('cred.tmp', '{"credentials":{"tmpSecretId":"' . $id
		. '","tmpSecretKey":"' . $key . '","sessionToken":"' . $token
		. '"},"expiredTime":' . $expired . '}');
	rename $t->path('cred.tmp'), $t->path('cred.json') or die;
}

sub cache_files {
	return grep { -f } glob $t->path('cache') . '/*';
}

###############################################################################
