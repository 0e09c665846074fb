#!/usr/bin/perl

# Tests for a credential file that can be read in the end, being as it was.

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

my ($user) = grep { defined getpwnam $_ } qw/ nobody www-data /;
$t->skip_all('no user') if $> == 0 && !defined $user;
$t->plan(11);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_" } } 1 .. 3 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_file('cred', text(1));
$t->write_file('witness', text(1));
chmod 0755, $t->testdir;

my $conf = $t->expand(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider file cred; }
    cos_credentials witness { provider file witness; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

if ($> == 0) {
	my $group = getgrgid((getpwnam $user)[3]);
	$conf =~ s/user root;/user $user $group;/;
}
$t->write_file('nginx.conf', $conf);
$t->secret(map { "secretkey$_" } 1 .. 3);
$t->run();

is(used(), 1, 'as started');

# the next one cannot be read

my $new = $t->write_file('new', text(2));
chmod 0, $new;
rename $new, $t->path('cred');
ok(polled() && polled() && polled(), 'looked at');
is(used(), 1, 'old one serves');
is(errors(), 1, 'one message');

# only its mode changes

my @before = stat $t->path('cred');
chmod 0644, $t->path('cred');
my @after = stat $t->path('cred');
is("@after[1, 7, 9]", "@before[1, 7, 9]", 'same inode, size and time');
ok(polled(), 'looked at again');
is(used(), 2, 'picked up');
is(errors(), 1, 'nothing more to say');

# another time it is another message

$new = $t->write_file('new', text(3));
chmod 0, $new;
rename $new, $t->path('cred');
ok(polled() && polled(), 'looked at the third');
is(errors(), 2, 'another message');
chmod 0644, $t->path('cred');
polled();
is(used(), 3, 'picked up again');

###############################################################################

sub text {
	return qq({"secretId":"AKID$_[0]","secretKey":"secretkey$_[0]"});
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

# files are looked at in the order of blocks, and the worker does nothing else
# in between

sub polled {
	my $n = () = $t->error_log =~ /"witness" updated/g;
	my $new = $t->write_file('witness.new', text(1));
	chmod 0644, $new;
	rename $new, $t->path('witness');
	return $t->wait_until(sub {
		$n < (() = $t->error_log =~ /"witness" updated/g) });
}

###############################################################################
