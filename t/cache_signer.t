#!/usr/bin/perl

# Tests for the default cache key: whose rights an entry was got with.

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

my $t = Test::COS->new()->needs(qw/ proxy cache /)->needs_cos()->plan(51);

# what is not a sign of a refused credential is cached as configured

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	{ secret_id => 'AKIDNOBODY', secret_key => 'not that of nginx' },
	{ secret_id => 'AKIDOTHER', secret_key => 'OtherSecretKey0002' }]);
$t->store_put('images-1250000000', $_, "content $_") for qw/ a b c /;

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache one;
    proxy_cache_valid any 1m;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials other { provider static; secret_id AKIDOTHER;
                            secret_key OtherSecretKey0002; }
    cos_credentials no.rights-1 { provider static; secret_id AKIDNOBODY;
                                  secret_key NobodySecretKey003; }
    cos_bucket images-1250000000 ap-guangzhou credentials=app protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /on/    { cos_pass images-1250000000; }
        location /again/ { cos_pass images-1250000000 credentials=app; }
        location /off/   { cos_pass images-1250000000; cos_sign off; }
        location /other/ { cos_pass images-1250000000 credentials=other; }
        location /no/    { cos_pass images-1250000000
                                    credentials=no.rights-1; }

        location = /mine   { cos_pass service credentials=app protocol=http
                                      endpoint=127.0.0.1:8081;
                             cos_allow list; }
        location = /theirs { cos_pass service credentials=other protocol=http
                                      endpoint=127.0.0.1:8081;
                             cos_allow list; }
    }
}
EOC

$t->run();

###############################################################################

# what one may read is not for the others

get('/on/a', 'MISS', 200, SECRET_ID);
get('/off/a', 'MISS', 403, undef);
get('/other/a', 'MISS', 200, 'AKIDOTHER');
get('/no/a', 'MISS', 403, 'AKIDNOBODY');
get('/on/a', 'HIT', 200);
get('/again/a', 'HIT', 200);
get('/off/a', 'HIT', 403);
get('/other/a', 'HIT', 200);
get('/no/a', 'HIT', 403);

# nor is what one may not

get('/off/b', 'MISS', 403, undef);
get('/no/b', 'MISS', 403, 'AKIDNOBODY');
get('/on/b', 'MISS', 200, SECRET_ID);

# buckets of two accounts

get('/mine', 'MISS', 200, SECRET_ID);
get('/theirs', 'MISS', 200, 'AKIDOTHER');
get('/mine', 'HIT', 200);

# the key says it

my %key = map { $_ => 1 } map { $t->read_file($_) =~ /^KEY: (.*)$/m }
	grep { -f } glob $t->path('cache') . '/*';
my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';

for my $name (qw/ app other no.rights-1 - /) {
	ok($key{"http://$name\@$host/a"}, "key of $name")
		or diag join "\n", sort keys %key;
}

ok($key{"http://$_\@service.cos.myqcloud.com/"}, "key of service, $_")
	for qw/ app other /;
is(scalar(keys %key), 9, 'an entry for each miss');
is(scalar(grep { /AKID|SecretKey|q-sign/ } keys %key), 0, 'no secret in it');

# while nothing of it is sent

$t->journal_clear;
http_get('/on/c');
my ($e) = $t->journal;
is($e->{target}, '/c', 'target');
is($e->{host}, $host, 'host');
is($e->{verified}, 1, 'verified');
is($e->{header_list}, 'host', 'signed');
is(scalar(grep { $_->[1] =~ /\@/ } @{$e->{headers}}), 0, 'no name');

# names that could not be told apart in it

for my $name ('"a@b"', '"a/b"', '"a b"', '"a:b"', '-', '""', '"a?b"', '"a%40"')
{
	my ($status) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\nhttp {\n"
		. "%%TEST_GLOBALS_HTTP%%\ncos_credentials $name { provider static;"
		. " secret_id a; secret_key secretkey1; }\n}\n");
	is($status, 1, "name $name");
}

###############################################################################

sub get {
	my ($uri, $state, $status, $id) = @_;
	$t->journal_clear;
	my $r = http_get($uri);
	is($r->status . ' ' . $r->header('X-Cache'), "$status $state",
		"$uri $state") or diag "$r";
	my @e = $t->journal;
	is(join(' ', map { defined $_->{secret_id} ? $_->{secret_id} : 'nobody' }
		@e), $state eq 'HIT' ? '' : defined $id ? $id : 'nobody',
		"$uri $state, sent");
}

###############################################################################
