#!/usr/bin/perl

# Tests for credentials that change under load: parts of two are never mixed.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use IO::Handle ();
use Time::HiRes ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(7);

# parts of different length, so that a mixture cannot be right by chance

my @cred = map { { secret_id => 'AKID' . $_ x 20 x $_,
	secret_key => "$_" x 40 x $_, token => "$_" x 1300 x $_ } } 1 .. 3;

$t->cos(credentials => \@cred);
$t->store_put('images-1250000000', 'a.txt', 'hello');

my @blocks = map { "c$_" } 1 .. 8;
my ($blocks, $locations) = ('', '');

for my $name (@blocks) {
	file($name, 0);
	$blocks .= "cos_credentials $name { provider file $name; }\n";
	$locations .= "location /$name/ { cos_pass images-1250000000"
		. " credentials=$name; }\n";
}

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

worker_processes 4;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $blocks

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=c1;

    server {
        listen       127.0.0.1:8080 reuseport;
        server_name  localhost;

        $locations
    }
}

EOF

$t->run();

my @clients = map { my $n = $_; $t->run_daemon(sub { client($n) }) } 1 .. 3;

# renamed over, and in place, where half a file may be read

my $changes = 0;

$t->wait_until(sub {
	my $n = ++$changes;
	file($_, $n % 3) for @blocks[0 .. 5];
	$t->write_file($_, text($n % 3)) for @blocks[6 .. 7];
	$t->kill_worker if $n == 20 || $n == 40;
	$t->reload if $n == 30;
	return $n > 50 && updated() >= 40 && answers() >= 200 && secrets() == 3;
}, 60);

$_->stop('TERM') for @clients;

my %status;
for my $n (1 .. 3) {
	$status{$_}++ for split ' ', $t->read_file("client-$n");
}

# a worker that is killed takes its requests along

my $lost = delete $status{0} || 0;
cmp_ok($lost, '<=', 30, 'requests lost');
is(join(' ', keys %status), 200, 'all others answered')
	or diag join ' ', %status;

my %used;
my @e = $t->journal;
for my $e (@e) {
	my ($n) = ($e->{secret_id} || '') =~ /(\d)$/;
	$used{$e->{verified} ? $n : 'wrong'}++;
}

is(join(' ', sort keys %used), '1 2 3', 'every request verified');
cmp_ok(updated(), '>=', 40, 'changes seen');
cmp_ok(scalar @e, '>=', 190, 'requests');
note scalar @e, " requests, $changes changes, ", updated(), " seen, $lost lost";

unlike($t->error_log, qr/too long secret|not a regular/, 'no mixture read');
ok($t->stop, 'stopped');

###############################################################################

sub answers {
	return scalar map { split ' ', $t->read_file("client-$_") } 1 .. 3;
}

# how many secrets have been used: which ones are seen is a matter of timing

sub secrets {
	my %seen = map { ($_->{secret_id} || '') => 1 } $t->journal;
	return scalar keys %seen;
}

sub updated {
	return scalar(() = $t->error_log =~ /updated from/g);
}

sub text {
	my ($i) = @_;
	return qq({"tmpSecretId":"$cred[$i]{secret_id}","tmpSecretKey":)
		. qq("$cred[$i]{secret_key}","token":"$cred[$i]{token}"});
}

sub file {
	my ($name, $i) = @_;
	$t->write_file('new', text($i));
	rename $t->path('new'), $t->path($name);
}

sub client {
	my ($n) = @_;
	my $i = $n;
	open my $fh, '>>', $t->path("client-$n");
	$fh->autoflush;
	while (1) {
		my $r = http_get('/' . $blocks[$i++ % @blocks] . '/a.txt');
		print {$fh} $r->status, ' ';
	}
}

###############################################################################
