#!/usr/bin/perl

# Tests for when a credential is renewed: when a tenth of its life is left, or
# refresh_before if that is earlier.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;
use Test::COS::Shim;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $LIFE = 36000;

# a part of its life, and up to a twentieth more by chance
my %before = (
	tenth => [$LIFE / 10, ''],
	short => [$LIFE / 10, 'refresh_before 10s;'],
	hours => [7200, 'refresh_before 2h;'],
	long => [14400, 'refresh_before 4h;'],
	half => [$LIFE / 2, 'refresh_before 9h;'],
);
my @names = sort { $before{$b}[0] <=> $before{$a}[0] || $a cmp $b } keys %before;

my $t = Test::COS->new()->plan(10);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => $LIFE);
$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0));

my $url = $t->issuer_url;
my $blocks = join "\n    ", map { "cos_credentials $_ { provider http "
	. "$url/sts.php?$_; $before{$_}[1] }" } @names;

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    $blocks
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=tenth;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->run();

ok($t->wait_until(sub { @names == grep { fetches($_) } @names }), 'first ones');
is(http_get('/a.txt')->body, 'hello', 'read');

# Each in its turn: when those that are due have been asked for, those that are
# not have been looked at, too.

for my $due (['half'], ['long'], ['hours'], ['short', 'tenth']) {
	my @due = @$due;
	step($LIFE - $before{$due[0]}[0] + 60);
	ok($t->wait_until(sub { @due == grep { fetches($_) == 2 } @due }),
		"@due: due");
	my ($i) = grep { $names[$_] eq $due[-1] } 0 .. $#names;
	next if $i == $#names;
	is(join(' ', map { "$_=" . fetches($_) } @names[$i + 1 .. $#names]),
		join(' ', map { "$_=1" } @names[$i + 1 .. $#names]),
		"@due: before the others");
}

is(http_get('/a.txt')->body, 'hello', 'read in the end');

###############################################################################

sub fetches {
	my ($name) = @_;
	return scalar(() = grep { $_->{target} =~ /\?$name\z/ && $_->{issued} }
		$t->issuer_journal);
}

# the clocks of all
sub step {
	my ($seconds) = @_;
	$t->control({ clock_offset => $seconds });
	$t->issuer_control({ clock_offset => $seconds });
	$t->shim_number('clock', $seconds);
}

###############################################################################
