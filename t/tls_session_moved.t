#!/usr/bin/perl

# Tests for TLS sessions of addresses that stay when others come and go.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ debug ssl /)->needs_cos();

$t->debug()->allow_tokens_in_log()->plan(7);

$t->cos(tls => 1);
$t->store_put('images-1250000000', 'a.txt', 'hello');

my $dns = Test::COS::DNS->new($t);
$dns->set('cos.test', A => ['127.0.0.1'], ttl => 1);
my $port = $t->port(8081);

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    resolver 127.0.0.1:8053;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou endpoint=cos.test:$port
               keepalive=0;

    proxy_ssl_trusted_certificate %%TESTDIR%%/ca.crt;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

###############################################################################

is(handshakes(), '1 of 1 is new', 'first');
is(handshakes(), '0 of 1 are new', 'second');

# nobody listens at the other one

$dns->set('cos.test', A => ['127.0.0.1', '127.0.0.2'], ttl => 1);
my $moved = qr/"cos.test" has other addresses now/;
ok($t->wait_until(sub { http_get('/a.txt'); $t->error_log =~ $moved }),
	'another address has come');
http_get('/a.txt') for 1, 2;
is(handshakes(), '0 of 1 are new', 'with another address');

$dns->set('cos.test', A => ['127.0.0.1'], ttl => 1);
ok($t->wait_until(sub { http_get('/a.txt');
	2 == (() = $t->error_log =~ /$moved/g) }), 'it has gone');
is(handshakes(), '0 of 1 are new', 'without it');

my %conn = map { $_->{conn} => 1 } $t->journal;
is(scalar(() = $t->error_log =~ /SSL reused session/g), keys(%conn) - 1,
	'but for the first, all are reused');

###############################################################################

# of the connections that a request needs

sub handshakes {
	my @old = counts();
	return 'not answered' if http_get('/a.txt')->body ne 'hello';
	my @new = counts();
	my $all = $new[0] - $old[0];
	my $n = $all - $new[1] + $old[1];
	return "$n of $all " . ($n == 1 ? 'is' : 'are') . ' new';
}

sub counts {
	my $log = $t->error_log;
	return (scalar(my @all = $log =~ /SSL: TLSv1/g),
		scalar(my @reused = $log =~ /SSL reused session/g));
}

###############################################################################
