#!/usr/bin/perl

# Tests for the issuer of the harness: metadata, sts.php, what becomes of the
# credentials.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';

use Test::COS;
use Test::COS::Issuer;

use JSON::PP ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $CAM = '/latest/meta-data/cam/security-credentials';
my $HOST = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';

my $t = Test::COS->new()->plan(63);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 3600, roles => ['cos-gateway', 'other'],
	paths => ['/sts.php', qr!\A/key/[a-z0-9-]+\z!]);

# metadata

my $r = get("$CAM/");
is($r->status, 200, 'roles');
is($r->body, "cos-gateway\nother", 'a role a line');

$r = get("$CAM/cos-gateway");
my $j = json($r);
my ($c) = $t->issued;
is_deeply([sort keys %$j], [qw/ Code Expiration ExpiredTime TmpSecretId
	TmpSecretKey Token /], 'metadata');
is($j->{Code}, 'Success', 'code');
is_deeply([@$j{qw/ TmpSecretId TmpSecretKey Token ExpiredTime /}],
	[@$c{qw/ secret_id secret_key token expires /}], 'issued');
like($r->body, qr/"ExpiredTime": ?\d{10}\b/, 'a number');
like($j->{Expiration}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'RFC 3339');
ok(abs($j->{ExpiredTime} - time() - 3600) < 10, 'life');
is(length $c->{token}, 256, 'token');

is(get("$CAM/none")->status, 404, 'unknown role');
is(post("$CAM/other")->status, 405, 'metadata method');
is(get('/latest/meta-data/')->status, 404, 'another path');

my ($e) = $t->issuer_journal(undef, 'metadata');
is($e->{issued}, $c->{secret_id}, 'journal issued');
is($e->{role}, 'cos-gateway', 'journal role');
is($e->{target}, "$CAM/cos-gateway", 'journal target');
is(join(' ', map { "$_->{action} $_->{status}" } $t->issuer_journal),
	'metadata_list 200 metadata 200 metadata 404 metadata 405 unknown 404',
	'journal');

$t->issuer_control({ roles => [] });
is(get("$CAM/")->status, 404, 'no role');
is(get("$CAM/cos-gateway")->status, 404, 'no such role');

# each is another one, unless metadata keeps it

$t->issuer_control();
isnt(json(get("$CAM/other"))->{TmpSecretId},
	json(get("$CAM/other"))->{TmpSecretId}, 'unique');
$t->issuer_control({ keep => 60, life => 100 });
my @id = map { json(get("$CAM/other"))->{TmpSecretId} } 1, 2;
is($id[0], $id[1], 'kept');
isnt(json(get("$CAM/cos-gateway"))->{TmpSecretId}, $id[0], 'per role');
$t->issuer_control({ keep => 101, life => 100 });
isnt(json(get("$CAM/other"))->{TmpSecretId}, $id[0], 'rotated');

# sts.php

$t->issuer_control();
$t->issuer_journal_clear;
$r = get('/sts.php?bucket=images-1250000000&region=ap-guangzhou');
is($r->status, 200, 'sts.php');
is($r->header('Content-Type'), 'application/json', 'type');
$j = json($r);
is_deeply([sort keys %$j], [qw/ credentials expiration expiredTime requestId
	startTime /], 'members');
is_deeply([sort keys %{$j->{credentials}}], [qw/ sessionToken tmpSecretId
	tmpSecretKey /], 'credentials');
is($j->{expiredTime} - $j->{startTime}, 3600, 'life of sts.php');
($e) = $t->issuer_journal(undef, 'http');
is_deeply($e->{query}, { bucket => 'images-1250000000',
	region => 'ap-guangzhou' }, 'query');
is(get('/key/images-1250000000')->status, 200, 'a path by regex');
is(($t->issuer_journal)[-1]{path}, '/key/images-1250000000', 'path');
is(get('/key/A')->status, 404, 'not that path');
is(post('/sts.php')->status, 405, 'sts.php method');

$t->issuer_control({ require => { Authorization => 'Bearer of-the-test' } });
is(get('/sts.php')->status, 401, 'header missing');
is(get('/sts.php', Authorization => 'Bearer x')->status, 401, 'wrong');
is(get('/sts.php', Authorization => 'Bearer of-the-test')->status, 200,
	'right');
is(join(' ', map { $_->{verified} } ($t->issuer_journal)[-3 .. -1]), '0 0 1',
	'journal verified');

