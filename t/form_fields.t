#!/usr/bin/perl

# Tests for the fields of a form: passed, dropped, or refused by cos_allow.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;

use JSON::PP ();
use MIME::Base64 qw/ decode_base64 /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

# feature -> fields

my %guarded = (
	acl => [qw/ acl x-cos-acl X-Cos-Grant-Read x-cos-grant-full-control /],
	redirect => [qw/ success_action_redirect Success_Action_Redirect /],
	sse => [qw/ x-cos-server-side-encryption
		x-cos-server-side-encryption-customer-key /],
	callback => [qw/ x-cos-callback x-cos-callback-var x-cos-return-body /],
	tagging => [qw/ x-cos-tagging /],
	image => [qw/ Pic-Operations /],
);
my @features = sort keys %guarded;

my @dropped = qw/ Signature signature POLICY sign q-sign-algorithm Q-AK
	q-sign-time q-key-time q-signature q-anything x-cos-security-token
	X-CI-Security-Token Authorization token clientIP /;
my @unknown = qw/ filename submit x-amz-acl AWSAccessKeyId x-cos-unknown
	x-cos-object-type x-ci-anything redirect x-cos-copy-source /;

my $t = Test::COS->new()->needs_cos()->plan(16 + 3 * @features);

$t->cos();

my $locations = join '', map { <<"EOL" } @features;
        location /$_/ {
            cos_pass  images-1250000000;
            cos_allow PostObject $_;
        }
EOL

$t->write_conf(<<'EOC' =~ s/LOCATIONS/$locations/r);

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8082;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass  images-1250000000;
            cos_allow PostObject copy;
        }

        location /prefix/ {
            cos_pass  images-1250000000/p/;
            cos_allow PostObject image;
        }

LOCATIONS

    }

    # what COS gets

    server {
        listen       127.0.0.1:8082;

        location / {
            client_body_in_file_only  on;
            client_body_temp_path     %%TESTDIR%%/body;
            proxy_pass                http://127.0.0.1:8081;
            proxy_set_header          Host $host;
        }
    }
}

EOC

$t->run();

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my @none;

###############################################################################

# features, one by one

my @fields = map { @$_ } values %guarded;
is(join(' ', grep { http_form('/', [key => 'a', $_ => 'x'], 'x')->code
	ne 'AccessDenied' } @fields), '', 'guarded fields refused');
is(join(' ', grep { http_form('/', [key => 'a', $_ => ''], 'x')->code
	ne 'AccessDenied' } @fields), '', 'guarded fields refused when empty');
is(scalar(@none = $t->journal), 0, 'guarded fields, nothing sent');

for my $feature (@features) {
	my %own = map { $_ => 1 } @{$guarded{$feature}};
	my $value = $feature eq 'redirect' ? 'http://h/done' : 'x';
	is(join(' ', grep { http_form("/$feature/", [key => 'a', $_ => 'x'], 'x')
		->status != 403 } grep { !$own{$_} } @fields), '',
		"$feature, others refused");
	$t->journal_clear;
	is(join(' ', grep { http_form("/$feature/", [key => 'a', $_ => $value],
		'x')->status !~ /\A(?:204|303)\z/ } keys %own), '',
		"$feature, allowed");
	is(scalar(grep { $_->{verified} } $t->journal), scalar(keys %own),
		"$feature, sent");
}

is(http_form('/prefix/', [key => 'a', 'Pic-Operations' => '{}'], 'x')->status,
	403, 'rules for other keys where keys are confined');

# what the client has signed, or what it cannot know

$t->journal_clear;
is(join(' ', grep { http_form('/', [key => 'a', $_ => 'x'], 'x')->status
	!= 204 } @dropped), '', 'signatures of clients dropped');
is(scalar(grep { $_->{verified} } $t->journal), scalar(@dropped),
	'signed anew');

$t->journal_clear;
is(join(' ', grep { http_form('/', [key => 'a', $_ => 'x'], 'x')->status
	!= 403 } @unknown), '', 'unknown fields refused');
is(scalar(@none = $t->journal), 0, 'unknown fields, nothing sent');
my $r = http_form('/', [key => 'a', 'X-Any' => 'x'], 'x');
like($r->body, qr/field &quot;x-any&quot; of a form is not known/,
	'unknown field named');

# the form as COS gets it: nothing of the client is left but this

unlink glob $t->path('body/*');
$r = http_form('/', [key => 'k', Policy => 'x', 'x-cos-meta-A' => 'b',
	'q-signature' => 'x', Expires => ''], 'contents', filename => 'a\\"b.png',
	last => '--');
is($r->status, 204, 'rewritten');
my ($file) = glob $t->path('body/*');
my $body = $t->read_file($file);
my $b = '------WebKitFormBoundaryxYzZY';
my ($policy) = $body =~ /name="policy"\r\n\r\n(.*?)\r\n/;
my ($ak, $time, $signature) = map { $body =~ /name="$_"\r\n\r\n(.*?)\r\n/ }
	'q-ak', 'q-key-time', 'q-signature';
my $d = 'Content-Disposition: form-data; name=';
is($body, join("\r\n", map({ ($b, "$d\"$$_[0]\"", '', $$_[1]) }
	['key', 'k'], ['x-cos-meta-A', 'b'], ['q-sign-algorithm', 'sha1'],
	['q-ak', SECRET_ID], ['q-key-time', $time], ['q-signature', $signature],
	['policy', $policy]), $b, "$d\"file\"; filename=\"file\"",
	'Content-Type: image/png', '', 'contents', "$b--"), 'form sent');
like(($t->journal)[-1]{body_len}, qr/\A${\ length $body}\z/, 'length sent');

my $json = JSON::PP->new->utf8->decode(decode_base64($policy));
is_deeply($json->{conditions}, [{ 'q-sign-algorithm' => 'sha1' },
	{ 'q-ak' => SECRET_ID }, { 'q-sign-time' => $time },
	{ bucket => 'images-1250000000' }, ['eq', '$key', 'k'],
	['eq', '$x-cos-meta-A', 'b'], ['content-length-range', 8, 8]],
	'conditions');
my ($start, $end) = split /;/, $time;
cmp_ok($end - time(), '<=', 1260, 'short life');
my @tm = gmtime $end;
is($json->{expiration}, sprintf('%d-%02d-%02dT%02d:%02d:%02d.000Z',
	$tm[5] + 1900, $tm[4] + 1, @tm[3, 2, 1, 0]), 'expiration');

# a header that is for another body

is(http_form('/', [key => 'a'], 'x', headers => [['Content-MD5',
	'nhUNLc6BM0LMptgzwsNZmw==']])->status, 400, 'Content-MD5 of the request');

###############################################################################
