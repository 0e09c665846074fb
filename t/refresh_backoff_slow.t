#!/usr/bin/perl

# Tests for the pauses after failures: longer and longer, but shorter when the
# credential that is there comes to its end, and not too long without one.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(14);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 12);
$t->issuer_control({ rules => [
	{ path_re => qr/never/, status => 500 },
	{ path_re => qr/late/, status => 500, skip => 1, times => 3 },
] });

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials late { provider http $url/sts.php?late;
                           refresh_before 6s; }
    cos_credentials never { provider http $url/sts.php?never; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=late;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->run();

# three failures at the renewal: doubled pauses would take it beyond the end

my $ok = 1;
ok($t->wait_until(sub { $ok &&= http_get('/a.txt')->status == 200;
	issued() == 2 }, 20), 'renewed');
ok($ok, 'served all the time');

my @late = grep { $_->{target} =~ /late/ } $t->issuer_journal;
is(join(' ', map { $_->{status} } @late), '200 500 500 500 200', 'attempts');
cmp_ok($late[4]{time}, '<', $late[0]{expires} - 1, 'before the end');
my @pauses = pauses('late');
is(scalar @pauses, 3, 'pauses');
cmp_ok($_, '<=', 1500, 'a quarter of what is left') for @pauses;

# without a credential

ok($t->wait_until(sub { pauses('never') >= 5 }, 30), 'five failures');
@pauses = pauses('never');
for my $max (1000, 2000, 4000, 8000, 10000) {
	my $pause = shift @pauses;
	ok($pause <= $max && $pause >= 0.75 * $max, "pause of $max ms");
}

###############################################################################

sub issued {
	my @issued = $t->issued;
	return scalar @issued;
}

sub pauses {
	my ($name) = @_;
	my @pauses = $t->error_log
		=~ /"\Q$name\E" could not be updated .* next attempt in (\d+) ms/g;
	return @pauses;
}

###############################################################################