# a kept-alive connection

$t->issuer_control();
my $conn = http_connect(port => 8089);
is(get('/sts.php', conn => $conn)->status, 200, 'first');
is(get('/sts.php', conn => $conn)->status, 200, 'second');
$conn->close;
my @last = ($t->issuer_journal)[-2, -1];
is($last[0]{conn}, $last[1]{conn}, 'same connection');

# forms

for ([{ life => 60, case => 'upper' }, 'Credentials', 'TmpSecretKey'],
	[{ form => 'response' }, 'Credentials', 'TmpSecretKey'],
	[{ form => 'sts' }, 'Response'], [{ form => 'metadata' }, 'TmpSecretKey'])
{
	my ($control, @path) = @$_;
	$t->issuer_control($control);
	$j = json(get('/sts.php'));
	$j = $j->{$_} for @path;
	ok(defined $j, 'form ' . join ' ', map { "$_ $control->{$_}" }
		sort keys %$control);
}

# what the local COS says of them

$t->issuer_control({ token_size => 4096 });
get("$CAM/cos-gateway");
$c = ($t->issued)[-1];
is(length $c->{token}, 4096, 'long token');
is(ask($c)->body, 'hello', 'accepted');
is(($t->journal)[-1]{verified}, 1, 'verified');
is(ask({ %$c, token => 'x' })->code, 'AccessDenied', 'wrong token');
is(ask({ %$c, token => undef })->code, 'AccessDenied', 'no token');
is(ask({ %$c, secret_key => 'x' })->code, 'SignatureDoesNotMatch',
	'wrong key');

$t->control({ revoked => [$c->{secret_id}] });
is(ask($c)->code, 'InvalidAccessKeyId', 'revoked');
$t->control({ rules => [{ status => 503, times => 1 }] });
get("$CAM/cos-gateway");
is(ask($c)->status, 503, 'a rule of the local COS');
get("$CAM/cos-gateway");
is(ask($c)->status, 200, 'used up, whatever was issued since');
$t->control({ clock_offset => 7201 });
is(ask($c, start => time() + 7100)->code, 'ExpiredToken',
	'expired by the clock');

$t->control();
$t->issuer_control({ life => 2 });
get("$CAM/cos-gateway");
my $short = ($t->issued)[-1];
is(ask($short)->status, 200, 'short life');
is($t->wait_until(sub { ask($short)->code }, 5), 'ExpiredToken', 'is over');
is(ask($short)->status, 400, 'status');
is(ask($c)->status, 200, 'the one before still works');

$t->issuer_control({ life => -60 });
get("$CAM/cos-gateway");
is(ask(($t->issued)[-1])->code, 'ExpiredToken', 'expired from the start');
$t->issuer_control({ life => 60, valid => 0 });
get("$CAM/cos-gateway");
is(ask(($t->issued)[-1])->code, 'ExpiredToken', 'less than promised');
$t->issuer_control({ known => 0 });
get("$CAM/cos-gateway");
is(ask(($t->issued)[-1])->code, 'InvalidAccessKeyId', 'not known yet');

# another issuer, another COS

$t->issuer(port => 8088);
$t->cos(port => 8082);
get("$CAM/cos-gateway", port => 8088);
is(scalar $t->issued(8088), 1, 'issued there');
is(ask(($t->issued)[-1], port => 8082)->code, 'NoSuchKey', 'any local COS');

# a secret in a log is noticed

$t->write_file('error.log', "x $c->{secret_key} $short->{token}\n");
is($t->_leaks, "error.log: x <key> <token>\n", 'leak');
unlink $t->path('error.log');

###############################################################################

sub get {
	my ($uri, %a) = @_;
	my %opt = map { $_ => delete $a{$_} } grep { exists $a{$_} }
		qw/ port conn /;
	return http_request(port => 8089, uri => $uri, headers => \%a, %opt);
}

sub post { http_request(port => 8089, uri => $_[0], method => 'POST',
	body => '') }

sub json { return JSON::PP->new->utf8->decode($_[0]->body) }

sub ask {
	my ($cred, %a) = @_;
	my $port = delete $a{port} || 8081;
	return http_request(port => $port, uri => '/a.txt', host => $HOST,
		sign => { secret_id => $cred->{secret_id}, secret_key =>
			$cred->{secret_key}, token => $cred->{token}, %a });
}

###############################################################################
