#!/usr/bin/perl

# Tests for bad answers of a source: a line in the log, and nothing changes.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use Time::HiRes qw/ sleep /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

# a block for each, which has a credential that is soon to be renewed

my @cases = (
['not-found', { status => 404 }, qr/status 404/],
['too-many', { status => 429 }, qr/status 429/],
['broken', { status => 500 }, qr/status 500/],
['created', { status => 201 }, qr/status 201/],
['empty', { body => '' }, qr/invalid JSON/],
['html', { html => 1 }, qr/invalid JSON/],
['truncated', { truncate => 40 }, qr/invalid JSON/],
['array', { body => '[]' }, qr/no secret id/],
['string', { body => '"x"' }, qr/invalid JSON/],
['null', { body => '{"credentials":null}' }, qr/no secret id/],
['list', { body => '{"credentials":[]}' }, qr/no secret id/],
['types', { wrong_types => 1 }, qr/not a string/],
['type-of-id', { wrong_types => 'id' }, qr/not a string/],
['type-of-expiry', { wrong_types => 'expiry' }, qr/expiration time/],
['no-id', { without => 'id' }, qr/no secret id/],
['no-key', { without => 'key' }, qr/no secret key/],
['no-token', { without => 'token' }, qr/no token/],
['no-expiry', { without => 'expiry' }, qr/no expiration time/],
['past', { life => -60 }, qr/already expired/],
['large', { size => 300000 }, qr/too large/],
['error', { error => 'InternalError' }, qr/error InternalError/],
['evil-error', { error => "A\n[alert] \e[2Jx" }, qr/error A\?/],
['cut', { close_after => 20 }, qr/close|transfer|outstanding|remain|partial/i],
['dropped', { drop => 1 }, qr/empty|reset|closed/i],
['reset', { reset => 1 }, qr/reset|recv/i],
['redirect', { redirect => 1 }, qr/status 302/],
['text-expiry', { expiry => 'string' }, qr/expiration time/],
['timeout', { stall => 9, times => 1 }, qr/time/i, 'timeout 1s;'],
['drip', { drip => 0.3, times => 1 }, qr/time/i, 'timeout 1s;'],
);

my $t = Test::COS->new()->plan(5 * @cases + 17);

$t->cos();
$t->store_put('images-1250000000', 'code/a.txt', 'hello');
$t->issuer(life => 16, roles => ['gateway']);

my $url = $t->issuer_url;
my ($blocks, $locations) = ('', '');
for (@cases) {
	my ($name, undef, undef, $more) = (@$_, '');
	$blocks .= "cos_credentials $name { provider http $url/sts.php?x=$name; "
		. "refresh_before 15s; $more }\n";
	$t->store_put('images-1250000000', "$name/a.txt", 'hello');
	$locations .= "location /$name/ { cos_pass images-1250000000/$name/ "
		. "credentials=$name; }\n";
}

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    $blocks
    cos_credentials code { provider cvm gateway; endpoint $url;
                           refresh_before 15s; }
    cos_credentials refused { provider http http://127.0.0.1:8099/x; }
    cos_credentials sts { provider assume_role
                                   qcs::cam::uin/1:roleName/x;
                          base perm; endpoint $url; }
    cos_credentials perm { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=perm;
    server {
        listen 127.0.0.1:8080;
        $locations
        location /code/ { cos_pass images-1250000000/code/ credentials=code; }
    }
}
EOF

# the answers to each but for the first one are bad for a while

$t->issuer_control({ rules => [
	(map { { path_re => qr/=$_->[0]$/, skip => 1, times => 2, %{$_->[1]} } }
		@cases),
	{ action => 'metadata', skip => 1, times => 2, code => 'Failed' },
	{ action => 'AssumeRole', error => 'AuthFailure.UnauthorizedOperation' },
] });
$t->run();

for (@cases, ['code']) {
	my ($name) = @$_;
	http_get("/$name/a.txt");
}
my %first = used();

# one message for each

for (['code', {}, qr/error Failed/], @cases) {
	my ($name, undef, $reason) = @$_;
	my $re = qr/cos_credentials "$name" could not be updated from "(\w+)": /;
	ok($t->waitforlog($re, 20), "$name: message") or next;
	like($t->error_log, qr/\[error\].*$re.*$reason.*, next attempt in \d+ ms/,
		"$name: reason") or diag $t->error_log =~ /(.*$re.*)/;
	my $r = http_get("/$name/a.txt");
	is($r->body, 'hello', "$name: serves on");
}

# by the old one, unless a good answer had been asked for by then

my ($same, $other, %used) = (0, '', used());
my %asked;
push @{$asked{$_->{query}{x} || $_->{action}}}, $_->{time}
	for $t->issuer_journal;
for (@cases, ['metadata', {}]) {
	my ($name, $rule) = @$_;
	my $good = $asked{$name}[1 + ($rule->{times} || 2)];
	$name = 'code' if $name eq 'metadata';
	next if $good && $good < $used{$name}{time};
	$same++ if $used{$name}{secret_id} eq $first{$name}{secret_id};
	$other .= " $name" if $used{$name}{secret_id} ne $first{$name}{secret_id};
}
is($other, '', 'none but the old one in use');
cmp_ok($same, '>=', 10, 'which was seen in use');

# which was the old one, and then a new one comes

for (@cases, ['code']) {
	my ($name) = @$_;
	my $updated = qr/cos_credentials "$name" updated/;
	ok($t->wait_until(sub { 2 <= (() = $t->error_log =~ /$updated/g) }, 5),
		"$name: recovers");
}

%asked = ();
my %messages;
$messages{$_}++
	for $t->error_log =~ /cos_credentials "([^"]+)" (?:could not be )?updated/g;
$asked{$_->{query}{x} || $_->{action}}++ for $t->issuer_journal;
for (@cases) {
	my ($name) = @$_;
	is($messages{$name}, $asked{$name}, "$name: a message for each answer");
}
is($messages{code}, $asked{metadata}, 'code: a message for each answer');

like($t->error_log, qr/"refused" could not be updated from "http": .*connect/i,
	'refused');
my $sts = qr!"sts" could not be updated from "assume_role"!;
like($t->error_log, qr!$sts: error AuthFailure\.UnauthorizedOperation,!,
	"error of STS with 200");
is(scalar(grep { $_->{redirected} } $t->issuer_journal), 0, 'not redirected');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');
unlike($t->error_log, qr/^\[alert\]/m, 'no forged line');
unlike($t->error_log, qr/\e/, 'no control characters');

# a failed source is asked less and less often

my @waits = $t->error_log =~ /"sts" could not.* next attempt in (\d+) ms/g;
cmp_ok(scalar @waits, '>=', 3, 'asked again');
cmp_ok($waits[0], '<=', 1000, 'soon');
cmp_ok($waits[2], '>', $waits[0], 'and then later');
cmp_ok(scalar @waits, '<=', 6, 'not often');

###############################################################################

# the last request of each that COS saw, by the name in the key

sub used {
	return map { $_->{target} =~ m!\A/([^/]+)/! ? ($1 => $_) : () } $t->journal;
}

###############################################################################
