#!/usr/bin/perl

# Tests for forms that are sent again, to another address of COS.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs_cos();

# a name with two addresses, as in next_upstream.t

$t->write_file('hosts', "127.0.0.1 localhost\n127.0.0.1 two.test\n"
	. "127.0.0.2 two.test\n");
my $enter = 'mount --bind ' . $t->path('hosts') . ' /etc/hosts && exec';
$t->skip_all('no mount namespace for a hosts file') if $> != 0
	|| system("unshare -m sh -c '$enter getent ahosts two.test' "
		. '2>/dev/null | grep -q 127.0.0.2') != 0;
$t->skip_all('no 127.0.0.2') unless IO::Socket::INET->new(Listen => 1,
	LocalAddr => '127.0.0.2', LocalPort => $t->port(8081), ReuseAddr => 1);

my $nginx = Test::COS::Nginx::binary();
$t->write_file('nginx', "#!/bin/sh\nexec unshare -m sh -c '$enter \"\$0\""
	. " \"\$@\"' $nginx \"\$@\"\n");
chmod 0755, $t->path('nginx');
$ENV{TEST_NGINX_BINARY} = $t->path('nginx');

$t->plan(21);

# an address that has failed is not used for a while

my @names = qw/ memory file never off /;
$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names]);
$t->run_daemon(\&busy);
$t->wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.2',
	PeerPort => $t->port(8081)) });

my $buckets = join '', map { "cos_bucket $_-1250000000 ap-guangzhou alias=$_"
	. ' protocol=http endpoint=two.test:' . $t->port(8081) . ";\n" } @names;

$t->write_conf(<<"EOC");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_body_buffer_size 16k;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $buckets

    cos_allow   PostObject;
    add_header  X-Tried \$upstream_status always;

    proxy_next_upstream  http_503 non_idempotent;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass  path_style;
        }

        location /never/ {
            cos_pass  never;
            proxy_next_upstream  http_503;
        }

        location /off/ {
            cos_pass  off;
            proxy_request_buffering  off;
        }
    }
}
EOC

$t->run();

my $large = join '', map { sprintf '%07d ', $_ } 1 .. 50000;

###############################################################################

# one of three, at least, goes to the other address first

for my $case (['memory', 'x' x 100], ['file', $large]) {
	my ($name, $content) = @$case;
	my $tried = 0;
	for my $n (1 .. 3) {
		my $r = http_form("/$name/", [key => $n, 'Content-Type' => 'a/b'],
			$content);
		is($r->status, 204, "$name, $n");
		$tried++ if $r->header('x-tried') eq '503, 204';
		ok($t->store_get("$name-1250000000", $n) eq $content,
			"$name, $n stored");
	}
	is($tried, 1, "$name, sent again");

	# the same bytes

	my ($first) = map { $_->{body_len} } $t->journal;
	is($t->read_file('busy.len'), $first, "$name, of the same length");
	$t->journal_clear;
}

# a form is not idempotent, and one that is not buffered is gone

for my $uri (qw! /never/ /off/ !) {
	my @tried = sort map { http_form($uri, [key => 'once'], $large)
		->header('x-tried') } 1 .. 3;
	is("@tried", '204 204 503', "$uri, not sent again");
}

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'signed');
like($t->error_log, qr/a client request body is buffered/, 'there was a file');
is(scalar(() = $t->error_log =~ /\[error\]/g), 0, 'no errors');

###############################################################################

sub busy {
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.2',
		LocalPort => $t->port(8081), Listen => 5, ReuseAddr => 1)
		or die "cannot listen: $!\n";

	while (my $c = $listen->accept) {
		my ($left, $length) = (0, 0);
		while (defined(my $line = readline $c)) {
			last if $line =~ /^\r?$/;
			$left = $1 if $line =~ /^Content-Length: (\d+)/i;
		}
		while ($left > 0) {
			my $n = read $c, my $buf, $left < 65536 ? $left : 65536;
			last unless $n;
			$left -= $n;
			$length += $n;
		}
		$t->write_file('busy.len', $length) if $length;
		print {$c} "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"
			. "Connection: close\r\n\r\n";
		close $c;
	}
}

###############################################################################
