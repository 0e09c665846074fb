#!/usr/bin/perl

# Tests for form uploads: a policy for exactly what is sent.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;

use Digest::MD5 qw/ md5_hex /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs('cache')->needs_cos()->plan(33);

my $token = 'exampleToken+/=value';
$t->cos(credentials => [
	{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	{ secret_id => 'AKIDtemporary', secret_key => 'TemporarySecretKey01',
		token => $token },
]);

$t->write_conf(<<"EOC");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials tmp { provider static; secret_id AKIDtemporary;
                          secret_key TemporarySecretKey01; token $token; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 credentials=tmp alias=videos;

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    log_format form '\$request_method \$cos_action \$cos_bucket \$cos_key';
    access_log %%TESTDIR%%/form.log form;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass   images-1250000000;
            cos_allow  PostObject;
        }

        location /tmp/ {
            cos_pass   videos-1250000000;
            cos_allow  PostObject;
        }

        location /off/ {
            cos_pass   images-1250000000;
            cos_allow  PostObject;
            proxy_request_buffering off;
        }

        location /cache/ {
            cos_pass   images-1250000000;
            cos_allow  PostObject;
            proxy_cache          one;
            proxy_cache_methods  POST;
            proxy_cache_valid    any 1h;
        }

        location /write/ {
            cos_pass   images-1250000000;
            cos_allow  read write list delete;
        }
    }
}

EOC

$t->run();

my $file = join '', map { chr(rand 256) } 1 .. 100000;
my ($r, $e, $o);

$r = http_form('/', [key => 'dir/a.jpg', 'Content-Type' => 'image/jpeg',
	'Cache-Control' => 'max-age=1', 'Content-Disposition' => 'inline',
	'x-cos-meta-Name' => "q\"\\\xe4\xb8\xad", 'x-cos-storage-class' =>
	'STANDARD_IA', success_action_status => 200], $file);
is($r->status, 200, 'status');
is($r->header('etag'), '"' . md5_hex($file) . '"', 'etag');
is($r->header('location'), 'http://localhost:' . $t->port(8080)
	. '/dir/a.jpg', 'location');
ok($t->store_get('images-1250000000', 'dir/a.jpg') eq $file, 'stored');
$o = $t->store->head('images-1250000000', 'dir/a.jpg')->{headers};
is($o->{'content-type'}, 'image/jpeg', 'type');
is($o->{'cache-control'}, 'max-age=1', 'cache control');
is($o->{'content-disposition'}, 'inline', 'disposition');
is($o->{'x-cos-meta-name'}, "q\"\\\xe4\xb8\xad", 'meta');
is($o->{'x-cos-storage-class'}, 'STANDARD_IA', 'storage class');

$e = ($t->journal)[-1];
is("$e->{method} $e->{target} $e->{operation} $e->{verified} $e->{source}",
	'POST / PostObject 1 policy', 'sent');
is($e->{secret_id}, SECRET_ID, 'signed');
is(join(' ', grep { /^(?:authorization|x-cos-security-token)$/i }
	map { $_->[0] } @{$e->{headers}}), '', 'no signature in the header');
is($e->{host}, 'images-1250000000.cos.ap-guangzhou.myqcloud.com', 'host');
$t->wait_until(sub { $t->read_file('form.log') });
is($t->read_file('form.log'), "POST PostObject images-1250000000 dir/a.jpg\n",
	'variables');

# no more than a key, and what a form may be without

$r = http_form('/', [key => 'b'], '');
is($r->status, 204, 'empty file');
is($t->store_get('images-1250000000', 'b'), '', 'empty file stored');

$r = http_form('/', [key => 'c', 'Content-Type' => ''], 'x', filename => undef,
	last => '--');
is($r->status, 204, 'no file name, no last line');
is($t->store_get('images-1250000000', 'c'), 'x', 'stored');

# a token is a field, and so is a part of the policy

$r = http_form('/tmp/', [key => 'd'], 'video');
is($r->status, 204, 'token');
is($r->header('location'), 'http://localhost:' . $t->port(8080) . '/tmp/d',
	'token location');
is($t->store_get('videos-1250000000', 'd'), 'video', 'token stored');
$e = ($t->journal)[-1];
is("$e->{secret_id} $e->{verified}", 'AKIDtemporary 1', 'token sent');
unlike(join(' ', map { "@$_" } @{$e->{headers}}), qr/\Q$token\E/,
	'token not in the headers');

# a connection is kept

my $c = http_connect();
my @status;
for my $n (1 .. 2) {
	$c->request(method => 'POST', uri => '/', headers => { Host => 'h',
		'Content-Type' => form_type() }, body => form_body([key =>
		"k$n"], $n));
	push @status, $c->read_response()->status;
}
is("@status", '204 204', 'keepalive');

# a client that asks before

for my $uri (qw! / /off/ !) {
	$r = http_form($uri, [key => 'f'], $file, wait_continue => 1);
	is("@{$r->interim} " . $r->status, '100 204', "$uri told to continue");
}
$r = http_form('/write/', [key => 'f'], $file, wait_continue => 1);
is("@{$r->interim} " . $r->status, ' 403', 'refused before');

# two forms are never one

$t->journal_clear;
is(http_form('/cache/', [key => "g$_"], $_)->status, 204, "cache, $_")
	for 1 .. 2;
is(join(' ', map { $_->{key} } $t->journal), 'g1 g2', 'not from a cache');

# by its name alone: any site can make a browser send a form

$t->journal_clear;
$r = http_form('/write/', [key => 'e'], 'x');
is($r->status, 403, 'not of a group');
like($r->body, qr/operation &quot;PostObject&quot; is not allowed/,
	'not of a group, message');
is(scalar(my @none = $t->journal), 0, 'not sent');

###############################################################################
