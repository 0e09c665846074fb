#!/usr/bin/perl

# Tests for requests that are signed again after COS has refused the time:
# slices, subrequests, background updates, HTTP/2.

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

my $t = Test::COS->new();
$t->needs(qw/ slice ssi auth_request mirror /)->plan(14);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', '0123456789');
$t->store_put('images-1250000000', 'b.txt', 'second');
$t->store_put('images-1250000000', 'c.txt', 'third');
$t->write_file('page.shtml', '<!--#include virtual="/a.txt" -->-'
	. '<!--#include virtual="/b.txt" -->');

# a new worker has learnt nothing

$t->write_conf(<<'EOT');
%%TEST_GLOBALS%%
worker_processes 1;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    cos_allow read write;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; }
        location /page { ssi on; ssi_types *; }
        location /slice/ { cos_pass images-1250000000/; slice 4;
                           proxy_cache one;
                           proxy_cache_valid any 1h;
                           proxy_set_header Range $slice_range;
                           proxy_cache_key $uri$slice_range; }
        location /update/ { cos_pass images-1250000000/; proxy_cache one;
                            proxy_cache_valid any 1s;
                            proxy_cache_use_stale updating;
                            proxy_cache_background_update on;
                            add_header X-Status $upstream_cache_status; }
        location /auth/ { cos_pass images-1250000000/;
                          auth_request /b.txt; }
        location /mirror/ { cos_pass images-1250000000/;
                            mirror /copy; }
        location = /copy { cos_pass images-1250000000/b.txt; }
    }
}
EOT
$t->run();

is(http_get('/update/a.txt')->body, '0123456789', 'filled');

is(after_restart('/slice/a.txt')->body, '0123456789', 'first slice refused');
is(sent(), '403 206 206 206', 'first slice sent again');

is(after_restart('/page.shtml')->body, '0123456789-second', 'subrequests');
like(join(' ', sort split ' ', sent()), qr/^200 200 403/,
	'subrequests sent again');

is(after_restart('/auth/a.txt')->body, '0123456789', 'auth_request');
is(sent(), '403 200 200', 'auth_request sent again');

is(after_restart('/mirror/a.txt')->body, '0123456789', 'mirror');
ok($t->wait_until(sub { sent() =~ /200.*200/ }, 5), 'mirror sent again');

sleep 2;
is(after_restart('/update/a.txt')->header('X-Status'), 'STALE', 'stale');
ok($t->wait_until(sub { sent() eq '403 200' }, 5), 'update sent again');
is(http_get('/update/a.txt')->body, '0123456789', 'updated');
is(sent(), '403 200', 'updated, a hit');

is(scalar(grep { $_->{status} < 300 && !$_->{verified} } $t->journal), 0,
	'all verified');

###############################################################################

sub after_restart {
	my ($uri) = @_;
	$t->stop;
	$t->run;
	$t->control({ clock_offset => 7200 });
	$t->journal_clear;
	return http_get($uri);
}

sub sent { return join ' ', map { $_->{status} } $t->journal }

###############################################################################
