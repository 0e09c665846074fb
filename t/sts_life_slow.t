#!/usr/bin/perl

# Tests for cos_sts: no client outlives what it gets, and who waits.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use JSON::PP ();
use Time::HiRes qw/ time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(18);

$t->cos();
$t->issuer(life => 4);
$t->issuer_control({ rules => [{ path_re => qr/\?never$/, stall => 9 },
	{ path_re => qr/\?late$/, stall => 1, life => 600 }] });

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials short { provider http $url/sts.php?short; vend on; }
    cos_credentials late { provider http $url/sts.php?late; vend on; }
    cos_credentials never { provider http $url/sts.php?never; vend on; }
    server {
        listen 127.0.0.1:8080;
        location = /short { cos_sts short; }
        location = /late { cos_sts late; }
        location = /never { cos_sts never; cos_wait 200ms; }
        location = /never/json { cos_sts never; cos_wait 0;
                                 error_page 503 =503 /busy.json; }
        location = /busy.json { return 503 '{"error":"busy"}'; }
    }
}
EOF
$t->run();

# the first one is waited for

my $r = http_get('/late');
is($r->status, 200, 'first one');
my $r2 = http_get('/never');
is($r2->status, 503, 'none in time');
is($r2->code, 'ServiceUnavailable', 'code');
ok($r2->header('Retry-After'), 'Retry-After');
like($r2->header('x-cos-request-id'), qr/\A\w{32}\z/, 'request id');
unlike($r2->body, qr/tmpSecret/, 'nothing handed out');
is(http_get('/never/json')->body, '{"error":"busy"}', 'error page');

# through some renewals: each has life left, and ends before it

my ($n, $bad, %seen) = (0, '');
ok($t->wait_until(sub {
	my $now = time();
	my $answer = http_get('/short');
	$n++;
	if ($answer->status != 200) {
		$bad .= $answer->status . ' ';
		return 0;
	}
	my $got = JSON::PP::decode_json($answer->body);
	my ($issued) = grep { $_->{secret_id} eq
		$got->{credentials}{tmpSecretId} } $t->issued;
	$bad .= "ended " if $got->{expiredTime} <= $now - 1;
	$bad .= "outlives " if $got->{expiredTime} > $issued->{expires};
	$bad .= "start " if $got->{startTime} > $issued->{started};
	$seen{$got->{credentials}{tmpSecretId}}++;
	return keys %seen >= 3;
}, 20), 'renewed');
is($bad, '', "$n answers");
cmp_ok(scalar(grep { $_->{target} =~ /short/ } $t->issuer_journal), '<=',
	1 + keys %seen, 'one fetch for each');

# the source is down: what there is, then 503, never what has ended

$t->issuer_control({ refuse => 1 });
$bad = '';
my $wanted = 0;
ok($t->wait_until(sub {
	my $now = time();
	$r = http_get('/short');
	return 1 if $r->status == 503;
	my $got = JSON::PP::decode_json($r->body);
	$wanted++;
	$bad .= "$got->{expiredTime} at $now " if $got->{expiredTime} < int $now - 1;
	return 0;
}, 15), 'over');
cmp_ok($wanted, '>', 0, 'used till then');
is($bad, '', 'not one that has ended');
is($r->code, 'ServiceUnavailable', 'code when over');
unlike($r->body, qr/tmpSecret/, 'nothing handed out when over');
is(http_get('/short')->status, 503, 'and stays so');
is(http_get('/late')->status, 200, 'another block has one');

# back again

$t->issuer_control({ life => 600 });
ok($t->wait_until(sub { http_get('/short')->status == 200 }, 12), 'again');

###############################################################################
