#!/usr/bin/perl

# Tests for secrets when a worker exits: its own copies of them are wiped, and
# there are none of what the master has read, after a reload neither.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;
use Test::COS::Memory;
use Test::COS::Shim;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();

$t->skip_all('no memory of other processes')
	unless defined eval { Test::COS::Memory::find($$, 'x') };
$t->plan(16);

my @file = ('inisecretkey' x 3, 'jsonsecretkey' x 3);

$t->cos(credentials => [map { { secret_id => "AKID$_",
	secret_key => $file[$_] } } 0, 1]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 600);
$t->shim('exit', SHIM_EXIT => $t->path('exit'));
$t->write_file('ini', "[default]\nsecret_id=AKID0\nsecret_key=$file[0]\n");
$t->write_file('json', qq({"secretId":"AKID1","secretKey":"$file[1]"}));

my $url = $t->issuer_url;

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php; }
    cos_credentials b { provider file ini; }
    cos_credentials c { provider file json; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=a;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; }
        location /ini/ { cos_pass images-1250000000/ credentials=b; }
        location /json/ { cos_pass images-1250000000/ credentials=c; }
    }
}
EOF
$t->run();

# with a reload, by which another worker serves, and at the end

my @keys = @file;

for my $end (['reload', sub { $t->reload }],
	['QUIT', sub { kill 'QUIT', $t->master_pid }])
{
	my ($name, $stop) = @$end;

	is(http_get("/$_")->body, 'hello', "$name: $_")
		for qw! a.txt ini/a.txt json/a.txt !;
	@keys = (@file, map { $_->{secret_key} } $t->issued);

	my ($pid) = $t->worker_pids;
	is(own($pid), '1 1 1', "$name: copies of the worker");

	$t->write_file('exit', '');
	ok($stop->(), $name);
	ok($t->wait_until(sub { -e $t->path("exit.$pid") }), "$name: exits");

	is(own($pid), '0 0 0', "$name: nothing is left");
	my %found = Test::COS::Memory::find($pid, 'images-1250000000');
	ok($found{'images-1250000000'}, "$name: there would be others");

	unlink $t->path('exit');
	$t->wait_until(sub { !kill 0, $pid });
}

###############################################################################

# how often each key is in memory that others do not share

sub own {
	my ($pid) = @_;
	my %found = Test::COS::Memory::find($pid, @keys);
	return join ' ', map { scalar grep { $_->{mapping}{perms} =~ /p\z/ }
		@{$found{$_} || []} } @keys;
}

###############################################################################
