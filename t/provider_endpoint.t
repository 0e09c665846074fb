#!/usr/bin/perl

# Tests for forms of an endpoint: a slash at its end, a scheme in capitals.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $ARN = 'qcs::cam::uin/100000000001:roleName/cos-proxy';

my $t = Test::COS->new()->plan(6);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer();

my $url = $t->issuer_url;
(my $upper = $url) =~ s/http/HTTP/;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials perm { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }
    cos_credentials cvm { provider cvm; endpoint $url/; }
    cos_credentials role { provider assume_role $ARN; base perm;
                           endpoint $url/; }
    cos_credentials upper { provider assume_role $ARN; base perm;
                            endpoint $upper; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=perm;
    cos_wait 1s;
    server {
        listen 127.0.0.1:8080;
        location /cvm/ { cos_pass images-1250000000/ credentials=cvm; }
        location /role/ { cos_pass images-1250000000/ credentials=role; }
        location /upper/ { cos_pass images-1250000000/ credentials=upper; }
    }
}
EOF
$t->run();

is(http_get('/cvm/a.txt')->body, 'hello', 'metadata');
is(http_get('/role/a.txt')->body, 'hello', 'STS');
is(http_get('/upper/a.txt')->body, 'hello', 'capitals');
is(scalar(grep { $_->{target} =~ m!//! } $t->issuer_journal), 0,
	'no double slash');
is(scalar(grep { $_->{verified} } $t->issuer_journal(undef, 'AssumeRole')), 2,
	'signatures');
is(scalar(() = $t->error_log =~ /could not be updated/g), 0, 'no error');

###############################################################################
