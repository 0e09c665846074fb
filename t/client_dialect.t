#!/usr/bin/perl

# Tests for headers of other services and of proxies, and for Date.

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

my $t = Test::COS->new()->needs_cos()->plan(65);

# what is signed does not matter here
$t->cos(buckets => [{ name => 'images-1250000000', region => 'ap-guangzhou',
	strict => 0 }]);
$t->store_put('images-1250000000', 'a', 'hello');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
            cos_allow read write list delete acl copy sse tagging;
        }

        location /set/ {
            cos_pass images-1250000000/;
            proxy_set_header X-Other 1;
            cos_allow read write;
        }

        location /none/ {
            cos_pass images-1250000000/;
            proxy_pass_request_headers off;
            cos_allow read write;
        }

        location /if/ {
            if ($http_date) {
                add_header X-If 1;
            }
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location /date/ {
            proxy_set_header Date $http_x_date;
            cos_pass images-1250000000/;
        }
    }

    server {
        listen 127.0.0.1:8082;
        proxy_set_header Date $http_x_date;

        location / {
            cos_pass images-1250000000;
        }
    }
}
EOC

$t->run();

###############################################################################

# COS knows these for the sake of clients of another service

for my $name (qw/ acl copy-source security-token date meta-a grant-read tagging
	content-sha256 server-side-encryption storage-class /)
{
	for my $spelling ("x-amz-$name", uc "x-amz-$name") {
		my $r = http_put('/new', 'body', $spelling => 'public-read');
		is($r->status . ' ' . ($r->code || ''), '403 AccessDenied', $spelling);
	}
}

is(http_get('/a', 'x-amz-date' => 'x')->status, 403, 'get');
is(http_head('/a', 'x-amz-date' => 'x')->status, 403, 'head');
is(http_delete('/a', 'x-amz-mfa' => 'x')->status, 403, 'delete');
is(http_put('/set/new', 'x', 'x-amz-acl' => 'x')->status, 403,
	'other location');
is(scalar(my @none = $t->journal), 0, 'nothing sent');
is($t->store_get('images-1250000000', 'new'), undef, 'not written');

# names that only look like them

is(http_get('/a', $_ => '1')->body, 'hello', $_) for qw/ x-amz x-amzn-id
	amz-acl /;
$t->journal_clear;

# what is for a proxy, and a clock that need not be right

for my $uri (qw! /a /set/a /none/a /if/a !) {
	for my $case (['Proxy-Authorization', 'Basic c2VjcmV0OnBhc3M='],
		['PROXY-AUTHORIZATION', 'Basic c2VjcmV0OnBhc3M='],
		['Date', 'Mon, 01 Jan 2001 00:00:00 GMT'], ['date', 'garbage'])
	{
		my ($name, $value) = @$case;
		my $r = http_get($uri, $name => $value);
		my ($e) = $t->journal;
		is($r->body . " $e->{verified}", 'hello 1', "$uri $name");
		is(values_of($name), '', "$uri $name, not sent");
	}
}

# set on purpose

my $date = COS::Signature::http_time(time);
is(http_get('/date/a', 'X-Date' => $date, Date => 'garbage')->body, 'hello',
	'date that is set');
is(values_of('date'), $date, 'date that is set, sent');
is(http_request(uri => '/a', port => 8082, headers => { 'X-Date' => $date,
	Date => 'garbage' })->body, 'hello', 'date of the server');
is(values_of('date'), $date, 'date of the server, sent');

###############################################################################

sub values_of {
	my ($name) = @_;
	my @e = $t->journal;
	$t->journal_clear;
	return join ', ', map { $_->[1] } grep { lc $_->[0] eq lc $name }
		map { @{$_->{headers}} } @e;
}

###############################################################################
