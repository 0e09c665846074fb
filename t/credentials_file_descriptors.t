#!/usr/bin/perl

# Tests for a credential file that changes while there are no descriptors.

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

my $t = Test::COS->new();

my ($prlimit) = grep { -x } map { "$_/prlimit" } split /:/, $ENV{PATH};
$t->skip_all('no prlimit') unless defined $prlimit;
$t->plan(9);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_" } } 1 .. 2 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_file('cred', text(1));

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider file cred; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->secret(map { "secretkey$_" } 1 .. 2);
$t->run();

is(used(), 1, 'as started');

my ($pid) = $t->worker_pids;
my ($soft) = $t->read_file("/proc/$pid/limits")
	=~ /^Max open files\s+(\d+)/m;
ok($soft, 'limit');

# whatever the worker has open stays open

is(limit(3), 0, 'limited');
$t->write_file('new', text(2));
rename $t->path('new'), $t->path('cred');
ok($t->waitforlog(qr/open\(\) "\S+cred" failed \(24:/), 'no descriptor');

# two rounds later there is nothing more in the log

my $again = time + 2;
$t->wait_until(sub { time > $again });
is(scalar(() = $t->error_log =~ /cred" failed/g), 1, 'one message');

# nobody touches the file

is(limit($soft), 0, 'limit as before');
ok($t->waitforlog(qr/"app" updated/), 'read');
is(used(), 2, 'new one');
is(scalar(() = $t->error_log =~ /cred" failed/g), 1, 'nothing more to say');

###############################################################################

sub limit {
	return (Test::COS::Process::output(10, $prlimit, '--pid', $pid,
		"--nofile=$_[0]:"))[0];
}

sub text {
	return qq({"secretId":"AKID$_[0]","secretKey":"secretkey$_[0]"});
}

sub used {
	$t->journal_clear;
	http_get('/a.txt');
	return join ', ', map { $_->{verified} && $_->{secret_id} =~ /(\d+)$/
		? $1 : 'wrong' } $t->journal;
}

###############################################################################
