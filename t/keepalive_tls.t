#!/usr/bin/perl

# Tests for idle TLS connections to COS, and for sessions of new ones.

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
$t->plan(33);

# the certificate is good for one of two buckets

my @buckets = map { { name => "$_-1250000000", region => 'ap-guangzhou' } }
	qw/ first second /;
my $host = 'first-1250000000.cos.ap-guangzhou.myqcloud.com';

$t->cos(buckets => \@buckets, tls => $t->make_ca(names => [$host]));
$t->store_put($_->{name}, 'a.txt', 'hello') for @buckets;

my $other = $t->make_ca(name => 'other', self_signed => 1, names => ['x']);

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket first-1250000000 ap-guangzhou alias=first
               endpoint=127.0.0.1:8081;
    cos_bucket second-1250000000 ap-guangzhou alias=second
               endpoint=127.0.0.1:8081;

    proxy_ssl_trusted_certificate %%TESTDIR%%/ca.crt;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }
        location /12/ { cos_pass path_style; proxy_ssl_protocols TLSv1.2; }
        location /off/ { cos_pass path_style; proxy_ssl_verify off; }
        location /fixed/ { cos_pass path_style; proxy_ssl_name $host; }
        location /otherca/ {
            cos_pass path_style;
            proxy_ssl_trusted_certificate $other->{cert};
        }
        location /name/ {
            cos_pass path_style;
            proxy_ssl_name \$http_x_name;
        }
        location /nosession/ {
            cos_pass path_style;
            proxy_ssl_session_reuse off;
        }
    }
}

EOF

$t->run();

###############################################################################

# kept, with TLS 1.3 and 1.2

for my $path ('', '/12') {
	$t->journal_clear;
	is(http_get("$path/first/a.txt")->body, 'hello', "$path first request")
		for 1 .. 3;
	is(conns(), 1, "$path over one connection");
}

# closed by COS: the next one goes on with the session

my $n = reused();
for my $path ('', '/12', '/nosession') {
	$t->journal_clear;
	$t->control({ rules => [{ close => 1 }] });
	is(http_get("$path/first/a.txt")->body, 'hello', "$path new connection")
		for 1 .. 3;
	$t->control();
	is(conns(), 3, "$path over three connections");
	SKIP: {
		skip 'no debug log', 1 unless $debug;
		my $more = reused() - $n;
		$path eq '/nosession' ? is($more, 0, 'sessions switched off')
			: ok($more >= 2, "$path sessions are reused");
		$n += $more;
	}
}

# what one location has not verified, another does not use

is(http_get('/off/second/a.txt')->body, 'hello', 'not verified');
is(http_get('/fixed/second/a.txt')->body, 'hello', 'another name');
$t->journal_clear;
is(http_get('/second/a.txt')->status, 502, 'verified');
is(http_get('/otherca/first/a.txt')->status, 502, 'another CA');
is(scalar(my @e = $t->journal), 0, 'nothing sent');

# a name that depends on the request

is(http_get('/name/second/a.txt', 'X-Name' => $host)->body, 'hello',
	'name of a request');
is(http_get('/name/second/a.txt', 'X-Name' => 'other.test')->status, 502,
	'wrong name of a request');
is(http_get('/name/first/a.txt', 'X-Name' => $host)->body, 'hello',
	'name of a request again') for 1 .. 2;
is(conns(), 3, 'connections of such names are not kept');

###############################################################################

sub conns {
	my %conn = map { $_->{conn} => 1 } $t->journal;
	return scalar keys %conn;
}

sub reused {
	return scalar(my @lines = $t->error_log =~ /SSL reused session/g);
}

###############################################################################
