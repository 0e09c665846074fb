#!/usr/bin/perl

# Tests for control characters in credentials, which would end up in headers.

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

my @bad = ('CR' => "\r", 'LF' => "\n", 'CR LF' => "\r\nX-Injected: 1",
	'NUL' => "\0", 'DEL' => "\x7f");

my $t = Test::COS->new()->plan(19);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => 'secretkey1', token => "session-token" } } qw/ old new / ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

my $conf = <<'EOC';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider file cred; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOC

my ($status, $text);

while (my ($name, $bytes) = splice @bad, 0, 2) {
	my $escaped = join '', map { sprintf '\u%04x', ord } split //, $bytes;

	for my $part (qw/ secretId secretKey token /) {
		next if $part eq 'secretKey' && $name ne 'NUL';
		my %value = (secretId => 'AKIDold', secretKey => 'secretkey1',
			token => 'session-token');
		$value{$part} .= $escaped;
		$t->write_file('cred', '{' . join(',', map { qq("$_":"$value{$_}") }
			sort keys %value) . '}');

		($status, $text) = $t->try_conf($conf);
		is($status, 1, "$name in $part") or diag $text;
	}
}

for my $part (qw/ secret_id token /) {
	my %value = (secret_id => 'AKIDold', secret_key => 'secretkey1',
		token => 'session-token');
	$value{$part} = '"' . $value{$part} . '\nX-Injected: 1"';
	(my $static = $conf) =~ s/provider file cred;/"provider static; "
		. join ' ', map { "$_ $value{$_};" } sort keys %value/e;

	($status, $text) = $t->try_conf($static);
	is($status, 1, "LF in $part of the configuration") or diag $text;
	like($text, qr/cos_credentials "app".* in \S+conf:\d+$/m, 'says where');
}

# in use

$t->write_file('cred', '{"secretId":"AKIDold","secretKey":"secretkey1",'
	. '"token":"session-token"}');
$t->write_conf($conf);
$t->run();

is(http_get('/a.txt')->body, 'hello', 'good');
$t->write_file('new', '{"secretId":"AKIDnew","secretKey":"secretkey1",'
	. '"token":"session-token\r\nX-Injected: 1"}');
rename $t->path('new'), $t->path('cred');
ok($t->waitforlog(qr/\[error\].*"\S+cred"/), 'refused');

$t->journal_clear;
http_get('/a.txt');
my ($e) = $t->journal;
is($e->{secret_id}, 'AKIDold', 'old one serves on');
is(scalar(grep { lc $_->[0] eq 'x-injected' } @{$e->{headers}}), 0,
	'no header injected');

###############################################################################
