#!/usr/bin/perl

# Tests for form uploads to the local COS of the test harness.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use COS::Signature qw/ sign sign_policy /;

use Digest::MD5 qw/ md5_hex /;
use MIME::Base64 qw/ encode_base64 /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(23);

$t->cos();

my $bucket = 'images-1250000000';
my $host = "$bucket.cos.ap-guangzhou.myqcloud.com";
my %key = (secret_id => SECRET_ID, secret_key => SECRET_KEY);
my $time = time() - 10 . ';' . (time() + 600);
my $file = join '', map { chr(rand 256) } 1 .. 200000;
my $r;

# a header-style signature in the form

my $signature = sign(%key, method => 'POST', target => '/',
	headers => [['Host', $host]])->{authorization};

$r = form([key => 'dir/${filename}', success_action_status => 200,
	Signature => $signature, 'Content-Type' => 'image/png',
	'x-cos-meta-a' => 'b'], $file);
is($r->status, 200, 'signature');
is($r->header('etag'), '"' . md5_hex($file) . '"', 'signature etag');
is($r->header('location'), "http://$host/dir/f.png", 'signature location');
ok($t->store_get($bucket, 'dir/f.png') eq $file, 'signature stored');
is($t->store->head($bucket, 'dir/f.png')->{headers}{'content-type'},
	'image/png', 'signature type');
is_deeply([@{($t->journal)[-1]}{qw/ operation key verified /}],
	['PostObject', 'dir/f.png', 1], 'signature journal');

is(form([key => 'a'], 'x')->code, 'AccessDenied', 'unsigned');
(my $wrong = $signature) =~ s/.{4}$/0000/;
is(form([key => 'a', Signature => $wrong], 'x')->code,
	'SignatureDoesNotMatch', 'wrong signature');
is(form([key => 'a', Signature => $signature], 'x', [Authorization =>
	$signature])->status, 204, 'signature twice');

# a policy

my @conditions = ({ bucket => $bucket }, ['starts-with', '$key', 'dir/'],
	['content-length-range', 1, 10]);

$r = form(policy(\@conditions, key => 'dir/a', success_action_redirect =>
	'http://localhost/done?x'), 'policy');
is($r->status, 303, 'policy');
is($r->header('location'), "http://localhost/done?x&bucket=$bucket"
	. '&key=dir%2Fa&etag=%22' . md5_hex('policy') . '%22', 'redirect');
is($t->store_get($bucket, 'dir/a'), 'policy', 'policy stored');
is(form(policy(\@conditions, key => 'dir/a'), '')->code, 'EntityTooSmall',
	'too small');
is(form(policy(\@conditions, key => 'dir/a'), 'x' x 11)->code,
	'EntityTooLarge', 'too large');
like(form(policy(\@conditions, key => 'other'), 'x'),
	qr/Condition key key doesn't match the value dir\//, 'other key');
is(form(policy([@conditions, ['eq', '$acl', 'default']], key => 'dir/a'),
	'x')->code, 'AccessDenied', 'missing field');
is(form([@{policy(\@conditions, key => 'dir/a')}, 'q-signature' => 'x'],
	'x')->code, 'MalformedPOSTRequest', 'field twice');
my $policy = policy(\@conditions, key => 'dir/a');
$policy->[-1] =~ s/^.{4}/0000/;
is(form($policy, 'x')->code, 'SignatureDoesNotMatch', 'policy signature');

# not a form

is(http_request(method => 'POST', uri => '/', body => 'x', port => 8081,
	host => $host)->code, 'MalformedPOSTRequest', 'no form');
is(raw("--B\r\nnonsense")->code, 'MalformedPOSTRequest', 'no part');
is(raw(part(key => 'a') . part(Signature => $signature) . "--B--\r\n")->code,
	'MalformedPOSTRequest', 'no file');
is(raw(part(key => 'a') . part(Signature => $signature)
	. part('file"; filename="a', 'x') . part(late => 1) . "--B--\r\n")->code,
	'MalformedPOSTRequest', 'field after the file');
is($t->store_get($bucket, 'a'), 'x', 'unchanged');

###############################################################################

sub part {
	my ($name, $value) = @_;
	return "--B\r\nContent-Disposition: form-data; name=\"$name\"\r\n\r\n"
		. "$value\r\n";
}

sub raw {
	my ($body, $headers) = @_;
	return http_request(method => 'POST', uri => '/', body => $body,
		port => 8081, headers => { Host => $host, @{$headers || []},
			'Content-Type' => 'multipart/form-data; boundary=B' });
}

sub form {
	my ($fields, $content, $headers) = @_;
	my $body = '';
	for (my $i = 0; $i < @$fields; $i += 2) {
		$body .= part(@$fields[$i, $i + 1]);
	}
	return raw($body . part('file"; filename="f.png', $content) . "--B--\r\n",
		$headers);
}

sub policy {
	my ($conditions, @fields) = @_;
	my ($s, $m, $h, $d, $mon, $y) = gmtime(time() + 600);
	my $text = JSON::PP->new->canonical->encode({
		expiration => sprintf('%d-%02d-%02dT%02d:%02d:%02d.000Z', $y + 1900,
			$mon + 1, $d, $h, $m, $s),
		conditions => [@$conditions, { 'q-sign-algorithm' => 'sha1' },
			{ 'q-ak' => SECRET_ID }, { 'q-sign-time' => $time }] });
	return [@fields, policy => encode_base64($text, ''),
		'q-sign-algorithm' => 'sha1', 'q-ak' => SECRET_ID,
		'q-key-time' => $time, 'q-signature' => sign_policy(%key,
			policy => $text, key_time => $time)];
}

###############################################################################
