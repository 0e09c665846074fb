#!/usr/bin/perl

# Tests for cos_credentials that a reload has removed: nothing is left of the
# secret, and it is asked for again when the block comes back.

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
	unless defined eval { Test::COS::Memory::find($$, 'x') };
$t->plan(14);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 600);

my $url = $t->issuer_url;

sub conf {
	my $blocks = join "\n", map { "cos_credentials $_ { provider http "
		. "$url/sts.php?$_; }" } @_;
	my $locations = join "\n", map { "location /$_/ { cos_pass "
		. "images-1250000000/ credentials=$_; }" } @_;

	$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    $blocks
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=a;
    server {
        listen 127.0.0.1:8080;
        $locations
    }
}
EOF
}

conf(qw/ a b /);
$t->run();

is(http_get("/$_/a.txt")->body, 'hello', $_) for qw/ a b /;

my %key;
for my $e ($t->issuer_journal) {
	my ($name) = $e->{target} =~ /\?(\w)\z/;
	($key{$name}) = map { $_->{secret_key} }
		grep { $_->{secret_id} eq $e->{issued} } $t->issued;
}

for my $pid ($t->worker_pids) {
	isnt(found($pid, 'b'), 0, 'there before');
}

# one goes

my @old = $t->worker_pids;
conf('a');
ok($t->reload, 'reload');
ok($t->wait_until(sub { !grep { kill 0, $_ } @old }), 'old workers exited');
is(http_get('/a/a.txt')->body, 'hello', 'the other one');

for my $pid ($t->worker_pids, $t->master_pid) {
	is(found($pid, 'b'), 0, 'nothing is left');
}
cmp_ok(found($t->master_pid, 'a'), '>', 0, 'of the other one it is');

# and comes back

conf(qw/ a b /);
ok($t->reload, 'reload');
is(http_get('/b/a.txt')->body, 'hello', 'back');
is(join(' ', sort map { $_->{target} =~ /\?(\w)\z/ } $t->issuer_journal),
	'a b b', 'asked for again');

###############################################################################

sub found {
	my ($pid, $name) = @_;
	my %found = Test::COS::Memory::find($pid, $key{$name});
	return scalar @{$found{$key{$name}} || []};
}

###############################################################################
