#!/usr/bin/perl

# Tests for 100,000 requests in flat memory.

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

my $t = Test::COS->new(timeout => 300)->needs_cos()->plan(7);

# COS is played by nginx itself here: it is the number that matters

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    keepalive_requests 1000000;
    access_log off;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8082;
    cos_bucket videos-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8083;

    map $http_authorization $signed {
        ~^q-sign-algorithm=sha1&q-ak=%%SECRET_ID%%&  200;
        default                                      401;
    }

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass   path_style;
            cos_allow  read write list;
        }
    }

    server {
        listen       127.0.0.1:8082;
        server_name  localhost;

        location / {
            if ($signed = 401) {
                return 401;
            }
            return 200 "$request_method $request_uri";
        }
    }
}

EOC

$t->run();

# a sanitizer, known by its address space, keeps what is freed

my $limit = $t->read_file('/proc/' . $t->master_pid . '/status')
	=~ /^VmSize:\s+\d{10,} kB/m ? 'Inf' : 512;

# whatever ends a request in another way: an answer, a refusal, an error

my @kinds = (
	['GET', '/images-1250000000/a%20b/%d.jpg', 200],
	['GET', '/images-1250000000/?prefix=%d&max-keys=100', 200],
	['HEAD', '/images-1250000000/%d', 200],
	['PUT', '/images-1250000000/%d', 200],
	['GET', '/images-1250000000/%d?acl', 403],
	['GET', '/nowhere-1250000000/%d', 404],
	['GET', '/images-1250000000/%d/../a', 400],
	['GET', '/videos-1250000000/%d', 502],
);

$t->wait_until(sub { $t->worker_pids });
my @old = $t->worker_pids;

my %wrong;
requests(10000);
my ($peak, $zone) = memory();
requests(90000);
my ($peak_after, $zone_after) = memory();

is(join(', ', %wrong), '', 'answers');
cmp_ok($peak_after - $peak, '<', $limit, 'memory flat')
	or diag("peak of $peak kB grew to $peak_after kB");
cmp_ok($zone, '>', 0, 'shared zone');
is($zone_after, $zone, 'shared zone flat');
is(join(' ', $t->worker_pids), "@old", 'same worker');

# what was answered

is(http_get('/images-1250000000/a%2Bb?versionId=1')->body,
	'GET /a%2Bb?versionId=1', 'signed');
is(http_get('/videos-1250000000/a')->status, 502, 'nobody listens');

###############################################################################

# pipelined; half of them on one connection, the others on many

sub requests {
	my ($n) = @_;
	my $long = http_connect(timeout => 120);

	for my $batch (1 .. $n / 80) {
		my $c = $batch % 2 ? $long : http_connect();
		my @batch = map { [@{$kinds[$_ % @kinds]}, $_] } 1 .. 80;

		$c->send(join '', map {
			my ($method, $uri, undef, $i) = @$_;
			$uri =~ s/%d/$batch-$i/;
			"$method $uri HTTP/1.1\r\nHost: h\r\nx-cos-meta-a: $i\r\n"
				. "Content-Length: "
				. ($method eq 'PUT' ? "10\r\n\r\n0123456789"
				: "0\r\n\r\n")
		} @batch);

		for my $kind (@batch) {
			my $r = $c->read_response(method => $kind->[0]);
			$wrong{"$kind->[1]: " . $r->status}++
				if $r->status != $kind->[2];
		}
		$c->close if $c != $long;
	}
	$long->close;
}

# kB of the worker, and of the memory that it shares

sub memory {
	my ($pid) = $t->worker_pids;
	my ($peak) = $t->read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m
		or die "no VmHWM\n";
	my ($zone, $shared) = (0, 0);
	for my $line (split /\n/, $t->read_file("/proc/$pid/smaps")) {
		$shared = $line =~ m! rw-s .* /dev/zero ! if $line =~ /\A[0-9a-f]+-/;
		$zone += $1 if $shared && $line =~ /\ARss:\s+(\d+) kB/;
	}
	return ($peak, $zone);
}

###############################################################################
