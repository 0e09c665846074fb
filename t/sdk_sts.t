#!/usr/bin/perl

# Tests for getAuthorization of the SDK of mini programs, as its documentation
# has it, with cos_sts for a server: directly at COS, and through the gateway.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib', 'sdk';
use Node;
use Test::COS;
use Test::COS::Issuer;

use Digest::MD5 qw/ md5_hex /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my @calls = (
	['postObject', 200],
	['getObject', 200],
	['putObject', 200],
	['uploadFile', 200],
	['uploadFile put', 200],
	['sliceUploadFile', 200],
	['getBucket', 200],
	['getObjectUrl', 200],
	['deleteMultipleObject', 200],
	['deleteObject', 204],
	['missing', 404],
);
my %clients = (direct => '', 'direct old' => '-1-4', gateway => '',
	'gateway old' => '-1-4');

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos())
	->plan(keys(%clients) * (2 + @calls) + 5);

# no bucket can be strict for clients of this SDK: it does not sign the token

$t->cos(strict => 0);
$t->issuer(life => 7200);
my $issuer = $t->issuer_url;
my $policy = '{"version":"2.0","statement":[{"effect":"allow",'
	. '"action":["name/cos:*"],"resource":["*"]}]}';

$t->write_conf(<<"EOC");

%%TEST_GLOBALS%%

events { }

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials uploader { provider assume_role
                                   qcs::cam::uin/100000000001:roleName/up;
                               base app; endpoint $issuer; vend on;
                               policy '$policy'; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;

    server {
        listen 127.0.0.1:8080;

        location = /sts { cos_sts uploader; }
        # links that the clients have signed are theirs to keep
        access_log off;

        location /      { cos_pass path_style;
                          cos_allow read write list delete PostObject copy; }
    }
}

EOC

$t->run();

my $small = 'small file';
my $big = 'big file ' x 250000;
$t->write_file('tmp_small.jpg', $small);
$t->write_file('tmp_big.jpg', $big);

my $cos = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my @origins = map { "http://$_" } 'files.example.com', $cos;

my $got = Node::run($t, 'wx_client.js', {
	wx => { platform => 'android', dir => $t->testdir,
		servers => { 'files.example.com' => $t->port(8080),
			$cos => $t->port(8081) },
		domains => { map { $_ => \@origins }
			qw/ request uploadFile downloadFile / } },
	clients => [map { { name => $_, sdk => "cos-wx-sdk-v5$clients{$_}",
		sts => 'http://files.example.com/sts', options => { Domain =>
			/direct/ ? 'http://{Bucket}.cos.{Region}.myqcloud.com'
			: 'http://files.example.com/{Bucket}' } } } sort keys %clients] });

my @issued = $t->issued;
is(scalar @issued, 1, 'one credential for all');
cmp_ok(scalar(grep { m!/sts\?! } @{$got->{sent}}), '>=', keys %clients,
	'asked by each');

for my $name (sort keys %clients) {
	for (@calls) {
		my ($what, $status) = @$_;
		is($got->{results}{"$name $what"}{status}, $status, "$name $what")
			or diag explain $got->{results}{"$name $what"};
	}
	is($got->{results}{"$name getObject"}{md5}, md5_hex($small),
		"$name read") if $clients{$name} eq '';
	is($got->{results}{"$name getObjectUrl"}{md5}, md5_hex($small),
		"$name read") if $clients{$name} ne '';
	my $stored = $t->store_get('images-1250000000', "$name/slices");
	ok(defined $stored && $stored eq $big, "$name stored");
}

# who has signed

my %ids;
my $refused = '';
for ($t->journal) {
	next if ($_->{bucket} || '') ne 'images-1250000000';
	$ids{$_->{secret_id} || ''}++;
	$refused .= "$_->{method} $_->{target} $_->{status} " if !$_->{verified};
}
is(join(' ', sort keys %ids), join(' ', sort(+SECRET_ID,
	$issued[0]{secret_id})), 'who has signed');
is($refused, '', 'all verified');
cmp_ok($ids{+SECRET_ID}, '>', 20, 'through the gateway: its own key');

###############################################################################
