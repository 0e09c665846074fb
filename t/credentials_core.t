#!/usr/bin/perl

# Tests for core dumps of workers: there is no secret key in them.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;
use Test::COS::Memory;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->skip_all('no memory of other processes')
	unless defined eval { Test::COS::Memory::mappings($$); 1 };
$t->plan(13);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 600);

my $url = $t->issuer_url;
my $conf = <<"EOC";
%%TEST_GLOBALS%%
worker_processes 2;
worker_rlimit_core 500m;
working_directory %%TESTDIR%%;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOC
$t->write_conf($conf);
$t->run();

is(http_get('/a.txt')->body, 'hello', 'read');
my ($key) = map { $_->{secret_key} } $t->issued;
is(dumped($_), 'yes yes', 'left out') for $t->worker_pids;

# in a zone of the old configuration, too

ok($t->reload, 'reload');
is(http_get('/a.txt')->body, 'hello', 'read after reload');
is(scalar(() = $t->issued), 1, 'the same credential');
is(dumped($_), 'yes yes', 'left out after reload') for $t->worker_pids;

SKIP: {
	open my $fh, '<', '/proc/sys/kernel/core_pattern';
	my $pattern = defined $fh ? readline $fh : '';
	skip 'core dumps go elsewhere', 5 unless $pattern =~ m!\A[^|/\s]+$!;

	http_get('/a.txt');
	$t->kill_worker('ABRT');
	my ($name) = $pattern =~ /\A(\w+)/;
	my $core;
	ok($t->wait_until(sub { ($core) = glob $t->path("$name*") }), 'core');
	my $text = $t->read_file($core);
	like($text, qr/\A\x7fELF/, 'is one');
	ok(index($text, 'images-1250000000') > 0, 'memory is in it');
	ok(index($text, $key) < 0, 'no secret key');
	is(http_get('/a.txt')->body, 'hello', 'next worker');
}

###############################################################################

# whether the key is where the kernel leaves it out, and there twice

sub dumped {
	my ($pid) = @_;

	my @where;
	$t->wait_until(sub {
		my %found = Test::COS::Memory::find($pid, $key);
		@where = map { $_->{mapping} } @{$found{$key} || []};
		return @where == 2;
	}, 2);
	return join ' ', map { $_->{flags} =~ /\bdd\b/ ? 'yes' : "no, $_->{name}" }
		@where;
}

###############################################################################
