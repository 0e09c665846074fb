#!/usr/bin/perl

# Tests for cos_sign off: a public bucket, nobody's signature.

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

my $t = Test::COS->new()->needs_cos()->plan(21);

$t->cos(buckets => [
	{ name => 'images-1250000000', region => 'ap-guangzhou' },
	{ name => 'public-1250000000', region => 'ap-guangzhou',
		public_read => 1 }]);
$t->store_put('images-1250000000', 'a', 'private');
$t->store_put('public-1250000000', 'a', 'public');

# no credentials at all

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_bucket public-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_sign off;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass public-1250000000;
        }

        location /private/ {
            cos_pass images-1250000000;
        }

        location /write/ {
            cos_pass  public-1250000000;
            cos_allow write acl;
        }
    }
}

EOC

$t->run();

###############################################################################

my $host = 'public-1250000000.cos.ap-guangzhou.myqcloud.com';

is(http_get('/a')->body, 'public', 'public object');
unsigned('nothing');

is(http_get('/a', Authorization => 'Basic eDp5')->body, 'public', 'basic');
unsigned('basic');

is(http_request(uri => '/a', host => $host, sign => { token => 'tok' })->body,
	'public', 'signed by the client');
unsigned('a signature of the client');

is(http_request(uri => '/a', host => $host, presign => { token => 'tok' })
	->body, 'public', 'presigned');
unsigned('a presigned URL');
is(($t->journal)[-1]{target}, '/a', 'presigned target');

is(http_request(uri => '/a', host => $host, presign => { merged => 1 })->body,
	'public', 'presigned, merged');
unsigned('a merged presigned URL');

is(http_get('/a', Token => 'x', 'x-ci-security-token' => 'y')->body, 'public',
	'tokens');
unsigned('tokens');

# a private one stays private, also for the owner's signature

is(http_get('/private/a')->code, 'AccessDenied', 'private');
is(http_request(uri => '/private/a', host =>
	'images-1250000000.cos.ap-guangzhou.myqcloud.com', sign => 1)->code,
	'AccessDenied', 'private and signed by the client');

# the gate is where it was

$t->journal_clear;
is(http_get('/a?acl')->status, 403, 'gate');
is(http_put('/x', 'x')->status, 403, 'gate of writes');
is(http_put('/write/x', 'x', 'x-cos-tagging' => 'a=b')->status, 403,
	'guarded features');
is(scalar(my @none = $t->journal), 0, 'not sent');
is(http_put('/write/x', 'x')->code, 'AccessDenied', 'write without rights');
is($t->store_get('public-1250000000', 'x'), undef, 'nothing written');

###############################################################################

sub unsigned {
	my ($name) = @_;
	my $s = ($t->journal)[-1];
	my @auth = grep { /\A(?:authorization|token|x-c(?:os|i)-security-token)\z/i }
		map { $_->[0] } @{$s->{headers}};
	is("@auth" . ($s->{source} || ''), '', "$name is not passed on");
}
