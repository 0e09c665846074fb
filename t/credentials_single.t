#!/usr/bin/perl

# Tests for credentials with one process, master_process off.

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

my $t = Test::COS->new()->plan(7);

$t->cos(credentials => [
	{ secret_id => 'AKIDenv', secret_key => 'environmentkey2',
		token => 'environment-token' },
	map { { secret_id => "AKIDfile$_", secret_key => "filekey0000$_" } } 1 .. 3
]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->env(TENCENTCLOUD_SECRET_ID => 'AKIDenv',
	TENCENTCLOUD_SECRET_KEY => 'environmentkey2',
	TENCENTCLOUD_TOKEN => 'environment-token');
file(1);

my $conf = <<'EOC';

%%TEST_GLOBALS%%

master_process off;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials env { provider env; }
    cos_credentials file { provider file cred; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=env;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
        location /file/ { cos_pass images-1250000000 credentials=file; }
    }
}

EOC

$t->write_conf($conf);
$t->run();

is(used('/a.txt'), '1 AKIDenv', 'env');
is(used('/file/a.txt'), '1 AKIDfile1', 'file');

file(2);
ok($t->wait_until(sub { used('/file/a.txt') eq '1 AKIDfile2' }),
	'file that changed');

# broken while it is in use

$t->write_file('cred', 'nothing');
ok($t->waitforlog(qr/no section of the profile in/), 'broken file');
is(used('/file/a.txt'), '1 AKIDfile2', 'old secret serves on');

file(3);
ok($t->wait_until(sub { used('/file/a.txt') eq '1 AKIDfile3' }),
	'good again');

ok($t->stop, 'stopped');

###############################################################################

sub file {
	my ($n) = @_;
	$t->write_file('cred.new', "[default]\nsecret_id = AKIDfile$n\n"
		. "secret_key = filekey0000$n\n");
	rename $t->path('cred.new'), $t->path('cred');
}

sub used {
	my ($uri) = @_;
	$t->journal_clear;
	http_get($uri);
	return join ', ', map { "$_->{verified} $_->{secret_id}" } $t->journal;
}

###############################################################################
