#!/usr/bin/perl

# Tests for uploads in the framing of another service: never stored raw.

###############################################################################

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::COS;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(6);

$t->cos();

$t->write_conf(<<'EOF');
%%TEST_GLOBALS%%

events {
}

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
            cos_allow read write;
        }
    }
}
EOF
$t->run();

###############################################################################

my $body = "5;chunk-signature=0\r\nhello\r\n0;chunk-signature=0\r\n\r\n";

for my $encoding ('aws-chunked', 'AWS-Chunked', 'gzip, aws-chunked') {
	is(http_put('/a', $body, 'Content-Encoding' => $encoding)->code,
		'InvalidArgument', $encoding);
}

is(scalar(my @j = $t->journal), 0, 'nothing is sent');

is(http_put('/a', 'hello', 'Content-Encoding' => 'gzip')->status, 200, 'gzip');
is($t->store_get('images-1250000000', 'a'), 'hello', 'stored');

###############################################################################
