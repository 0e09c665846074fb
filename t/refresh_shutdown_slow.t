#!/usr/bin/perl

# Tests for worker_shutdown_timeout, with credentials that are renewed: an old
# worker with a request signs with new ones, and goes when its time is over.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(13);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->control({ rules => [{ path_re => '/stuck', stall => 60 }] });
$t->issuer(life => 4);

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 1;
worker_shutdown_timeout 7s;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    client_body_buffer_size 1k;
    cos_credentials a { provider http $url/sts.php; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_allow read write;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->run();
is(http_get('/a.txt')->body, 'hello', 'read');

# one is stuck; another one is signed when its body is there

my ($old) = $t->worker_pids;
my $stuck = http_connect();
$stuck->send("GET /stuck HTTP/1.1\r\nHost: localhost\r\n\r\n");
my $put = http_connect();
$put->send("PUT /put HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n"
	. 'x' x 1000);
ok($t->wait_until(sub { grep { $_->{target} =~ /stuck/ } $t->journal
	or $t->read_file('access.log') =~ /a\.txt/ && threads($old) > 1 }),
	'requests');

my $n = () = $t->issuer_journal;
ok($t->reload, 'reload');
ok(kill(0, $old), 'the old worker is there');
ok($t->wait_until(sub { threads($old) == 1 }, 5), 'but does not ask any more');
ok($t->wait_until(sub { http_get('/a.txt'); $t->issuer_journal >= $n + 2 }, 9),
	'the new one does');
is(http_get('/a.txt')->body, 'hello', 'read');
my $id = last_used();

$put->send('x' x 1000);
is($put->read_response->status, 200, 'the old worker signs');
my ($e) = grep { $_->{method} eq 'PUT' } $t->journal;
is($e->{verified}, 1, 'with what is valid');
isnt($e->{secret_id}, ($t->issued)[0]{secret_id}, 'not with the first one');

ok($t->wait_until(sub { !kill 0, $old }, 10), 'the old worker has gone');
is($stuck->read_response->status, 0, 'with its request');
like($t->error_log, qr/worker process $old exited with code 0/, 'clean');

###############################################################################

sub threads {
	my @tasks = glob "/proc/$_[0]/task/*";
	return scalar @tasks;
}

sub last_used { return ($t->journal)[-1]{secret_id} }

###############################################################################
