#!/usr/bin/perl

# Tests for downloads of 1 GiB: whole, and in flat memory.

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

my $t = Test::COS->new(timeout => 600)->needs_cos()->plan(13);

$t->cos();

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
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /on/ {
            cos_pass images-1250000000;
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

# a sanitizer, known by its address space, keeps what is freed

my $limit = $t->read_file('/proc/' . $t->master_pid . '/status')
	=~ /^VmSize:\s+\d{10,} kB/m ? 'Inf' : 1024;

my $block = pack 'N*', map { $_ * 2654435761 % 4294967296 } 1 .. 65536;
my ($small, $large) = (67108864, 1073741824);

object('small', $small);
my $md5 = object('large', $large);

# what the worker takes for 64 MiB has to do for 1 GiB

for my $location (qw/ on off cache /) {
	my $r = get("/$location/small");
	is($r->length, $small, "64m $location");
	my $before = peak();

	$r = get("/$location/large");
	is($r->status . ' ' . $r->length . ' ' . $r->md5, "200 $large $md5",
		"1g $location whole");
	my $after = peak();
	cmp_ok($after - $before, '<', $limit, "1g $location memory flat")
		or diag("peak of $before kB grew to $after kB");

	is(join(' ', map { "$_->{target} $_->{verified}" } $t->journal),
		'/small 1 /large 1', "1g $location signed");
	$t->journal_clear;
}

is(scalar(() = $t->error_log =~ /worker process \d+ exited/g), 0,
	'same worker');

###############################################################################

sub get {
	my ($uri) = @_;
	return http_request(uri => $uri, hash => 1, timeout => 120);
}

# cheap, and no piece is like another

sub object {
	my ($key, $left) = @_;
	my $n = 0;
	my $writer = $t->store->writer('images-1250000000');
	while ($left) {
		$left -= length $block;
		$writer->write(pack('NN', $left, $n++) . substr $block, 8);
	}
	return $t->store->commit($writer, 'images-1250000000', $key, {})->{etag};
}

sub peak {
	my ($pid) = $t->worker_pids;
	return $t->read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m
		? $1 : die "no VmHWM\n";
}

###############################################################################
