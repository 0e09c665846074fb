#!/usr/bin/perl

# Tests for workers that shut down: they finish, with the secrets they had.

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

my $t = Test::COS->new()->plan(22);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_", token => "session-token-$_" } } 1 .. 3 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->secret(map { ("secretkey$_", "session-token-$_") } 1 .. 3);

# name of the block => its secret

sub conf {
	my (%block) = @_;
	my $blocks = join "\n", map { "cos_credentials $_ { provider static;"
		. " secret_id AKID$block{$_}; secret_key secretkey$block{$_};"
		. " token session-token-$block{$_}; }" } sort keys %block;
	my ($first) = grep { !/^c/ } sort keys %block;

	$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

worker_shutdown_timeout 8s;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $blocks

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=$first;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass images-1250000000;
            cos_allow read write;
        }
    }
}

EOF
}

conf(a => 1);
$t->run();

# the body is still on its way to the old worker while it shuts down:
# the signature is made after the reload

across('nothing changed', { a => 1 }, 1);
across('secret changed', { a => 2 }, '[12]');
across('block gone, its slot taken', { b => 3 }, 2);
across('larger zone', { b => 3, map { ("c$_" => 1) } 10 .. 50 }, 3);
across('smaller zone', { a => 1 }, 3);

is(http_get('/a.txt')->body, 'hello', 'new worker');
is(($t->journal)[-1]{secret_id}, 'AKID1', 'new secret');

###############################################################################

sub across {
	my ($name, $block, $expect) = @_;

	$t->journal_clear;
	$t->wait_until(sub { $t->worker_pids });
	my ($old) = $t->worker_pids;
	my $c = http_connect();
	$c->send("PUT /put HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		. "Content-Length: 8\r\n\r\n$$");
	# the request has got there before the reload does
	$t->wait_until(sub { http_head('/none')->status == 404 });
	$t->journal_clear;

	conf(%$block);
	ok($t->reload, "$name, reload");
	ok(kill(0, $old), "$name, old worker waits");
	$c->send(' ' x (8 - length $$));

	is($c->read_response(method => 'PUT')->status, 200, "$name, answered");
	my @e = $t->journal;
	like("$e[0]{verified} $e[0]{secret_id}", qr/^1 AKID$expect$/,
		"$name, secret");
}

###############################################################################
