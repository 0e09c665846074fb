#!/usr/bin/perl

# Tests for cos_sts of a block with placeholders: the credential of a bucket.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use JSON::PP ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(8);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 7200);

my $url = $t->issuer_url;
$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials php {
        provider http "$url/sts.php?b={Bucket}&r={Region}";
        vend on;
    }
    cos_credentials gateway { provider static; secret_id %%SECRET_ID%%;
                              secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http alias=images
               endpoint=127.0.0.1:8081 credentials=php;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 credentials=gateway;
    log_format name '\$cos_credentials';
    access_log %%TESTDIR%%/name.log name;
    server {
        listen 127.0.0.1:8080;
        location / { cos_pass images; }
        location = /images { cos_sts php images; }
        location = /again { cos_sts php images-1250000000; }
        location = /videos { cos_sts php videos-1250000000; }
        location = /videos/too { cos_sts php videos-1250000000; }
    }
}
EOF
$t->run();

my %id;
for my $name (qw/ images again videos videos\/too /) {
	my $r = http_get("/$name");
	$id{$name} = eval { JSON::PP::decode_json($r->body) }
		->{credentials}{tmpSecretId} or diag "$r";
}

ok($id{images}, 'one');
is($id{again}, $id{images}, 'by its name');
isnt($id{videos}, $id{images}, 'another bucket');
is($id{'videos/too'}, $id{videos}, 'the same in another location');

# the gateway signs for the bucket with the same one

is(http_get('/a.txt')->body, 'hello', 'gateway');
is(($t->journal)[-1]{secret_id}, $id{images}, 'the same credential');

is_deeply([sort map { $_->{target} } $t->issuer_journal],
	['/sts.php?b=images-1250000000&r=ap-guangzhou',
	'/sts.php?b=videos-1250000000&r=ap-shanghai'], 'one fetch a bucket');
$t->wait_until(sub { $t->read_file('name.log') =~ /\n(?:.*\n){4}/ }, 5);
is($t->read_file('name.log') =~ s/\n/ /gr, 'php~images-1250000000 ' x 2
	. 'php~videos-1250000000 ' x 2 . 'php~images-1250000000 ', 'name');

###############################################################################
