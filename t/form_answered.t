#!/usr/bin/perl

# Tests for a form that turns out to be bad while its answer is passed on.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;

use IO::Socket::INET;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs_cos()->plan(4);

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

worker_processes 1;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;
    proxy_request_buffering off;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass   images-1250000000;
            cos_allow  PostObject;

            proxy_intercept_errors on;
            error_page  404 = @other;
        }

        location @other {
            proxy_pass  http://127.0.0.1:8082;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
    }
}

EOC

my ($cos, $other) = map {
	IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $t->port($_),
		Listen => 5, ReuseAddr => 1) or die "listen: $!";
} 8081, 8082;

$t->run();

###############################################################################

my $body = form_body([key => 'a'], 'x' x 100);
my $length = length $body;
my $tail = substr $body, -10, 10, '';

my $c = http_connect();
$c->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: " . form_type()
	. "\r\nContent-Length: $length\r\n\r\n$body");

my $upstream = $cos->accept();
like(get($upstream), qr!\APOST / HTTP/1\.1\r\n!, 'begun');

# both are there when the worker looks for events, the client's first

$t->wait_until(sub { $t->worker_pids });
my ($pid) = $t->worker_pids;
kill 'STOP', $pid;
$t->wait_until(sub { $t->read_file("/proc/$pid/stat") =~ /\) T / })
	or die "worker was not stopped";

$c->send('y' x length $tail);
print $upstream "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
$upstream->flush();

kill 'CONT', $pid;

my $page = $other->accept();
like(get($page), qr!\APOST / HTTP/1\.[01]\r\n!, 'redirected');

print $page "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\npage";
close $page;

is($c->read_response()->body, 'page', 'answer');
is(join(' ', $t->worker_pids), $pid, 'same worker');

###############################################################################

sub get {
	my ($s) = @_;
	my $text = '';
	while ($text !~ /\r\n\r\n/) {
		sysread $s, $text, 65536, length $text or last;
	}
	return $text;
}

###############################################################################
