#!/usr/bin/perl

# Tests for uploads of 1 GiB: whole, and in flat memory.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use Digest::MD5;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new(timeout => 600)->needs_cos()->plan(21);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /on/ {
            cos_pass   images-1250000000/on/;
            cos_allow  read write;
        }

        location /off/ {
            cos_pass   images-1250000000/off/;
            cos_allow  read write;
            proxy_request_buffering off;
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

my $md5 = Digest::MD5->new;
my $next = stream($large);
while ((my $piece = $next->()) ne '') {
	$md5->add($piece);
}
$md5 = $md5->hexdigest;

# what the worker takes for 64 MiB has to do for 1 GiB

for my $uri (qw! /on/length /on/chunked /off/length /off/chunked !) {
	is(put($uri, $small)->status, 200, "64m $uri");
	my $before = peak();

	is(put($uri, $large)->status, 200, "1g $uri");
	my $after = peak();
	cmp_ok($after - $before, '<', $limit, "1g $uri memory flat")
		or diag("peak of $before kB grew to $after kB");

	my $object = $t->store->head('images-1250000000', substr $uri, 1);
	is("$object->{size} $object->{etag}", "$large $md5", "1g $uri whole");
	is(join(' ', map { "$_->{verified} $_->{body_len}" } $t->journal),
		"1 $small 1 $large", "1g $uri signed");

	$t->store->delete('images-1250000000', substr $uri, 1);
	$t->journal_clear;
}

is(scalar(() = $t->error_log =~ /worker process \d+ exited/g), 0,
	'same worker');

###############################################################################

sub put {
	my ($uri, $size) = @_;
	return http_request(method => 'PUT', uri => $uri, body => stream($size),
		length => $size, chunked => $uri =~ /chunked/ ? 1 : 0,
		timeout => 120);
}

# cheap, and no piece is like another

sub stream {
	my ($left) = @_;
	my $n = 0;
	return sub {
		return '' unless $left;
		$left -= length $block;
		return pack('NN', $left, $n++) . substr $block, 8;
	};
}

sub peak {
	my ($pid) = $t->worker_pids;
	return $t->read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m
		? $1 : die "no VmHWM\n";
}

###############################################################################
