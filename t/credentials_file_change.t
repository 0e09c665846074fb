#!/usr/bin/perl

# Tests for a credential file that changes: found without a reload.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Time::HiRes ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(9);

$t->cos(credentials => [ map { { secret_id => "AKIDfile$_",
	secret_key => "filekey0000$_", token => "session-token-$_" } } 0 .. 9 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_file('cred', text(0));
$t->write_file('witness', text(0));

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials witness { provider file witness; }
    cos_credentials app { provider file cred; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

my $cred = $t->path('cred');

is(used(), 0, 'as started');

# rename over it, as careful writers do

$t->write_file('new', text(1));
rename $t->path('new'), $cred;
changed(1, 'renamed over');

# in place: the same inode, size and second

is(length text(2), length text(1), 'same size');
Time::HiRes::utime(1700000000.1, 1700000000.1, $cred);
polled();
my $inode = (stat $cred)[1];
$t->write_file('cred', text(2));
Time::HiRes::utime(1700000000.9, 1700000000.9, $cred);
is((stat $cred)[1], $inode, 'same inode');
is((stat _)[9], 1700000000, 'same second');
changed(2, 'rewritten in place');

# another file with the same size and time

utime 1700000000, 1700000000, $cred;
polled();
$t->write_file('new', text(3));
utime 1700000000, 1700000000, $t->path('new');
rename $t->path('new'), $cred;
changed(3, 'other inode');

# an older one

$t->write_file('new', text(4));
utime 1600000000, 1600000000, $t->path('new');
rename $t->path('new'), $cred;
changed(4, 'older file');

unlike($t->error_log, qr/filekey|session-token/, 'no secret in log');

###############################################################################

sub text {
	my ($n) = @_;
	return qq({"expiredTime":4000000000,"credentials":{"tmpSecretId":)
		. qq("AKIDfile$n","tmpSecretKey":"filekey0000$n","sessionToken":)
		. qq("session-token-$n"}}\n);
}

# the number of the one credential that all requests were signed with

sub used {
	$t->journal_clear;
	http_get('/a.txt');
	return join ', ', map { $_->{verified} && $_->{secret_id} =~ /(\d+)$/
		? $1 : 'wrong' } $t->journal;
}

sub changed {
	my ($n, $name) = @_;
	polled();
	is(used(), $n, $name);
}

# files are looked at in the order of blocks, and the worker does nothing else
# in between

sub polled {
	my $n = () = $t->error_log =~ /"witness" updated/g;
	$t->write_file('witness.new', text(0));
	rename $t->path('witness.new'), $t->path('witness');
	return $t->wait_until(sub {
		$n < (() = $t->error_log =~ /"witness" updated/g) });
}

###############################################################################
