#!/usr/bin/perl

# Tests for multipart uploads of 1 GiB: whole, and in flat memory.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use Digest::MD5 qw/ md5_hex /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new(timeout => 600)->needs_cos()->plan(10);

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

        location / {
            cos_pass   images-1250000000;
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
my $part_size = 33554432;

# what the worker takes for 64 MiB has to do for 1 GiB

my $before = upload('/small', 2);
my $after = upload('/large', 32);
cmp_ok($after - $before, '<', $limit, 'memory flat')
	or diag("peak of $before kB grew to $after kB");

is(scalar(() = $t->error_log =~ /worker process \d+ exited/g), 0,
	'same worker');

###############################################################################

# returns the peak of the memory of the worker

sub upload {
	my ($uri, $parts) = @_;

	$t->journal_clear;
	my $c = http_connect();
	my ($id) = http_request(method => 'POST', uri => "$uri?uploads",
		body => '', conn => $c)->body =~ m!<UploadId>(.+?)</UploadId>!
		or die "no upload\n";

	my ($xml, $all, $wrong) = ('', '', 0);
	for my $n (1 .. $parts) {
		my $md5 = Digest::MD5->new;
		my $r = http_request(method => 'PUT', conn => $c, timeout => 120,
			uri => "$uri?partNumber=$n&uploadId=$id",
			body => part($n, $md5), length => $part_size);

		my $etag = $md5->hexdigest;
		$wrong++ unless $r->status == 200
			&& $r->header('etag') eq qq("$etag");
		$xml .= "<Part><PartNumber>$n</PartNumber><ETag>$etag</ETag></Part>";
		$all .= pack 'H*', $etag;
	}
	is($wrong, 0, "$uri parts");

	is(http_request(method => 'POST', uri => "$uri?uploadId=$id", conn => $c,
		timeout => 120, headers => { 'Content-Type' => 'application/xml' },
		body => "<CompleteMultipartUpload>$xml</CompleteMultipartUpload>")
		->status, 200, "$uri completed");

	my $object = $t->store->head('images-1250000000', substr $uri, 1);
	is("$object->{size} $object->{etag}", $part_size * $parts . ' '
		. md5_hex($all) . "-$parts", "$uri whole");
	is(scalar(grep { $_->{verified} } $t->journal), $parts + 2,
		"$uri signed");

	my ($pid) = $t->worker_pids;
	return $t->read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m
		? $1 : die "no VmHWM\n";
}

# cheap, and no piece is like another

sub part {
	my ($n, $md5) = @_;
	my $left = $part_size;
	return sub {
		return '' unless $left;
		$left -= length $block;
		my $piece = pack('NN', $left, $n) . substr $block, 8;
		$md5->add($piece);
		return $piece;
	};
}

###############################################################################
