#!/usr/bin/perl

# Tests for workers that exit while threads of theirs may look up addresses.

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

$t->globals('worker_processes 4;');

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=localhost:8081;

    server {
        listen       127.0.0.1:8080 reuseport;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

###############################################################################

my ($good, $reloaded) = (0, 0);

for my $round (1 .. 12) {
	$good += grep { http_get('/a.txt')->body eq 'hello' } 1 .. 8;
	$reloaded++ if $t->reload;
}

is($good, 96, 'all are answered');
is($reloaded, 12, 'all reloads');
unlike($t->error_log, qr/exited on signal/, 'no worker crashed');

###############################################################################
