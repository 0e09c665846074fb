#!/usr/bin/perl

# Tests for clients that go away in the middle of a download.

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

my $t = Test::COS->new()->needs_cos()->plan(23);

$t->cos();

# more than the buffers of sockets hold

my $body = join('', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 16384)
	x 256;

$t->store_put('images-1250000000', 'big', $body);
$t->store_put('images-1250000000', 'small', 'hello');

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=cache:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 keepalive=0;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /on/ {
            cos_pass images-1250000000;
        }

        location /disk/ {
            cos_pass images-1250000000;
            proxy_max_temp_file_size 4m;
        }

        location /off/ {
            cos_pass images-1250000000;
            proxy_buffering off;
        }

        location /cache/ {
            cos_pass images-1250000000;
            proxy_cache cache;
            proxy_cache_key $uri;
            proxy_cache_valid 200 1h;
        }
    }
}

EOC

$t->run();

http_get('/on/small');
my @old = $t->worker_pids;
my $sockets = sockets();

for my $location (qw/ on disk off cache /) {
	my $uri = "/$location/big";

	for my $how (qw/ close reset /) {
		$t->journal_clear if $how eq 'close' || $location ne 'cache';

		my $c = http_connect();
		$c->request(uri => $uri, headers => { Host => 'h' });
		my $r = $c->read_response(stop_after => 100000);
		$how eq 'close' ? $c->close : $c->reset;

		is($r->status . ' ' . ($r->body eq substr($body, 0, $r->length)),
			'200 1', "$uri $how");
		ok($t->wait_until(sub { sockets() == $sockets }),
			"$uri $how connections closed");
	}

	is(http_get("/$location/small")->body, 'hello', "$uri next");
}

# what is wanted for the cache is read to the end, and only once

ok(http_get('/cache/big')->body eq $body, 'cached whole');
is(join(' ', map { "$_->{target} $_->{verified}" } $t->journal),
	'/big 1 /small 1', 'cached once');

is(join(' ', $t->worker_pids), "@old", 'same worker');

###############################################################################

sub sockets {
	my ($pid) = $t->worker_pids;
	return scalar grep { /\Asocket:/ } map { readlink || '' }
		glob "/proc/$pid/fd/*";
}

###############################################################################
