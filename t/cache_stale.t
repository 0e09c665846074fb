#!/usr/bin/perl

# Tests for what has become stale in proxy_cache: revalidation, background
# update, failures of COS and of our own credential.

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

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos()->plan(36);

$t->cos();
$t->store_put('images-1250000000', $_, 'old', 'Content-Type' => 'text/plain')
	for qw/ same changed update head fail gone none /;

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache one;
    proxy_cache_valid 200 1s;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials file { provider file cred.json; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;

    server {
        listen 127.0.0.1:8080;

        location /reval/ {
            proxy_cache_revalidate on;
            cos_pass images-1250000000/;
        }

        location /update/ {
            proxy_cache_background_update on;
            proxy_cache_use_stale updating;
            cos_pass images-1250000000/;
        }

        location /fail/ {
            proxy_cache_use_stale http_503;
            cos_pass images-1250000000/;
        }

        location /gone/ {
            proxy_cache_use_stale error;
            cos_pass images-1250000000/ credentials=file;
        }

        location /none/ {
            cos_pass images-1250000000/ credentials=file;
        }
    }
}
EOC

credential(time() + 3600);
$t->run();

###############################################################################

my @uri = qw!/reval/same /reval/changed /update/update /update/head
	/fail/fail /gone/gone /none/none!;

is(http_get($_)->header('X-Cache'), 'MISS', "$_ taken in") for @uri;
my $end = time() + 2;

credential(time() + 3);
$t->store_put('images-1250000000', $_, 'new', 'Content-Type' => 'text/plain')
	for qw/ changed update head /;
$t->waitforlog(qr/cos_credentials "file" updated/);
sleep 3;
$t->wait_until(sub { time() > $end });
$t->journal_clear();

# 1. revalidation: not modified

my $r = http_get('/reval/same');
is($r->header('X-Cache'), 'REVALIDATED', 'not modified');
is($r->status . $r->body, '200old', 'not modified, answer');

my ($e, @more) = $t->journal;
ok($e->{status} == 304 && $e->{verified} && !@more, 'not modified, sent');
is(scalar(grep { /^if-(?:none-match|modified-since)$/i }
	map { $_->[0] } @{$e->{headers}}), 2, 'not modified, asked for');
unlike($e->{header_list}, qr/if-/, 'conditions are not signed');

$r = http_get('/reval/same');
is($r->header('X-Cache'), 'HIT', 'not modified, fresh again');

# 2. revalidation: modified

$r = http_get('/reval/changed', 'If-None-Match' => '"other"');
is($r->status . $r->body, '200new', 'modified, answer');
is($r->header('X-Cache'), 'EXPIRED', 'modified');

($e, @more) = ($t->journal)[1 .. 2];
ok($e->{status} == 200 && $e->{verified} && !defined $more[0],
	'modified, sent');
unlike(join("\n", map { "$_->[0]: $_->[1]" } @{$e->{headers}}),
	qr/"other"/, 'condition of the client is not sent');

$t->journal_clear();

# 3. background update

$r = http_get('/update/update');
is($r->header('X-Cache') . $r->body, 'STALEold', 'background, stale');
ok($t->wait_until(sub { http_get('/update/update')->body eq 'new' }),
	'background, updated');
($e) = grep { $_->{key} eq 'update' } $t->journal;
ok($e->{method} eq 'GET' && $e->{verified} && $e->{status} == 200,
	'background, sent');

# 4. background update that a HEAD sets off

$r = http_head('/update/head');
is($r->header('X-Cache'), 'STALE', 'background by head, stale');
ok($t->wait_until(sub { http_get('/update/head')->body eq 'new' }),
	'background by head, updated');
($e) = grep { $_->{key} eq 'head' } $t->journal;
ok($e->{method} eq 'GET' && $e->{verified} && $e->{status} == 200,
	'background by head, sent');

$t->journal_clear();

# 5. COS fails

$t->control({ rules => [{ path_re => 'fail', status => 503 }] });
$r = http_get('/fail/fail');
is($r->status . $r->header('X-Cache') . $r->body, '200STALEold',
	'failure, stale');
($e) = $t->journal;
ok($e->{status} == 503 && $e->{verified}, 'failure, sent');

$t->control();
$r = http_get('/fail/fail');
is($r->header('X-Cache'), 'EXPIRED', 'failure is over');

$t->journal_clear();

# 6. nothing can be signed: what is stale is better than an error

$r = http_get('/gone/gone');
is($r->status, 200, 'no credential, stale');
is($r->header('X-Cache'), 'STALE', 'no credential, stale status');
is($r->body, 'old', 'no credential, stale body');

$r = http_get('/gone/nope');
is(int($r->status / 100), 5, 'no credential, miss');

$r = http_get('/none/none');
is(int($r->status / 100), 5, 'no credential, stale not wanted');

is(scalar(my @none = $t->journal), 0, 'no credential, nothing sent');

# 7. it comes back

credential(time() + 3600);
$t->wait_until(sub { http_get('/none/none')->status == 200 });
is(http_get('/none/none')->status, 200, 'credential again');
$r = http_get('/gone/gone');
is($r->status . $r->body, '200old', 'credential again, stale');
($e) = grep { $_->{key} eq 'gone' } $t->journal;
ok($e && $e->{verified}, 'credential again, sent');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

###############################################################################

sub credential {
	my ($expired) = @_;
	my ($id, $key) = (SECRET_ID, SECRET_KEY);
	$t->write_file('cred.tmp', qq({"credentials":{"tmpSecretId":"$id",)
		. qq("tmpSecretKey":"$key"},"expiredTime":$expired}));
	rename $t->path('cred.tmp'), $t->path('cred.json') or die;
}

###############################################################################
