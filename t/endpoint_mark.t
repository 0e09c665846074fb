#!/usr/bin/perl

# Tests for how long an address of COS that has failed is left alone.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;
use Test::COS::Shim;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(5);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0),
	SHIM_MONOTONIC => 1);

# nobody listens at the second one

my $dns = Test::COS::DNS->new($t);
$dns->set('two.test', A => ['127.0.0.1', '127.0.0.2']);
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
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=two.test:$port;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        add_header X-Tried \$upstream_status always;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

###############################################################################

my $now = 0;

is(dead(), 1, 'the dead one is tried once');
pass_time(8);
is(dead(), 0, 'then left alone');
pass_time(4);
is(dead(), 1, 'tried again after 10 seconds');
is(dead(), 0, 'and left alone again');

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

###############################################################################

sub pass_time {
	my ($seconds) = @_;
	$now += $seconds;
	$t->control({ clock_offset => $now });
	$t->shim_number('clock', $now);
}

# how often it was tried for some requests, all of which are answered

sub dead {
	my @r = map { http_get('/a.txt') } 1 .. 4;
	return 'not answered' if grep { $_->body ne 'hello' } @r;
	return scalar grep { $_->header('X-Tried') eq '502, 200' } @r;
}

###############################################################################
