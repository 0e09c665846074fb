#!/usr/bin/perl

# Tests for reloads that change cos_credentials.

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

my $t = Test::COS->new()->plan(25);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_", $_ == 3 ? (token => 'session-token') : () } }
	0 .. 99 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->secret('secretkey5');

# uri => block, its parameters

sub conf {
	my ($blocks, $locations, $more) = @_;
	my ($b, $l) = ('', '');

	for my $name (sort keys %$blocks) {
		my $v = $blocks->{$name};
		$b .= "cos_credentials $name { provider " . ($v =~ /\D/ ? "file $v;"
			: "static; secret_id AKID$v; secret_key secretkey$v;"
				. ($v == 3 ? ' token session-token;' : '')) . "}\n";
	}
	$l .= "location /$_/ { cos_pass images-1250000000"
		. " credentials=$locations->{$_}; }\n" for sort keys %$locations;

	$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $b

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=@{[sort keys %$blocks]}[0];

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        $l
    }

    @{[$more || '']}
}

EOF
}

conf({ a => 1, b => 2 }, { a => 'a', b => 'b' });
$t->run();
is(used('a'), 1, 'first');
is(used('b'), 2, 'second');

# the same again

ok($t->reload, 'reload');
is(used('a') . used('b'), 12, 'nothing changed');

# another secret, with a token, and without it again

conf({ a => 3, b => 2 }, { a => 'a', b => 'b' });
ok($t->reload, 'secret changed');
is(used('a'), '3 token', 'other secret');
is(used('b'), 2, 'the other block is as it was');

conf({ a => 1, b => 2 }, { a => 'a', b => 'b' });
ok($t->reload, 'secret changed back');
is(used('a'), 1, 'first secret again');

# secrets change places

conf({ a => 2, b => 1 }, { a => 'a', b => 'b' });
ok($t->reload, 'secrets swapped');
is(used('a') . used('b'), 21, 'swapped');

# renamed, and names change places

conf({ c => 2, b => 1 }, { a => 'c', b => 'b' });
ok($t->reload, 'renamed');
is(used('a') . used('b'), 21, 'renamed block');

conf({ b => 2, c => 1 }, { a => 'b', b => 'c' });
ok($t->reload, 'names swapped');
is(used('a') . used('b'), 21, 'swapped names');

# a file instead, and a file with another name

$t->write_file('one', '{"secretId":"AKID4","secretKey":"secretkey4"}');
$t->write_file('two', '{"secretId":"AKID5","secretKey":"secretkey5"}');
utime 1600000000, 1600000000, $t->path('two');

conf({ b => 'one', c => 1 }, { a => 'b', b => 'c' });
ok($t->reload, 'provider changed');
is(used('a') . used('b'), 41, 'file');

conf({ b => 'two', c => 1 }, { a => 'b', b => 'c' });
ok($t->reload, 'path changed');
is(used('a') . used('b'), 51, 'other file, though it is older');

conf({ b => 2, c => 1 }, { a => 'b', b => 'c' });
ok($t->reload, 'provider changed back');
is(used('a') . used('b'), 21, 'static again');

# one removed, another one in its place

conf({ c => 1 }, { b => 'c' });
ok($t->reload, 'block removed');
is(used('b'), 1, 'the one that is left');

conf({ c => 1, d => 6 }, { a => 'd', b => 'c' });
ok($t->reload, 'block added');
is(used('a') . used('b'), 61, 'added');

###############################################################################

sub used {
	my ($uri) = @_;
	$t->journal_clear;
	http_get("/$uri/a.txt") for 1 .. 2;
	my %used;
	for my $e ($t->journal) {
		my ($n) = $e->{secret_id} =~ /(\d+)$/;
		$n = 'wrong' unless $e->{verified};
		$n .= ' token' if $e->{header_list} =~ /token/;
		$used{$n} = 1;
	}
	return join ', ', keys %used;
}

###############################################################################
