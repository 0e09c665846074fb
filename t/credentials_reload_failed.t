#!/usr/bin/perl

# Tests for reloads that fail: credentials stay as they were.

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

my $t = Test::COS->new()->plan(11);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_", $_ == 3 ? (token => 'session-token') : () } }
	0 .. 99 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->secret('secretkey4', 'secretkey5');

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

$t->write_file('cred', '{"secretId":"AKID4","secretKey":"secretkey4"}');

conf({ a => 1, b => 'cred' }, { a => 'a', b => 'b' });
$t->run();
is(used('a') . used('b'), 14, 'as started');

conf({ a => 2, b => 3 }, { a => 'a', b => 'b' }, 'cos_bucket broken;');
ok(!$t->reload, 'broken configuration');
is(used('a') . used('b'), 14, 'old secrets');

# a file that is broken when the configuration is read

conf({ a => 2, b => 'cred' }, { a => 'a', b => 'b' });
$t->write_file('cred', '{');
ok(!$t->reload, 'broken file');
is(used('a') . used('b'), 14, 'old secrets with a broken file');

# it fails after zones have been looked at

conf({ a => 2, b => 3, map { ("m$_" => $_) } 10 .. 50 },
	{ a => 'a', b => 'b' }, 'server { listen 127.0.0.1:8081; }');
ok(!$t->reload, 'address in use');
is(used('a') . used('b'), 14, 'old secrets with an address in use');
$t->kill_worker;
is(used('a') . used('b'), 14, 'old secrets after a worker died');

$t->write_file('cred', '{"secretId":"AKID5","secretKey":"secretkey5"}');
ok($t->wait_until(sub { used('b') eq 5 }), 'the file is still looked at');

conf({ a => 2, b => 3 }, { a => 'a', b => 'b' });
ok($t->reload, 'good configuration');
is(used('a') . used('b'), '23 token', 'new secrets');

$t->allow_alerts(qr/cos_bucket|bind\(\)|still could not bind|broken/);
$t->allow_alerts(qr/cos_credentials "b"/);

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
