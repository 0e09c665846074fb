#!/usr/bin/perl

# Tests for core dumps and what the master has read from files: in all processes
# it is in memory that the kernel leaves out.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Memory;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();

$t->skip_all('no memory of other processes')
	unless defined eval { Test::COS::Memory::mappings($$); 1 };
$t->plan(10);

my @keys = ('inisecretkey' x 3, 'jsonsecretkey' x 3);

$t->cos(credentials => [map { { secret_id => "AKID$_",
	secret_key => $keys[$_] } } 0, 1]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->write_file('ini', "[default]\nsecret_id=AKID0\nsecret_key=$keys[0]\n");
$t->write_file('json', qq({"secretId":"AKID1","secretKey":"$keys[1]"}));

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials ini { provider file ini; }
    cos_credentials json { provider file json; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=ini;
    server {
        listen 127.0.0.1:8080;
        location /ini/ { cos_pass images-1250000000/ credentials=ini; }
        location /json/ { cos_pass images-1250000000/ credentials=json; }
    }
}
EOF
$t->run();

for my $when ('start', 'reload') {
	ok($t->reload, 'reload') if $when eq 'reload';

	is(http_get("/$_/a.txt")->body, 'hello', "$when: $_") for qw/ ini json /;
	is(dumped($t->master_pid), '', "$when: master");
	is(dumped($t->worker_pids), '', "$when: worker");
}

my %found = Test::COS::Memory::find($t->worker_pids, @keys);
is(scalar keys %found, 2, 'there they are');

###############################################################################

# where there are keys that would be in a core dump

sub dumped {
	my ($pid) = @_;
	my %found = Test::COS::Memory::find($pid, @keys);
	return join ' ', map { $_->{mapping}{name} || 'anonymous memory' }
		grep { $_->{mapping}{flags} !~ /\bdd\b/ } map { @$_ } values %found;
}

###############################################################################
