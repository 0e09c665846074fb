#!/usr/bin/perl

# Tests for an old worker that signs after a reload: with what it was given.

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

my $t = Test::COS->new()->plan(27);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_" } } 1 .. 6 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->secret(map { "secretkey$_" } 1 .. 6);
$t->write_file('cred', '{"secretId":"AKID5","secretKey":"secretkey5"}');
$t->write_file('same', '{"secretId":"AKID6","secretKey":"secretkey6"}');

$t->env(TENCENTCLOUD_SECRET_ID => 'AKID4',
	TENCENTCLOUD_SECRET_KEY => 'secretkey4');

sub conf {
	my (%block) = @_;
	my @names = sort keys %block;
	my $blocks = join "\n", map { "cos_credentials $_ { provider "
		. ($block{$_} =~ /^\d+$/ ? "static; secret_id AKID$block{$_};"
			. " secret_key secretkey$block{$_};" : "$block{$_};") . ' }' }
		@names;
	my $locations = join "\n", map { "location /$_/ { cos_pass"
		. " images-1250000000 credentials=$_; }" } @names;

	$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

worker_shutdown_timeout 10s;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $blocks

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=$names[0];

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location = /none { return 204; }

        $locations
    }
}

EOF
}

conf(a => 1, b => 2);
$t->run();

# its head comes to the old worker while that shuts down, so the secret is
# asked for after the reload, for the first time

across('nothing changed', 'a', 1, a => 1, b => 2);
across('block gone, another came', 'a', 1, b => 2, c => 3);
across('both changed', 'b', 2, d => 4, e => 5);

# the same name, but another source

across('secret changed', 'd', 4, d => 1, e => 5);
across('static to file', 'd', 1, d => 'file cred');
across('file to env', 'd', 5, d => 'env');
across('env to a file that is not there', 'd', 4, d => 'file nothing',
	e => 1);
across('back to static', 'e', 1, e => 'file cred');
across('one file to another', 'e', 5, e => 'file same');

###############################################################################

sub across {
	my ($name, $location, $expect, %block) = @_;

	$t->wait_until(sub { $t->worker_pids == 1 });
	my $c = http_connect();
	$c->send("GET /$location/a.txt HTTP/1.1\r\nHost: localhost\r\n");
	# it has got there before the reload does
	http_get('/none') for 1 .. 3;
	$t->journal_clear;

	conf(%block);
	ok($t->reload, "$name, reload");
	$c->send("Connection: close\r\n\r\n");

	is($c->read_response(method => 'GET')->status, 200, "$name, answered");
	$c->close;
	is(join(', ', map { ($_->{verified} ? '' : 'wrong ')
		. $_->{secret_id} } $t->journal), "AKID$expect", "$name, secret");
}

###############################################################################
