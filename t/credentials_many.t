#!/usr/bin/perl

# Tests for hundreds of cos_credentials: workers are there at once.

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

my $n = 300;

my $t = Test::COS->new()->plan(7);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_" } } 1 .. $n + 1 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

conf(map { ("c$_" => $_) } 1 .. $n);
$t->run();

is(used('c1'), 1, 'first');
is(used("c$n"), $n, 'last');

# each of them stays what it is

conf(map { ("c$_" => $_ + 1) } 1 .. $n);
ok($t->reload, 'other secrets');
is(join(' ', map { used("c$_") } 1, 150, $n), join(' ', 2, 151, $n + 1),
	'other secrets used');

# all of them are new

conf(map { ("d$_" => $_) } 1 .. $n);
ok($t->reload, 'other names');
is(join(' ', map { used("d$_") } 1, 150, $n), "1 150 $n", 'other names used');

# a worker that comes later

$t->kill_worker;
is(join(' ', map { used("d$_") } 1, 150, $n), "1 150 $n", 'another worker');

###############################################################################

sub conf {
	my (%block) = @_;
	my @names = sort keys %block;
	my $blocks = join "\n", map { "cos_credentials $_ { provider static;"
		. " secret_id AKID$block{$_}; secret_key secretkey$block{$_}; }" }
		@names;
	my $locations = join "\n", map { "location /$_/ { cos_pass"
		. " images-1250000000 credentials=$_; }" } @names;

	$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $blocks

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=$names[0];

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        $locations
    }
}

EOF
}

sub used {
	my ($name) = @_;
	$t->journal_clear;
	http_get("/$name/a.txt");
	return join ', ', map { $_->{verified} && $_->{secret_id} =~ /(\d+)$/
		? $1 : 'wrong' } $t->journal;
}

###############################################################################
