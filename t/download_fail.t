#!/usr/bin/perl

# Tests for downloads that COS breaks off: what is cut is never cached.

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

my $t = Test::COS->new()->needs_cos()->plan(56);

$t->cos();

my $body = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 75000;

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=cache:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    proxy_read_timeout 2s;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /on/ {
            cos_pass images-1250000000;
        }

        location /off/ {
            cos_pass images-1250000000;
            proxy_buffering off;
        }

        location /cache/ {
            cos_pass images-1250000000;
            proxy_cache cache;
            proxy_cache_key $uri;
            proxy_cache_valid 200 1h;
        }
    }
}

EOC

$t->run();

$t->wait_until(sub { $t->worker_pids });
my @old = $t->worker_pids;

# what COS does => status and code, bytes that the client may get

my @cases = (
	['cut', { close_after => 100000 }, '200 truncated', 100000],
	['cut-at-once', { close_after => 0 }, '200 truncated', 0],
	['cut-at-the-end', { close_after => 299999 }, '200 truncated', 299999],
	['stalls', { stall => 60, stall_body_after => 100000 },
		'200 truncated', 100000],
	['stalls-at-once', { stall => 60, stall_body_after => 0 },
		'200 truncated', 0],
	['silent', { stall => 60 }, '504'],
	['closes', { close_early => 1 }, '502'],
	['fails', { status => 503, code => 'SlowDown' }, '503 SlowDown'],
);

$t->store_put('images-1250000000', $_->[0], $body) for @cases;
$t->control({ rules => [map { { %{$_->[1]}, path_re => "/$_->[0]\$" } }
	@cases] });

# all at once, for some of them take their time

my @asked = map { my $case = $_; map { ["/$_/$case->[0]", $case,
	http_connect()] } qw/ on off cache / } @cases;

$_->[2]->request(uri => $_->[0], headers => { Host => 'h' }) for @asked;

for my $asked (@asked) {
	my ($uri, $case, $c) = @$asked;
	my $most = $case->[3];
	my $r = $c->read_response();

	is(join(' ', $r->status, $r->truncated ? 'truncated' : (),
		$r->code || ()), $case->[2], $uri);
	ok($r->length <= $most && $r->body eq substr($body, 0, $r->length),
		"$uri no more than COS sent") if defined $most;
}

# asked for again, then from the cache

$t->control();

for my $case (@cases) {
	my $name = $case->[0];

	$t->journal_clear;
	my @r = map { http_get("/cache/$name") } 1 .. 2;
	ok(2 == grep({ $_->status == 200 && $_->body eq $body } @r),
		"$name whole");
	is(join(' ', map { "$_->{target} $_->{verified}" } $t->journal),
		"/$name 1", "$name fetched once more");
}

is(join(' ', $t->worker_pids), "@old", 'same worker');

###############################################################################
