#!/usr/bin/perl

# Tests for addresses of COS that the resolver of the system gives: the last ones
# stay in use while it fails, and they may be of IPv6.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Hosts;
use Test::COS::Shim;

use IO::Socket::INET;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos();
my $port = $t->port(8081);

# what is not in the hosts file does not exist

my $hosts = Test::COS::Hosts->new($t, 'nsswitch.conf' => "hosts: files\n");
my @six = ('::1 six.test', '::1 both.test', '127.0.0.1 both.test');
$hosts->set('127.0.0.1 lost.test', @six);

my %listen = ('127.0.0.2' => IO::Socket::INET->new(Listen => 5,
	LocalAddr => '127.0.0.2', LocalPort => $port, ReuseAddr => 1),
	'::1' => scalar eval { require IO::Socket::IP; IO::Socket::IP->new(
		Listen => 5, LocalHost => '::1', LocalPort => $port) });
$t->skip_all('no 127.0.0.2') unless $listen{'127.0.0.2'};
$t->plan(26);

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } qw/ lost both /]);
$t->store_put("$_-1250000000", 'a.txt', "of $_") for qw/ lost both /;
for my $addr (grep { $listen{$_} } keys %listen) {
	$t->run_daemon(sub { answer($listen{$addr}, $addr) });
}

$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0),
	SHIM_MONOTONIC => 1);

my $buckets = join '', map { "cos_bucket $_-1250000000 ap-guangzhou"
	. " alias=$_ protocol=http endpoint=$_.test:$port keepalive=0;\n" }
	qw/ lost six both /;

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $buckets

    cos_allow read write;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        add_header X-At \$upstream_addr always;

        location / { cos_pass path_style; }
    }
}

EOF

$t->run();

###############################################################################

my $now = 0;

is(http_get('/lost/a.txt')->body, 'of lost', 'found');

# it does not know the name any more: at the first request that asks again, at
# those after, when it is asked once more, and when what it said is long ago

$hosts->set(@six);
for my $seconds (31, 6, 60, 3600) {
	my $n = failures();
	pass_time($seconds);
	is(http_get('/lost/a.txt')->body, 'of lost', "after $seconds s, get");
	ok($t->wait_until(sub { failures() == $n + 1 }),
		"after $seconds s, could not be resolved");
	is(http_put('/lost/b.txt', 'body')->status, 200, "after $seconds s, put");
	is(http_get('/lost/a.txt')->body, 'of lost', "after $seconds s, again");
	is(failures(), $n + 1, "after $seconds s, not asked by each");
}

# it knows another address, and forgets that one, too

$hosts->set('127.0.0.2 lost.test', @six);
pass_time(6);
ok($t->wait_until(sub { http_get('/lost/a.txt')->body eq '127.0.0.2' }),
	'has moved');

# IPv6, alone, and after IPv4

SKIP: {
	skip 'no IPv6', 3 unless $listen{'::1'} && $hosts->knows('six.test', '::1');

	is(http_get('/six/a.txt')->body, '::1', 'IPv6 alone');
	my @r = map { http_get('/both/a.txt') } 1 .. 4;
	is(join(', ', map { $_->header('X-At') } @r[0, 1]),
		"127.0.0.1:$port, [::1]:$port", 'IPv4 before IPv6');
	is(join(' ', sort map { $_->body } @r), '::1 ::1 of both of both',
		'take turns');
}

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');

###############################################################################

sub pass_time {
	my ($seconds) = @_;
	$now += $seconds;
	$t->control({ clock_offset => $now });
	$t->shim_number('clock', $now);
}

sub failures {
	return scalar(() = $t->error_log =~
		/"lost.test" could not be resolved \(.*its last addresses remain/g);
}

sub answer {
	my ($listen, $text) = @_;
	while (my $c = $listen->accept) {
		while (defined(my $line = readline $c)) {
			last if $line =~ /^\r?$/;
		}
		print {$c} "HTTP/1.1 200 OK\r\nContent-Length: " . length($text)
			. "\r\nConnection: close\r\n\r\n$text";
		close $c;
	}
}

###############################################################################
