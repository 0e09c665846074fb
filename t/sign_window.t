#!/usr/bin/perl

# Tests for the validity window of a signature.

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

my $t = Test::COS->new()->plan(19);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->store_put('videos-1250000000', 'a.txt', 'hello');

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080 reuseport;
        server_name  localhost;

        location / {
            cos_pass path_style;
        }

        location /long/ {
            cos_pass path_style;
            proxy_next_upstream_timeout 3600s;
        }
    }
}

EOF

$t->run();

my $before = time();
my @w = windows('/images-1250000000/a.txt', '/images-1250000000/none',
	'/videos-1250000000/a.txt', ('/images-1250000000/a.txt') x 9);
my $after = time();

is(scalar @w, 12, 'signed');
is(scalar(grep { $_->{key_time} ne $_->{sign_time} } @w), 0,
	'q-key-time is q-sign-time');

for my $w (@w[0, -1]) {
	cmp_ok($w->{start}, '<=', $before - 60, 'starts in the past');
	cmp_ok($w->{start}, '>', $after - 900, 'but not long ago');
	cmp_ok($w->{end}, '>=', $before + 900, 'ends in a quarter of an hour');
	cmp_ok($w->{end}, '<=', $after + 3600, 'but not much later');
}

# a boundary of windows may lie between two requests, but not two of them

my %window = map { $_->{sign_time} => 1 } @w;
cmp_ok(scalar keys %window, '<=', 2, 'quantised');
my $same = (sort { $b <=> $a } map { my $k = $_;
	scalar grep { $_->{sign_time} eq $k } @w } keys %window)[0];
cmp_ok($same, '>=', 6, 'one window for many requests');

# it outlives the time in which the same bytes may be sent again

$before = time();
my @long = windows(('/long/images-1250000000/a.txt') x 2);

is(scalar(grep { $_->{status} != 200 } @long), 0, 'long ones are good');
is($long[0]{key_time}, $long[0]{sign_time}, 'long q-key-time');
cmp_ok($long[0]{start}, '<=', $before - 60, 'long one starts in the past');
cmp_ok($long[0]{end}, '>=', $before + 3600 + 900, 'long one ends later');

# each location has a window of its own, whatever came before

my ($short, $long, $again) = windows('/images-1250000000/a.txt',
	'/long/images-1250000000/a.txt', '/images-1250000000/a.txt');
cmp_ok($long->{end} - $long->{start} - ($short->{end} - $short->{start}),
	'==', 3600, 'longer by the timeout');
is($again->{end} - $again->{start}, $short->{end} - $short->{start},
	'short again');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');

###############################################################################

sub windows {
	$t->journal_clear;
	http_get($_) for @_;
	return map {
		my ($auth) = map { $_->[1] } grep { lc $_->[0] eq 'authorization' }
			@{$_->{headers}};
		my ($sign) = $auth =~ /q-sign-time=([^&]*)/;
		my ($key) = $auth =~ /q-key-time=([^&]*)/;
		my ($start, $end) = split /;/, $sign;
		{ sign_time => $sign, key_time => $key, start => $start, end => $end,
			status => $_->{status} };
	} $t->journal;
}

###############################################################################
