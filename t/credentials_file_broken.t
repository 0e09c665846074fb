#!/usr/bin/perl

# Tests for credential files that are broken while nginx runs.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use POSIX ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my @cases = (
	['{"secretId":"AKIDfile', 'invalid JSON in'],
	['{"secretId":"AKIDnew","secretKey":"secretkey9"} x', 'invalid JSON in'],
	['{"secretId":"AKIDnew","secretId":"AKIDold","secretKey":"secretkey9"}',
		'invalid JSON in'],
	['{"secretKey":"secretkey9"}', 'no secret id in'],
	['{"secretId":"AKIDnew"}', 'no secret key in'],
	['{"secretId":["AKIDnew"],"secretKey":"secretkey9"}',
		'secret that is not a string in'],
	['{"secretId":"AKIDnew","secretKey":"secretkey9","token":1}',
		'secret that is not a string in'],
	['{"secretId":"AKIDnew","secretKey":"secretkey9","expiredTime":"x"}',
		'invalid expiration time in'],
	['{"secretId":"AKIDnew","secretKey":"secretkey9","expiration":"now"}',
		'invalid expiration time in'],
	['{"Response":{"Error":{"Code":"AuthFailure","Message":"secretkey9"}}}',
		'error AuthFailure in'],
	["[default]\nsecret_id = AKIDnew\n", 'no secret key in'],
	["[default]\nsecret_key = secretkey9\n", 'no secret id in'],
	["[default\nsecret_id = AKIDnew\n", 'invalid section in'],
	["[default]\nsecret_id = AKIDnew\nsecretkey9\n", 'invalid line in'],
	["[other]\nsecret_id = AKIDnew\nsecret_key = secretkey9\n",
		'no section of the profile in'],
	['', 'no section of the profile in'],
	["<html>\n<body>secretkey9</body>\n</html>\n",
		'no section of the profile in'],
	['{"secretId":"AKIDnew","secretKey":"secretkey9"}' . ' ' x 65536,
		'is too large'],
	[sub { mkdir $_[0] }, 'is not a regular file'],
	[sub { POSIX::mkfifo($_[0], 0600) }, 'is not a regular file'],
	[sub { open my $fh, '>', $_[0]; truncate $fh, 1 << 40 }, 'is too large'],
);

my $t = Test::COS->new()->plan(5 * @cases + 4);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => 'secretkey9', token => "session-token" } } qw/ old new / ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

my $good = '{"secretId":"AKIDold","secretKey":"secretkey9",'
	. '"token":"session-token"}';
(my $better = $good) =~ s/old/new/;
$t->secret('secretkey9');

my ($blocks, $locations) = ('', '');

for my $i (0 .. $#cases) {
	$t->write_file("file$i.cred", $good);
	$blocks .= "cos_credentials c$i { provider file file$i.cred; }\n";
	$locations .= "location /$i/ { cos_pass images-1250000000"
		. " credentials=c$i; }\n";
}
$t->write_file('last', $good);

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $blocks
    cos_credentials last { provider file last; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=last;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        $locations
    }
}

EOF

$t->run();

is(join(' ', map { used($_) } 0 .. $#cases), join(' ', ('old') x @cases),
	'as started');

for my $i (0 .. $#cases) {
	my $path = $t->path("file$i.cred");
	my $text = $cases[$i][0];
	if (ref $text) {
		unlink $path;
		$text->($path);
	} else {
		$t->write_file('new', $text);
		rename $t->path('new'), $path;
	}
}

# files are looked at in the order of blocks

ok(polled() && polled() && polled(), 'looked at more than once');

my @log = split /\n/, $t->error_log;

for my $i (0 .. $#cases) {
	my $message = $cases[$i][1];
	my @lines = grep { /file$i\.cred/ } @log;

	is(scalar @lines, 1, "$i $message, one line") or diag join "\n", @lines;
	like($lines[0], qr/\[error\].*\Q$message\E/, "$i $message");
	is(used($i), 'old', "$i old one serves");
}

ok($t->kill_worker, 'worker dies');
is(join(' ', map { used($_) } 0 .. $#cases), join(' ', ('old') x @cases),
	'after a worker died');

for my $i (0 .. $#cases) {
	my $path = $t->path("file$i.cred");
	rmdir $path if -d $path;
	$t->write_file('new', $better);
	rename $t->path('new'), $path;
}
polled();

for my $i (0 .. $#cases) {
	is(used($i), 'new', "$i good again");
	is(scalar(grep { /"c$i" updated from/ } split /\n/, $t->error_log), 1,
		"$i updated");
}

###############################################################################

sub used {
	my ($i) = @_;
	$t->journal_clear;
	http_get("/$i/a.txt");
	return join ', ', map { $_->{verified} && $_->{secret_id} =~ /AKID(\w+)$/
		? $1 : 'wrong' } $t->journal;
}

sub polled {
	my $n = () = $t->error_log =~ /"last" updated/g;
	$t->write_file('new', $good);
	rename $t->path('new'), $t->path('last');
	return $t->wait_until(sub {
		$n < (() = $t->error_log =~ /"last" updated/g) });
}

###############################################################################
