#!/usr/bin/perl

# Tests for buckets whose endpoint is not configured: the addresses, the ports
# and the names are those of COS itself.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;

use IO::Socket::INET;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy ssl /)->needs_cos();

# an address for this test alone, with the ports of https and http

my $ip = '127.0.' . ($t->port(8000) / 100 - 200 + 10) . '.1';
for my $port (443, 80) {
	$t->skip_all("no port $port") unless IO::Socket::INET->new(Listen => 1,
		LocalAddr => $ip, LocalPort => $port, ReuseAddr => 1);
}
$t->plan(24);

$t->cos(port => 443, address => $ip, tls => 1);
$t->cos(port => 80, address => $ip, dir => 443);
$t->store(443)->put('images-1250000000', 'a.txt', 'of images');
$t->store(443)->put('videos-1250000000', 'a.txt', 'of videos');

my $images = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my $videos = 'videos-1250000000.cos.ap-shanghai.myqcloud.com';
my $service = 'service.cos.myqcloud.com';

my $dns = Test::COS::DNS->new($t);
$dns->set($_, A => [$ip]) for $images, $videos, $service;

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    resolver 127.0.0.1:8053;
    proxy_ssl_trusted_certificate %%TESTDIR%%/ca.crt;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou;
    cos_bucket videos-1250000000 ap-shanghai protocol=http;

    cos_allow read write;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }

        location = /service {
            cos_pass service;
            cos_allow GetService;
        }
    }
}

EOF

$t->run();

###############################################################################

for my $case (['images', $images, 443], ['videos', $videos, 80]) {
	my ($name, $host, $port) = @$case;

	is(http_get("/$name-1250000000/a.txt")->body, "of $name", "$name, get");
	is(http_put("/$name-1250000000/b.txt", 'body')->status, 200, "$name, put");

	my @e = $t->journal_take($port);
	is(scalar(grep { $_->{verified} } @e), 2, "$name, signed");
	is(join(' ', map { $_->{port} } @e), "$port $port", "$name, port");
	is(join(' ', map { $_->{host} } @e), "$host $host", "$name, host");
	is($e[0]{conn}, $e[1]{conn}, "$name, over one connection");
	is($e[0]{tls_sni}, $port == 443 ? $host : undef, "$name, server name");
	is($dns->queries($host, 'A'), 1, "$name, looked up once");
}

is(http_get('/service')->status, 200, 'service');
my ($e) = $t->journal_take(443);
ok($e->{verified}, 'service, signed');
is($e->{host}, $service, 'service, host');
is($e->{tls_sni}, $service, 'service, server name');
is($dns->queries($service, 'A'), 1, 'service, looked up once');
is($dns->queries(undef, 'A'), 3, 'no other name');

# and what stands there has to be COS

$t->stop_cos(443);
$t->cos(port => 443, address => $ip, tls => $t->make_ca(name => 'other',
	names => [$videos]));
is(http_get('/images-1250000000/a.txt')->status, 502, 'another certificate');
is(scalar(my @all = $t->journal_take(443)), 0, 'another certificate, not sent');

###############################################################################
