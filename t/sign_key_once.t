#!/usr/bin/perl

# Tests for SignKey: derived once for each credential and window.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Shim;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->skip_all('the module is linked into nginx') if $ENV{NGINX_COS_STATIC};
$t->plan(7);

$t->cos(credentials => [
	map { { secret_id => "AKID$_", secret_key => "secretkey$_" } } 1 .. 3 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->shim('count', SHIM_COUNT => $t->shim_number('count', 0));
file(1);

$t->write_conf(<<'EOF');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider file cred; }
    cos_credentials b { provider static; secret_id AKID3;
                        secret_key secretkey3; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=a;
    cos_allow read write;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images-1250000000; }
        location /b/ { cos_pass images-1250000000/ credentials=b; }
    }
}
EOF
$t->run();

is($t->shim_number('count'), 0, 'none before the first request');

# one worker; a window may end in between

request($_) for 1 .. 20;
is($t->shim_number('count'), derived(), 'once a credential and window');
cmp_ok(derived(), '<=', 4, 'windows');

file(2);
ok($t->wait_until(sub { http_get('/a.txt');
	($t->journal)[-1]{secret_id} eq 'AKID2' }), 'another secret');
request($_) for 1 .. 20;
is($t->shim_number('count'), derived(), 'once more for it');
cmp_ok(derived(), '>=', 3, 'three credentials');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');

###############################################################################

sub request {
	my ($i) = @_;
	http_get("/a.txt?versionId=$i");
	http_get('/b/a.txt');
	http_put("/put-$i", 'x');
}

# What the local COS has seen

sub derived {
	my %seen = map { my $e = $_;
		my ($auth) = map { $_->[1] } grep { lc $_->[0] eq 'authorization' }
			@{$e->{headers}};
		$auth =~ /q-key-time=(\d+;\d+)/ ? ("$e->{secret_id} $1" => 1) : () }
		$t->journal;
	return scalar keys %seen;
}

sub file {
	my ($n) = @_;
	$t->write_file('cred.new', "[default]\nsecret_id = AKID$n\n"
		. "secret_key = secretkey$n\n");
	rename $t->path('cred.new'), $t->path('cred');
}

###############################################################################
