#!/usr/bin/perl

# Tests for refused links over HTTP/2: one whole response each.

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

my $t = Test::COS->new()->needs(qw/ ssl http_v2 /)->needs_cos();

my $curl = `curl -q --version 2>/dev/null` || '';
$t->skip_all('no curl with HTTP/2') unless $curl =~ /^Features:.*\bHTTP2\b/m;

$t->plan(3);
$t->cos();

my $tls = $t->make_ca(names => ['localhost']);
my ($listen, $on) = $t->version_at_least('1.25.1') ? ('', 'http2 on;')
	: (' http2', '');

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http alias=images
               endpoint=127.0.0.1:8081;
    server {
        listen 127.0.0.1:8080 ssl$listen;
        ssl_certificate $tls->{cert};
        ssl_certificate_key $tls->{key};
        $on
        location / { cos_pass images; return 302 \$cos_presigned_url; }
        location /json/ { cos_pass images/;
                          return 200 '{"url":"\$cos_presigned_url"}'; }
    }
}
EOF
$t->run();

# on one connection

my $address = '127.0.0.1:' . $t->port(8080);
my @urls = map { "https://$address$_" } '/a?acl', '/json/a?acl', '/a',
	'/json/a', '/b?acl';
my ($status, $text) = Test::COS::Process::output(20, 'curl', '-q', '-s',
	'--noproxy', '*', '-k', '--http2', '-w',
	'\n%{http_code} %{http_version} %{num_connects}\n', @urls);

is($status, 0, 'curl');
is(join(', ', $text =~ /^(\d{3} \S+ \d)$/mg),
	'403 2 1, 403 2 0, 302 2 0, 200 2 0, 403 2 0', 'answers') or diag $text;
is(scalar(() = $text =~ /<Code>AccessDenied<\/Code>/g), 3, 'bodies');

###############################################################################
