#!/usr/bin/perl

# Tests for HEAD signed by a client where proxy_cache_convert_head is on.

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

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my %client = (secret_id => 'AKIDCLIENT', secret_key => 'ClientSecretKey00003');

my $t = Test::COS->new()->needs(qw/ proxy cache /)->needs_cos()->plan(9);

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	\%client]);
$t->store_put('images-1250000000', 'a', 'hello');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    access_log off;

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            proxy_cache one;
            proxy_cache_valid any 1m;
            add_header X-Cache $upstream_cache_status always;
            cos_pass images-1250000000;
            cos_sign unless_signed;
        }
    }
}
EOC

$t->run();

###############################################################################

# what is sent is what the client has signed

for my $how (qw/ sign presign /) {
	$t->journal_clear;
	my $r = http_request(method => 'HEAD', uri => '/a', host => $host,
		$how => \%client);
	is($r->status . ' ' . $r->header('X-Cache'), '200 BYPASS', $how);
	is($r->header('Content-Length'), 5, "$how, length");
	is(join(' ', map { "$_->{method} $_->{secret_id} $_->{verified}" }
		$t->journal), 'HEAD AKIDCLIENT 1', "$how, sent");
}

$t->journal_clear;
is(http_head('/a')->header('X-Cache'), 'MISS', 'ours');
is(($t->journal)[-1]{method}, 'GET', 'ours is converted');
# the answer to HEAD comes before its body is in the cache
$t->wait_until(sub { grep { -f } glob $t->path('cache') . '/*' });
is(http_get('/a')->header('X-Cache'), 'HIT', 'and kept');

###############################################################################
