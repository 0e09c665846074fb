#!/usr/bin/perl

# Tests for how long addresses of COS are used that "resolver" gives.

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

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(9);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0),
	SHIM_MONOTONIC => 1);

my $dns = Test::COS::DNS->new($t);
$dns->set('cos.test', A => ['127.0.0.1'], ttl => 60);
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
               endpoint=cos.test:$port;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

###############################################################################

my $now = 0;

is(asked(), 1, 'asked at the first request');
is(asked(), 0, 'not at the second');
pass_time(55);
is(asked(), 0, 'nor before their time has passed');
pass_time(10);
is(asked(1), 1, 'then');
pass_time(55);
is(asked(), 0, 'not before it has passed again');

# no answer is used for longer than ten minutes

$dns->set('cos.test', A => ['127.0.0.1'], ttl => 86400);
pass_time(10);
is(asked(1), 1, 'for a day');
pass_time(590);
is(asked(), 0, 'not asked for almost ten minutes');
pass_time(15);
is(asked(1), 1, 'asked after ten minutes');

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

###############################################################################

sub pass_time {
	my ($seconds) = @_;
	$now += $seconds;
	$t->control({ clock_offset => $now });
	$t->shim_number('clock', $now);
}

# how many queries a request makes, for which it need not wait

sub asked {
	my ($n) = @_;
	$dns->clear;
	return 'not answered' if http_get('/a.txt')->body ne 'hello';
	$t->wait_until(sub { $dns->queries(undef, 'A') >= $n }, 3) if $n;
	return $dns->queries(undef, 'A');
}

###############################################################################
