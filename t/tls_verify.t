#!/usr/bin/perl

# Tests for TLS to COS: the certificate and its name are verified by default.

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

my $trusted = 'proxy_ssl_trusted_certificate %%TESTDIR%%/ca.crt;';

# name, port of the local COS, what the location has, SNI if anything arrives

my @cases = (
['good', 8081, $trusted, 'HOST'],
['good, TLS 1.2', 8081, "$trusted proxy_ssl_protocols TLSv1.2;", 'HOST'],
['wrong name', 8082, $trusted],
['wrong name, TLS 1.2', 8082, "$trusted proxy_ssl_protocols TLSv1.2;"],
['expired', 8083, $trusted],
['self-signed', 8084, $trusted],
['unknown CA', 8081, ''],
['wrong name, not verified', 8082, 'proxy_ssl_verify off;', 'HOST'],
['expired, not verified', 8083, "$trusted proxy_ssl_verify off;", 'HOST'],
['unknown CA, not verified', 8081, 'proxy_ssl_verify off;', 'HOST'],
['unknown CA, verified', 8081, 'proxy_ssl_verify on;'],
['other name', 8082, "$trusted proxy_ssl_name other.example.com;",
	'other.example.com'],
['other name, not there', 8081, "$trusted proxy_ssl_name other.example.com;"],
['no SNI', 8081, "$trusted proxy_ssl_server_name off;", ''],
['no SNI, wrong name', 8082, "$trusted proxy_ssl_server_name off;"],
['session not reused', 8081, "$trusted proxy_ssl_session_reuse off;", 'HOST'],
);

$t->plan(4 * @cases + 12);

my @buckets = map { { name => "c$_-1250000000", region => 'ap-guangzhou' } }
	0 .. $#cases;
my @names = ('*.cos.ap-guangzhou.myqcloud.com', 'service.cos.myqcloud.com');
my @other = ('other.example.com', 'cos.ap-guangzhou.myqcloud.com',
	'*.cos.ap-shanghai.myqcloud.com', '127.0.0.1', 'localhost');

$t->cos(buckets => \@buckets,
	tls => $t->make_ca(name => 'good', names => \@names));
$t->cos(port => 8082, dir => 8081, buckets => \@buckets,
	tls => $t->make_ca(name => 'wrong', names => \@other));
$t->cos(port => 8083, dir => 8081, buckets => \@buckets,
	tls => $t->make_ca(name => 'expired', names => \@names, expired => 1));
$t->cos(port => 8084, dir => 8081, buckets => \@buckets,
	tls => $t->make_ca(name => 'self', names => \@names, self_signed => 1));
$t->store_put($_->{name}, 'a.txt', $_->{name}) for @buckets;

my ($declared, $locations) = ('', '');

for my $i (0 .. $#cases) {
	my (undef, $port, $more) = @{$cases[$i]};
	$declared .= "cos_bucket c$i-1250000000 ap-guangzhou"
		. " endpoint=127.0.0.1:$port;\n";
	$locations .= "location /$i/ { cos_pass c$i-1250000000; $more }\n";
}

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $declared

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        $locations

        location = /service {
            cos_pass service endpoint=127.0.0.1:8081;
            cos_allow GetService;
            $trusted
        }

        location /style/ {
            cos_pass path_style;
            $trusted
            proxy_ssl_session_reuse off;
        }

        location /inherit/ {
            $trusted

            location /inherit/good/ { cos_pass c0-1250000000; }
            location /inherit/wrong/ { cos_pass c2-1250000000; }
        }

        location /off/ {
            proxy_ssl_verify off;

            location /off/wrong/ { cos_pass c2-1250000000; }
        }
    }
}

EOF

$t->run();

for my $i (0 .. $#cases) {
	my ($name, undef, undef, $sni) = @{$cases[$i]};
	my $host = "c$i-1250000000.cos.ap-guangzhou.myqcloud.com";

	# twice: the second time there may be a session to reuse
	for my $again ('', ' again') {
		$t->journal_clear;
		my $r = http_get("/$i/a.txt");
		my @e = $t->journal;

		is($r->status, defined $sni ? 200 : 502, "$name status$again");
		if (defined $sni) {
			# the local COS does not know the SNI of a resumed session
			(my $want = $again ? '' : $sni) =~ s/HOST/$host/;
			my $got = $again ? '' : $e[0]{tls_sni} || '';
			is("$e[0]{verified} $e[0]{host} $got", "1 $host $want",
				"$name request$again");
		} else {
			is(scalar @e, 0, "$name nothing sent$again");
		}
	}
}

$t->journal_clear;
is(http_get('/service')->status, 200, 'service');
is(($t->journal)[-1]{tls_sni}, 'service.cos.myqcloud.com', 'service SNI');

is(http_get('/style/c0-1250000000/a.txt')->body, 'c0-1250000000',
	'path_style');
is(($t->journal)[-1]{tls_sni}, 'c0-1250000000.cos.ap-guangzhou.myqcloud.com',
	'path_style SNI');
is(http_get('/inherit/good/a.txt')->body, 'c0-1250000000', 'inherited');
is(http_get('/off/wrong/a.txt')->body, 'c2-1250000000', 'off inherited');

$t->journal_clear;
is(http_get('/style/c2-1250000000/a.txt')->status, 502,
	'path_style wrong name');
is(http_get('/style/c4-1250000000/a.txt')->status, 502, 'path_style expired');
is(http_get('/inherit/wrong/a.txt')->status, 502, 'inherited wrong name');
is(scalar(my @e = $t->journal), 0, 'nothing sent');

like($t->error_log, qr/upstream SSL certificate does not match/, 'name');
like($t->error_log, qr/upstream SSL certificate verify error: \(10:/,
	'expiry');

###############################################################################
