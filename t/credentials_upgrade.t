#!/usr/bin/perl

# Tests for credentials on upgrade of the executable, without an env directive.

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

my $t = Test::COS->new()->plan(15);

$t->cos(credentials => [
	{ secret_id => 'AKIDenv', secret_key => 'environmentkey2',
		token => 'environment-token' },
	{ secret_id => 'AKIDfile', secret_key => 'filekey00001' },
	{ secret_id => 'AKIDnewer', secret_key => 'filekey00002' },
]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->env(TENCENTCLOUD_SECRET_ID => 'AKIDenv',
	TENCENTCLOUD_SECRET_KEY => 'environmentkey2',
	TENCENTCLOUD_TOKEN => 'environment-token');
$t->write_file('cred', credential('AKIDfile', 'filekey00001'));

# a master in the foreground ignores SIGUSR2

my $conf = $t->expand(<<'EOC');

%%TEST_GLOBALS%%

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

$conf =~ s/daemon off;/daemon on;/;
$t->write_file('nginx.conf', $conf);

my $binary = Test::COS::Nginx::binary();
($binary) = grep { -x } map { "$_/$binary" } split /:/, $ENV{PATH}
	unless $binary =~ m!/!;

{
	local @ENV{keys %{$t->{env}}} = values %{$t->{env}};
	my $dir = $t->testdir;
	my ($status, $text) = Test::COS::Process::output(20, $binary, '-p',
		"$dir/", '-c', 'nginx.conf', '-e', "$dir/error.log");
	is($status, 0, 'started') or diag $text;
}

my $old = pid('nginx.pid');
is(used('/a.txt'), '1 AKIDenv host;x-cos-security-token', 'env');
is(used('/file/a.txt'), '1 AKIDfile host', 'file');

# both run, one after the other answers

kill 'USR2', $old;
ok($t->wait_until(sub { -s $t->path('nginx.pid.oldbin')
	&& pid('nginx.pid') && pid('nginx.pid') != $old }, 15), 'upgraded');
my $new = pid('nginx.pid');
is(pid('nginx.pid.oldbin'), $old, 'old master is there');

my %used = map { used('/a.txt') => 1 } 1 .. 20;
is(join(', ', keys %used), '1 AKIDenv host;x-cos-security-token', 'both');

kill 'QUIT', $old;
ok($t->wait_until(sub { !kill 0, $old }, 15), 'old master gone');
is(used('/a.txt'), '1 AKIDenv host;x-cos-security-token', 'env after');
is(used('/file/a.txt'), '1 AKIDfile host', 'file after');

# and it reloads as the first one did

my %worker = map { $_ => 1 } Test::COS::Process::children($new);
kill 'HUP', $new;
ok($t->wait_until(sub { my @now = Test::COS::Process::children($new);
	@now && !grep { $worker{$_} } @now }, 15), 'reloaded');
is(used('/a.txt'), '1 AKIDenv host;x-cos-security-token', 'env after reload');
is(used('/file/a.txt'), '1 AKIDfile host', 'file after reload');

$t->write_file('cred.new', credential('AKIDnewer', 'filekey00002'));
rename $t->path('cred.new'), $t->path('cred');
ok($t->wait_until(sub { used('/file/a.txt') eq '1 AKIDnewer host' }),
	'file that changed');

kill 'QUIT', $new;
ok($t->wait_until(sub { !kill 0, $new }, 15), 'new master gone');
is($t->error_log =~ /no "TENCENTCLOUD/ ? 1 : 0, 0, 'nothing missing');

###############################################################################

sub pid {
	my ($name) = @_;
	return $t->read_file($name) =~ /(\d+)/ ? $1 : 0;
}

sub credential {
	return sprintf '{"secretId":"%s","secretKey":"%s"}', @_;
}

sub used {
	my ($uri) = @_;
	$t->journal_clear;
	http_get($uri);
	return join ', ', map { "$_->{verified} $_->{secret_id} $_->{header_list}" }
		$t->journal;
}

###############################################################################
