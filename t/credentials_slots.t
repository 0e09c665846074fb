#!/usr/bin/perl

# Tests for more cos_credentials than the shared zone had room for.

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

my $t = Test::COS->new()->plan(10);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_", $_ == 3 ? (token => 'session-token') : () } }
	0 .. 99 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

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

conf({ c => 1, d => 6 }, { a => 'd', b => 'c' });
$t->run();
is(used('a') . used('b'), 61, 'two');

# more than the zone has room for, then less again

my %many = map { ("m$_" => $_) } 10 .. 49;
conf({ c => 1, %many }, { b => 'c', map { $_ => $_ } keys %many });
ok($t->reload, 'forty more');
is(join(' ', map { used("m$_") } 10 .. 49), join(' ', 10 .. 49), 'all work');
is(used('b'), 1, 'old one, too');

conf({ c => 1, d => 6 }, { a => 'd', b => 'c' });
ok($t->reload, 'forty less');
is(used('a') . used('b'), 61, 'two again');

# all names are new, again and again: slots are taken over

my $last;
for my $round (1 .. 3) {
	my %new = map { ("r${round}x$_" => $_ + 10 * $round) } 1 .. 31;
	conf(\%new, { map { $_ => $_ } keys %new });
	$last = $t->reload or last;
	my @some = map { $_ * 6 + 1 } 0 .. 5;
	is(join(' ', map { used("r${round}x$_") } @some),
		join(' ', map { $_ + 10 * $round } @some), "round $round");
}
ok($last, 'rounds');

###############################################################################

sub used {
	my ($uri) = @_;
	$t->journal_clear;
	http_get("/$uri/a.txt");
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
