#!/usr/bin/perl

# Tests for 100 reloads: neither memory nor descriptors leak.

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

my $t = Test::COS->new(timeout => 300)->needs_cos()->plan(9);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->write_file('credentials.ini', "[default]\nsecret_id = "
	. SECRET_ID . "\nsecret_key = " . SECRET_KEY . "\n");

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials file { provider file %%TESTDIR%%/credentials.ini; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;
    cos_bucket videos-1250000000 ap-shanghai alias=videos protocol=http
               endpoint=127.0.0.1:8081 credentials=file;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass   path_style;
            cos_allow  read write list acl;
        }

        location /file/ {
            cos_pass   images-1250000000 credentials=file;
        }

        location ~ ^/re/(.*)$ {
            cos_pass   images-1250000000/$1;
            cos_sign_headers  x-signed;
        }
    }
}

EOC

$t->run();

# a sanitizer, known by its address space, keeps what is freed

my $limit = $t->read_file('/proc/' . $t->master_pid . '/status')
	=~ /^VmSize:\s+\d{10,} kB/m ? 'Inf' : 512;

my $master = $t->master_pid;
my (@failed, @before);

for my $n (1 .. 100) {
	push @failed, "reload $n" unless $t->reload;
	next if $n % 10;

	for my $uri (qw! /images-1250000000/a.txt /file/a.txt /re/a.txt !) {
		push @failed, "$uri $n" unless http_get($uri)->body eq 'hello';
	}
	@before = state() if $n == 10;
}

my @after = state();

is(join(', ', @failed), '', 'reloads and requests');
is(scalar(grep { $_->{verified} } $t->journal), 30, 'signed');

cmp_ok($after[0] - $before[0], '<', $limit, 'memory of the master')
	or diag("$before[0] kB grew to $after[0] kB");
cmp_ok($before[1], '>', 0, 'shared memory');
is($after[1], $before[1], 'no more shared memory');
is($after[2], $before[2], 'no more descriptors');
is($t->master_pid, $master, 'same master');

is(scalar(my @workers = Test::COS::Process::children($master)), 1,
	'one worker');
is(http_get('/file/a.txt')->body, 'hello', 'serves on');

###############################################################################

# memory of the master, kB that it shares, its descriptors; what an old cycle
# had is given back when the last of its workers has gone

sub state {
	$t->wait_until(sub { 1 == (() = Test::COS::Process::children($master)) });

	my ($memory) = $t->read_file("/proc/$master/status")
		=~ /^VmRSS:\s+(\d+) kB/m or die "no VmRSS\n";
	my ($size, $shared) = (0, 0);
	for my $line (split /\n/, $t->read_file("/proc/$master/smaps")) {
		$shared = $line =~ m! rw-s .* /dev/zero ! if $line =~ /\A[0-9a-f]+-/;
		$size += $1 if $shared && $line =~ /\ASize:\s+(\d+) kB/;
	}
	my @descriptors = glob "/proc/$master/fd/*";

	return ($memory, $size, scalar @descriptors);
}

###############################################################################
