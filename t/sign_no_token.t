#!/usr/bin/perl

# Tests for credentials that never have a token: one that a client sends goes
# nowhere, unless the client has signed it.

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

my $t = Test::COS->new()->needs_cos()->plan(10);

my ($own, $other) = ('OwnTokenOfThisTest', 'TokenOfTheClient');

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	{ secret_id => 'AKIDWITHTOKEN', secret_key => SECRET_KEY,
		token => $own }]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials plain { provider static; secret_id %%SECRET_ID%%;
                            secret_key %%SECRET_KEY%%; }
    cos_credentials token { provider static; secret_id AKIDWITHTOKEN;
                            secret_key %%SECRET_KEY%%; token $own; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=plain;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; }
        location /token/ { cos_pass images-1250000000 credentials=token; }
        location /off/ { cos_pass images-1250000000; cos_sign off; }
        location /unless/ { cos_pass images-1250000000;
                            cos_sign unless_signed; }
    }
}
EOF
$t->run();

# the second request of a location is passed in another way

for (1, 2) {
	is(sent('/a.txt'), '200 - host', 'without a token');
	is(sent('/token/a.txt'), "200 $own host;x-cos-security-token",
		'with a token');
	is(sent('/off/a.txt'), '403 - -', 'not signed');
	is(sent('/unless/a.txt'), '200 - host', 'signed by us');
	is(sent('/unless/a.txt', Authorization => join '&', 'q-sign-algorithm=sha1',
		'q-ak=' . SECRET_ID, 'q-sign-time=1;2', 'q-key-time=1;2',
		'q-header-list=x-cos-security-token', 'q-url-param-list=',
		'q-signature=' . '0' x 40), "403 $other x-cos-security-token",
		'signed by the client');
}

###############################################################################

# status, token and signed headers of what COS gets

sub sent {
	my ($uri, %headers) = @_;
	$t->journal_clear;
	my $r = http_get($uri, 'x-cos-security-token' => $other, %headers);
	my ($e) = $t->journal;
	my ($token) = map { $_->[1] } grep { lc $_->[0] eq 'x-cos-security-token' }
		@{$e->{headers}};
	my ($auth) = map { $_->[1] } grep { lc $_->[0] eq 'authorization' }
		@{$e->{headers}};
	my ($list) = ($auth || '') =~ /q-header-list=([^&]*)/;
	return join ' ', $r->status, map { defined && length ? $_ : '-' } $token,
		$list;
}

###############################################################################
