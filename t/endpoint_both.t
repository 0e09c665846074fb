#!/usr/bin/perl

# Tests for a name of COS that has addresses of IPv4 and of IPv6.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;

use IO::Socket::IP ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos();
my $port = $t->port(8081);

my $six = eval { IO::Socket::IP->new(Listen => 5, LocalHost => '::1',
	LocalPort => $port, ReuseAddr => 1) };
$t->skip_all('no IPv6') unless $six;
$t->plan(5);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->run_daemon(sub { refuse($six) });

my $dns = Test::COS::DNS->new($t);
$dns->set('both.test', A => ['127.0.0.1'], AAAA => ['::1']);

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    resolver 127.0.0.1:8053;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=both.test:$port;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        add_header X-At \$upstream_addr always;
        add_header X-Tried \$upstream_status always;

        location / { cos_pass images-1250000000; }

        location /503/ {
            cos_pass images-1250000000;
            proxy_next_upstream error http_503;
        }
    }
}

EOF

$t->run();

###############################################################################

my @r = map { http_get('/a.txt') } 1 .. 4;

is(join(' ', sort map { $_->status } @r), '200 200 503 503', 'take turns');
is(join(', ', sort map { $_->header('X-At') } @r),
	"127.0.0.1:$port, 127.0.0.1:$port, [::1]:$port, [::1]:$port", 'both');

# from one to the other

@r = map { http_get('/503/a.txt') } 1 .. 2;
is(scalar(grep { $_->body eq 'hello' } @r), 2, 'both are tried');
is(scalar(grep { $_->header('X-At') eq "[::1]:$port, 127.0.0.1:$port"
	&& $_->header('X-Tried') eq '503, 200' } @r), 1, 'one after the other');

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

###############################################################################

sub refuse {
	my ($listen) = @_;
	while (my $c = $listen->accept) {
		while (defined(my $line = readline $c)) {
			last if $line =~ /^\r?$/;
		}
		print {$c} "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"
			. "Connection: close\r\n\r\n";
		close $c;
	}
}

###############################################################################
