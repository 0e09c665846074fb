#!/usr/bin/perl

# Tests for idle connections to COS: locations do not take them from each
# other.

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

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(4);

$t->cos(buckets => [{ name => 'one-1250000000', region => 'ap-guangzhou' }]);
$t->store_put('one-1250000000', 'a.txt', 'object');

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket one-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 keepalive=1;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /a/ { cos_pass one-1250000000; }
        location /b/ { cos_pass one-1250000000; }
    }
}

EOF

$t->run();

###############################################################################

for (1 .. 3) {
	http_get("/$_/a.txt") for qw/ a b /;
}

my @e = $t->journal;
is(scalar(grep { $_->{status} == 200 && $_->{verified} } @e), 6, 'answered');
is(conns(0, 2, 4), 1, 'a location keeps its connection');
is(conns(1, 3, 5), 1, 'and so does the other one');
is(conns(0 .. 5), 2, 'which is not the same');

###############################################################################

sub conns {
	my %seen = map { $e[$_]{conn} => 1 } @_;
	return scalar keys %seen;
}

###############################################################################
