#!/usr/bin/perl

# Tests for an endpoint of cos_bucket that is an address of IPv6.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use IO::Socket::INET ();
use IO::Socket::IP ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();

my $listen = eval { IO::Socket::IP->new(Listen => 5, LocalHost => '::1',
	LocalPort => $t->port(8083), ReuseAddr => 1) };
$t->skip_all('no IPv6') unless $listen;
$t->plan(2);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->run_daemon(sub { forward($listen, $t->port(8081)) });
close $listen;

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=[::1]:8083;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

is(http_get('/a.txt')->body, 'hello', 'address of IPv6');
my ($e) = $t->journal;
is($e->{host}, 'images-1250000000.cos.ap-guangzhou.myqcloud.com', 'host');

###############################################################################

# from there to the local COS

sub forward {
	my ($listen, $port) = @_;
	while (my $in = $listen->accept) {
		my $out = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
			PeerPort => $port) or next;
		my ($a, $b) = (fileno $in, fileno $out);
		my $open = 1;
		while ($open) {
			my $set = '';
			vec($set, $_, 1) = 1 for $a, $b;
			select $set, undef, undef, 10 or last;
			for my $pair ([$in, $out], [$out, $in]) {
				next unless vec $set, fileno $pair->[0], 1;
				sysread($pair->[0], my $data, 65536) or $open = 0;
				syswrite $pair->[1], $data if $open;
			}
		}
	}
}

###############################################################################
