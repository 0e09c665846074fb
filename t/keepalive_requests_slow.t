#!/usr/bin/perl

# Tests for connections to COS that are used again: for 1000 requests at most.

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

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(3);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    keepalive_requests 10000;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

###############################################################################

my $c = http_connect();
my $bad = 0;

for (1 .. 1010) {
	$c->send("GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
	$bad++ if $c->read_response(method => 'GET')->status != 200;
}

is($bad, 0, 'many requests');

my %n;
$n{$_->{conn}}++ for $t->journal;

is(scalar(keys %n), 2, 'over two connections');
is(scalar(grep { $_ > 1000 } values %n), 0, 'none has more than 1000');

###############################################################################
