#!/usr/bin/perl

# Tests for a subrequest that waits once more when its request has come to its
# end: nginx before 1.25.4 lets it go on when a file of the cache has been read.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;
use Test::COS::Issuer;
use Test::COS::Shim;

use IO::Socket::INET;
use Socket qw/ SOL_SOCKET SO_LINGER /;
use Time::HiRes qw/ sleep time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy cache ssi threads /)->needs_cos()->plan(7);

$t->cos();
$t->store_put("$_-1250000000", 'x', "of $_") for qw/ images videos /;
$t->issuer(life => 600);
$t->issuer_control({ rules => [{ stall => 3 }] });

my $dns = Test::COS::DNS->new($t);
$dns->set('slow.test', A => ['127.0.0.1'], delay => 1.5);

my $silent = IO::Socket::INET->new(Listen => 5, ReuseAddr => 1,
	LocalAddr => '127.0.0.1', LocalPort => $t->port(8083))
	or die "no port: $!\n";

my $hang = $t->path('hang');
$t->shim('read', SHIM_HANG => $hang, SHIM_DIR => $t->path('cache'));

$t->write_file('page.shtml', '<!--#include virtual="/silent/" -->'
	. '<!--#include virtual="/late/x" -->');

my ($cos, $answers, $url) = ($t->port(8081), $t->port(8083), $t->issuer_url);

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache_key k;
    proxy_cache_valid 200 1s;

    resolver 127.0.0.1:8053 ipv6=off;
    cos_wait 20s;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials late { provider http $url/sts.php; timeout 1m; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:$cos credentials=app;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=slow.test:$cos credentials=late;

    server {
        listen 127.0.0.1:8080;

        location /early/ { cos_pass images-1250000000/; proxy_cache one; }
        location /late/ { cos_pass videos-1250000000/; proxy_cache one;
                          aio threads; }
        location /other/ { cos_pass videos-1250000000/; }
        location /silent/ { proxy_pass http://127.0.0.1:$answers; }
        location /page { ssi on; ssi_types *; }
    }
}

EOF

$t->run();

###############################################################################

# a file that is in the cache, but too old

is(http_get('/early/x')->body, 'of images', 'cached');
my $start = time();
$t->wait_until(sub { time() - $start > 2.1 });

# it waits for the credential, then reads the file again

my $c = http_connect();
$c->send("GET /page.shtml HTTP/1.1\r\nHost: localhost\r\n\r\n");
my $upstream = $silent->accept;
ok($upstream, 'the first subrequest');

# (not while it reads the file before)

sleep 0.2;
$t->write_file('hang', '');
ok($t->wait_until(sub { my @marks = glob "$hang.*"; @marks }, 10),
	'the second one reads');

# the first one sees that the client does not wait

shutdown $c->{socket}, 1;
sysread $upstream, my $request, 4096;
is(sysread($upstream, my $more, 1), 0, 'the first one has ended');

unlink $hang;
$t->wait_until(sub { $dns->queries('slow.test') }, 5);
setsockopt $c->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
$c->close;
ok($t->wait_until(sub { $t->access_log =~ m!/page\.shtml! }, 5), 'so the page');

# all that wait for the address go on

is(http_get('/other/x')->body, 'of videos', 'address');
unlike($t->error_log, qr/worker process \d+ exited/, 'worker lives');

###############################################################################
