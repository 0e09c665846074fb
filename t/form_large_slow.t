#!/usr/bin/perl

# Tests for forms with 1 GiB: whole, and in flat memory.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;

use Digest::MD5;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new(timeout => 900)->needs_cos()->plan(17);

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
            cos_pass   images-1250000000;
            cos_allow  PostObject;
        }

        location /off/ {
            cos_pass   images-1250000000;
            cos_allow  PostObject;
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

for my $case (['/on/'], ['/on/', chunked => 1], ['/off/']) {
	my ($uri, @opt) = @$case;

	is(form($uri, $small, @opt)->status, 204, "64m @$case");
	my $before = peak();

	is(form($uri, $large, @opt)->status, 204, "1g @$case");
	my $after = peak();
	cmp_ok($after - $before, '<', $limit, "1g @$case memory flat")
		or diag("peak of $before kB grew to $after kB");

	my $object = $t->store->head('images-1250000000', 'k');
	is("$object->{size} $object->{etag}", "$large $md5", "1g @$case whole");
	is(join(' ', map { $_->{verified} } $t->journal), '1 1',
		"1g @$case signed");

	$t->store->delete('images-1250000000', 'k');
	$t->journal_clear;
}

# one that is bad at its very end

my $r = form('/off/', $large, last => '-');
is($r->status . ' ' . ($r->code || ''), '400 MalformedPOSTRequest',
	'1g without an end');
is($t->store->head('images-1250000000', 'k'), undef,
	'1g without an end, not stored');

###############################################################################

sub form {
	my ($uri, $size, %opt) = @_;

	# the file is put between the two halves of an empty form

	my $end = exists $opt{last} ? delete $opt{last} : "--\r\n";
	my ($head, $tail) = form_body([key => 'k'], '|', last => $end)
		=~ /\A(.*)\|(.*)\z/s;
	my $file = stream($size);

	return http_form($uri, [], '', body => sub {
		my $piece = '';
		($piece, $head) = ($head, undef) if defined $head;
		$piece = $file->() if $piece eq '' && $file;
		if ($piece eq '' && $file) {
			($piece, $file) = ($tail, undef);
		}
		return $piece;
	}, length => length($head) + $size + length $tail, timeout => 120, %opt);
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
