#!/usr/bin/perl

# Tests for a plain proxy_pass below a location with cos_pass: it gets nothing
# of ours.

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

my $t = Test::COS->new()->needs(qw/ proxy ssl rewrite /)->needs_cos()
	->plan(41);

my $token = 'ExampleSecurityTokenOfTheNestedTests';
my %cred = (credentials => [{ secret_id => SECRET_ID,
	secret_key => SECRET_KEY, token => $token }]);

# a COS, a plain one that writes down what it gets, and one with TLS whose
# certificate nobody trusts

$t->cos(%cred);
$t->cos(port => 8082);
my $ca = $t->make_ca(names => ['*.cos.ap-guangzhou.myqcloud.com']);
$t->cos(port => 8083, tls => $ca, %cred,
	buckets => [{ name => 'tls-1250000000', region => 'ap-guangzhou' }]);

$t->store_put('images-1250000000', 'a.txt', 'see this');
$t->store(8083)->put('tls-1250000000', 'a.txt', 'see this');

my $conf = <<'EOC';
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; token %%TOKEN%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket tls-1250000000 ap-guangzhou endpoint=127.0.0.1:8083;

    server {
        listen 127.0.0.1:8080;

        proxy_set_header X-Level server;

        location /cos/ {
            cos_pass images-1250000000/;

            location /cos/plain/ {
                proxy_pass http://127.0.0.1:8082;

                location /cos/plain/deeper/ {
                    proxy_pass http://127.0.0.1:8082;
                }

                location /cos/plain/cos/ {
                    cos_pass images-1250000000/;
                }
            }

            location /cos/own/ {
                proxy_set_header X-Own 1;
                proxy_set_header Host $host;
                proxy_pass http://127.0.0.1:8082;
            }

            location /cos/version/ {
                proxy_pass http://127.0.0.1:8084;
            }

            location ~ ^/cos/re/(.*)$ {
                proxy_pass http://127.0.0.1:8082/$1;
            }

            location /cos/block/ {
                if ($http_x_user) {
                    proxy_pass http://127.0.0.1:8082;
                }
            }
        }

        location /version/ {
            proxy_pass http://127.0.0.1:8084;
        }

        location /before/ {
            proxy_pass http://127.0.0.1:8082;

            location /before/cos/ {
                cos_pass images-1250000000/;
            }
        }

        location /tls/ {
            cos_pass tls-1250000000;

            location /tls/plain/ {
                proxy_pass https://127.0.0.1:8083;

                location /tls/plain/deeper/ {
                    proxy_pass https://127.0.0.1:8083;
                }

                location /tls/plain/cos/ {
                    cos_pass tls-1250000000;
                }
            }

            location /tls/cos/ {
                cos_pass tls-1250000000;

                location /tls/cos/plain/ {
                    proxy_pass https://127.0.0.1:8083;
                }
            }

            location /tls/verify/ {
                proxy_ssl_verify on;
                proxy_ssl_trusted_certificate %%CA%%;
                proxy_ssl_name wrong.test;
                proxy_pass https://127.0.0.1:8083;
            }

            location /tls/if/ {
                if ($http_x_user) {
                    proxy_pass https://127.0.0.1:8083;
                }
                cos_pass tls-1250000000;
            }

            location /tls/off/ {
                proxy_ssl_verify off;
                cos_pass tls-1250000000;

                location /tls/off/nested/ {
                    cos_pass tls-1250000000;
                }
            }
        }
    }
    server {
        listen 127.0.0.1:8084;
        return 200 $server_protocol;
    }
}
EOC

$conf =~ s/%%TOKEN%%/$token/;
$conf =~ s/%%CA%%/$ca->{ca}/;
$t->write_conf($conf);
$t->run();

###############################################################################

my $host = '127.0.0.1:' . $t->port(8082);

for my $uri (qw!/cos/plain/a /cos/plain/deeper/a /cos/re/a /cos/own/a
	/cos/block/a /before/a!)
{
	my %client = (Authorization => 'of the client', Cookie => 'c=d',
		token => 'of the client', 'X-User' => '1');
	http_get($uri, %client);
	my ($e, @more) = $t->journal(8082);
	$t->journal_clear(8082);

	ok($e && !@more, "$uri is sent") or next;
	is(h($e, 'host'), $uri =~ /own/ ? 'localhost' : $host, "$uri, host");
	is(h($e, 'authorization') . ' ' . h($e, 'cookie') . ' ' . h($e, 'token')
		. ' ' . h($e, 'x-cos-security-token'),
		'of the client c=d of the client -', "$uri, headers");
	is(h($e, 'x-level') . h($e, 'x-own'), $uri =~ /own/ ? '-1' : 'server-',
		"$uri, set headers");
}

is(http_get('/cos/version/')->body, http_get('/version/')->body,
	'protocol version');

is(scalar(my @j = $t->journal), 0, 'nothing for COS');

# cos_pass below it is cos_pass again

for my $uri (qw! /cos/plain/cos/a.txt /before/cos/a.txt !) {
	is(http_get($uri)->body, 'see this', "$uri");
	my ($e) = $t->journal;
	ok($e && $e->{verified} && h($e, 'x-level') eq 'server', "$uri, signed");
	$t->journal_clear();
}

# TLS to COS is verified, wherever it stands; a plain proxy_pass as by default

my %expect = (
	'/tls/a.txt' => 502, '/tls/plain/cos/a.txt' => 502,
	'/tls/if/a.txt' => 502, '/tls/off/a.txt' => 200,
	'/tls/cos/a.txt' => 502, '/tls/cos/plain/a.txt' => 404,
	'/tls/off/nested/a.txt' => 200, '/tls/plain/a.txt' => 404,
	'/tls/plain/deeper/a.txt' => 404, '/tls/verify/a.txt' => 502,
);

for my $uri (sort keys %expect) {
	is(http_get($uri)->status, $expect{$uri}, "$uri");
}
is(http_get('/tls/if/a.txt', 'X-User' => '1')->status, 404,
	'/tls/if/a.txt with proxy_pass');

###############################################################################

sub h {
	my ($e, $name) = @_;
	my @v = map { $_->[1] } grep { lc $_->[0] eq $name } @{$e->{headers}};
	return @v ? join(',', @v) : '-';
}

###############################################################################
