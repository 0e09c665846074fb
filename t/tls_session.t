#!/usr/bin/perl

# Tests for TLS sessions: what one bucket has verified says nothing of another.

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

my $t = Test::COS->new()->needs('ssl');
my $debug = $t->has_module('debug');

$t->debug() if $debug;
$t->allow_tokens_in_log();
$t->plan(22);

# the certificate is good for one of two buckets at the same endpoint

my @buckets = map { { name => "$_-1250000000", region => 'ap-guangzhou' } }
	qw/ first second /;
my $host = '1250000000.cos.ap-guangzhou.myqcloud.com';

$t->cos(buckets => \@buckets, tls => $t->make_ca(names => ["first-$host"]));
$t->store_put($_->{name}, 'a.txt', 'hello') for @buckets;

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket first-1250000000 ap-guangzhou endpoint=127.0.0.1:8081;
    cos_bucket second-1250000000 ap-guangzhou endpoint=127.0.0.1:8081;

    proxy_ssl_trusted_certificate %%TESTDIR%%/ca.crt;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /13/ { cos_pass path_style; }
        location /12/ { cos_pass path_style; proxy_ssl_protocols TLSv1.2; }
        location /off/ { cos_pass path_style; proxy_ssl_verify off; }
        location /name/ {
            cos_pass path_style;
            proxy_ssl_name first-1250000000.cos.ap-guangzhou.myqcloud.com;
        }
    }
}

EOF

$t->run();

for my $path (qw/ 13 12 /) {
	is(http_get("/$path/second-1250000000/a.txt")->status, 502,
		"$path second alone");
	is(http_get("/$path/first-1250000000/a.txt")->body, 'hello',
		"$path first");
	is(http_get("/$path/first-1250000000/a.txt")->body, 'hello',
		"$path first again");

	my $n = grep { $_->{bucket} eq $buckets[1]{name} } $t->journal;
	is(http_get("/$path/second-1250000000/a.txt")->status, 502,
		"$path second after first");
	is(http_get("/$path/second-1250000000/a.txt")->status, 502,
		"$path second again");
	is(scalar(grep { $_->{bucket} eq $buckets[1]{name} } $t->journal), $n,
		"$path nothing sent to second");
	is(http_get("/$path/first-1250000000/a.txt")->body, 'hello',
		"$path first after second");
}

SKIP: {
	skip 'no debug log', 1 unless $debug;
	like($t->error_log, qr/SSL reused session/, 'sessions are reused');
}

# a session that was made without verifying, or with another name

is(http_get('/off/second-1250000000/a.txt')->body, 'hello', 'not verified');
is(http_get('/off/second-1250000000/a.txt')->body, 'hello',
	'not verified again');
$t->journal_clear;
is(http_get('/13/second-1250000000/a.txt')->status, 502,
	'verified after that');

is(http_get('/name/second-1250000000/a.txt')->body, 'hello', 'other name');
is(http_get('/name/second-1250000000/a.txt')->body, 'hello',
	'other name again');
$t->journal_clear;
is(http_get('/13/second-1250000000/a.txt')->status, 502,
	'own name after that');
is(scalar(my @e = $t->journal), 0, 'nothing sent');

###############################################################################
