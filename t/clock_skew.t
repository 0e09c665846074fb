#!/usr/bin/perl

# Tests for a clock that differs from that of COS: the difference is learnt.

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

my $t = Test::COS->new()->plan(30);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');

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
        location /stream/ { cos_pass images-1250000000/;
                            proxy_request_buffering off; }
        location /cached/ { cos_pass images-1250000000/; proxy_cache one;
                            proxy_cache_valid any 1h; }
    }
}
EOT
$t->run();

# the clock of COS is ahead, then behind, then right again

for my $offset (7200, -28800, 0, 1200, 0) {
	set_clock($offset);
	is(http_get('/a.txt')->status, 200, "$offset s, first");
	is(sent(), '403 200', "$offset s, signed again");
	is(http_get('/a.txt')->status, 200, "$offset s, second");
	is(sent(), '403 200 200', "$offset s, learnt");
}

like($t->error_log, qr/\[warn\].*differs from that of COS by (?:7200|7199) s/,
	'logged');

# other methods

set_clock(3600);
is(http_head('/a.txt')->status, 200, 'HEAD');
is(sent(), '403 200', 'HEAD, told by its date');
set_clock(0);
is(http_put('/put.txt', 'body')->status, 200, 'PUT');
is($t->store_get('images-1250000000', 'put.txt'), 'body', 'PUT, body');
set_clock(3600);
is(http_get('/cached/a.txt')->body, 'hello', 'cached');

# what cannot be sent again makes the next one right

set_clock(0);
my $large = 'x' x 300000;
is(http_put('/stream/put.txt', $large)->status, 403, 'unbuffered PUT');
is(http_put('/stream/put.txt', $large)->status, 200, 'unbuffered PUT, next');

# a bound

set_clock(3 * 86400);
is(http_get('/a.txt')->status, 403, 'more than a day');
like($t->error_log, qr/by 259\d\d\d s, which is too much to be corrected/,
	'more than a day, logged');

###############################################################################

sub set_clock {
	my ($offset) = @_;
	$t->control({ clock_offset => $offset });
	$t->journal_clear;
}

sub sent { return join ' ', map { $_->{status} } $t->journal }

###############################################################################
