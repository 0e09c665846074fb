#!/usr/bin/perl

# Tests for provider cvm: the role of the machine, from instance metadata.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use Time::HiRes qw/ sleep time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $ROLES = '/latest/meta-data/cam/security-credentials/';

my $t = Test::COS->new()->plan(26);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 5, roles => ['gateway', 'other']);

# a proxy in the environment is not for metadata

$t->env(http_proxy => 'http://127.0.0.1:1', HTTP_PROXY => 'http://127.0.0.1:1',
	ALL_PROXY => 'http://127.0.0.1:1');

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 4;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials found { provider cvm; endpoint $url; }
    cos_credentials named { provider cvm other; endpoint $url; }
    cos_credentials none { provider cvm nobody; endpoint $url; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=found;
    cos_wait 2s;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; }
        location /named/ { cos_pass images-1250000000/
                                    credentials=named; }
        location /none/ { cos_pass images-1250000000/ credentials=none;
                          cos_wait 0; }
    }
}
EOF
$t->run();

# what is asked and how

is(http_get('/a.txt')->body, 'hello', 'discovered role');
my $entry = ($t->journal)[-1];
is($entry->{verified}, 1, 'verified');
my ($issued) = grep { $_->{secret_id} eq $entry->{secret_id} } $t->issued;
is($issued && $issued->{role}, 'gateway', 'credential of the first role');
is(token($entry), $issued->{token}, 'token');
like(" $entry->{header_list} ", qr/[ ;]x-cos-security-token[ ;]/,
	'token is signed');

is(http_get('/named/a.txt')->body, 'hello', 'named role');
$entry = ($t->journal)[-1];
($issued) = grep { $_->{secret_id} eq $entry->{secret_id} } $t->issued;
is($issued && $issued->{role}, 'other', 'credential of the named role');
is(token($entry), $issued->{token}, 'its token');

my @list = $t->issuer_journal(undef, 'metadata_list');
my @named = grep { $_->{target} =~ /other/ } $t->issuer_journal;
is($list[0]{target}, $ROLES, 'path of the list');
is($named[0]{target}, "${ROLES}other", 'path of the credential');
is($named[0]{method}, 'GET', 'method');
is($named[0]{host}, '127.0.0.1:' . $t->port(8089), 'host');
is($named[0]{body}, '', 'no body');
is(join(' ', grep { /authorization|token|cookie/i } map { $_->[0] }
	@{$named[0]{headers}}), '', 'nothing secret sent');
is(scalar(@list), 1, 'one fetch for four workers');

# no such role

my $r = http_get('/none/a.txt');
is($r->status, 503, 'no role');
is($r->code, 'ServiceUnavailable', 'no role code');
ok($r->header('Retry-After'), 'no role retry');
ok($t->waitforlog(qr/\[error\].*cos_credentials "none" could not be updated/),
	'no role in the log');
like($t->error_log, qr/"none" could not be updated from "cvm": status 404/,
	'reason');

# renewed before it is over, as often as needed

my ($failed, $n) = (0, 0);
my $renewed = $t->wait_until(sub {
	$failed++ if http_get('/a.txt')->body ne 'hello';
	$failed++ if http_get('/named/a.txt')->body ne 'hello';
	$n++;
	sleep 0.02;
	return scalar(grep { $_->{secret_id} ne $entry->{secret_id} }
		grep { $_->{role} eq 'other' } $t->issued) > 1;
}, 9);
ok($renewed, 'renewed twice') or diag $t->error_log;
is($failed, 0, "no request failed of $n");
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');

my %ids = map { $_->{secret_id} => 1 } $t->journal;
cmp_ok(scalar keys %ids, '>=', 4, 'new ones are used');
my @other = grep { $_->{role} eq 'other' } $t->issued;
cmp_ok(scalar @other, '<=', 4, 'not too often');

# a machine without a role

$t->issuer_control({ roles => [] });
ok($t->waitforlog(qr/"found" could not be updated from "cvm": status 404/, 6),
	'no role of the machine');

###############################################################################

sub token {
	my ($entry) = @_;
	my ($value) = map { $_->[1] } grep { lc $_->[0] eq 'x-cos-security-token' }
		@{$entry->{headers}};
	return $value;
}

###############################################################################
