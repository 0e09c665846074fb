#!/usr/bin/perl

# Tests for lookups that fail: the last addresses stay in use, and what is in
# the cache is served without any.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy cache /)->needs_cos()->plan(27);

my @names = qw/ servfail nxdomain drop empty cached rare /;

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names]);
$t->store_put("$_-1250000000", 'a.txt', "of $_") for @names;

my $dns = Test::COS::DNS->new($t);
$dns->set("$_.test", A => ['127.0.0.1'], ttl => 1) for @names;

my $buckets = join '', map { "cos_bucket $_-1250000000 ap-guangzhou"
	. " alias=$_ protocol=http endpoint=$_.test:" . $t->port(8081) . ";\n" }
	@names;

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    resolver 127.0.0.1:8053;
    resolver_timeout 1s;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $buckets

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }

        location /stale/ {
            cos_pass path_style;
            proxy_cache one;
            proxy_cache_key \$uri;
            proxy_cache_valid 200 1s;
            proxy_cache_use_stale error;
            add_header X-Cache \$upstream_cache_status always;
        }

        location /cache/ {
            cos_pass path_style;
            proxy_cache one;
            proxy_cache_valid 200 1m;
            add_header X-Cache \$upstream_cache_status always;
        }
    }
}

EOF

$t->run();

###############################################################################

my %failure = (servfail => { fail => 'servfail' },
	nxdomain => { fail => 'nxdomain' }, drop => { fail => 'drop' },
	empty => { A => [] });

for my $name (sort keys %failure) {
	is(http_get("/$name/a.txt")->body, "of $name", "$name, before");
	$dns->set("$name.test", %{$failure{$name}});
	my $bad = 0;
	ok($t->wait_until(sub {
		$bad++ if http_get("/$name/a.txt")->body ne "of $name";
		$t->error_log =~ /"$name.test" could not be resolved .*last addresses/;
	}, 15), "$name, noticed");
	is($bad, 0, "$name, answered all the time");
	is(http_get("/$name/a.txt")->body, "of $name", "$name, after");
}

# nginx starts without a name server

is(http_get("/$_/cached/a.txt")->header('X-Cache'), 'MISS', "to the $_")
	for qw/ cache stale /;
$dns->set('cached.test', fail => 'drop');
$t->stop;
$t->run;

$dns->clear;
is(http_get('/cache/cached/a.txt')->header('X-Cache'), 'HIT', 'hit');
is($dns->queries, 0, 'hit, nothing asked');
$t->journal_clear;
is(http_get('/cache/cached/b.txt')->status, 502, 'miss');
is(http_get('/cached/a.txt')->status, 502, 'not cached');
is(http_get('/cache/cached/a.txt')->header('X-Cache'), 'HIT', 'hit again');
is(scalar(my @e = $t->journal), 0, 'nothing sent');
like($t->error_log, qr/"cached.test" could not be resolved \(Operation timed/,
	'logged');

# what is old is served in place of an error

ok($t->wait_until(sub { http_get('/stale/cached/a.txt')->header('X-Cache')
	eq 'STALE' }), 'stale');

$dns->set('cached.test', A => ['127.0.0.1']);
ok($t->wait_until(sub { http_get('/cache/cached/b.txt')->status == 404 }),
	'with a name server');

###############################################################################
