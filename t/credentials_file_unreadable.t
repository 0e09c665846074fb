#!/usr/bin/perl

# Tests for a credential file that the master can read, but not the worker.

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

$t->skip_all('must be root') if $> != 0;
my ($user) = grep { defined getpwnam $_ } qw/ nobody www-data /
	or $t->skip_all('no user');
$t->plan(15);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_" } } 1 .. 3 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

file(1, 0600);
$t->write_file('witness', text(1));
chmod 0755, $t->testdir;

my $conf = $t->expand(<<'EOF');

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

my $group = getgrgid((getpwnam $user)[3]);
$conf =~ s/user root;/user $user $group;/;
$t->write_file('nginx.conf', $conf);
$t->secret(map { "secretkey$_" } 1 .. 3);
$t->run();

is(used(), 1, 'read by the master');
ok(polled(), 'looked at');
is(errors(), 0, 'nothing to say');

# the worker cannot read what is new, and says so once

file(2, 0600);
ok(polled() && polled() && polled(), 'looked at again');
is(errors(), 1, 'one message');
like($t->error_log, qr/\[error\].*open\(\) "\S+cred" failed \(13:/, 'why');
is(used(), 1, 'old one serves');

# the master can

ok($t->reload, 'reload');
is(used(), 2, 'read by the master again');
ok(polled(), 'looked at after reload');
is(errors(), 1, 'nothing more to say');

# an older file, as from a backup

file(3, 0600, 1600000000);
ok($t->reload, 'reload with an older file');
is(used(), 3, 'older file');

# readable in the end

file(1, 0644);
polled();
is(used(), 1, 'read by the worker');
unlike($t->error_log, qr/secretkey/, 'no secret in log');

###############################################################################

sub text {
	return qq({"secretId":"AKID$_[0]","secretKey":"secretkey$_[0]"});
}

sub file {
	my ($n, $mode, $time) = @_;
	my $new = $t->write_file('new', text($n));
	chmod $mode, $new;
	utime $time, $time, $new if $time;
	rename $new, $t->path('cred');
}

sub errors {
	return scalar grep { /\[(?:warn|error|crit)\].*cred/ }
		split /\n/, $t->error_log;
}

sub used {
	$t->journal_clear;
	http_get('/a.txt');
	return join ', ', map { $_->{verified} && $_->{secret_id} =~ /(\d+)$/
		? $1 : 'wrong' } $t->journal;
}

sub polled {
	my $n = () = $t->error_log =~ /"witness" updated/g;
	$t->write_file('new', text(1));
	rename $t->path('new'), $t->path('witness');
	return $t->wait_until(sub {
		$n < (() = $t->error_log =~ /"witness" updated/g) });
}

###############################################################################
