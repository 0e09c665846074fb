#!/usr/bin/perl

# Tests for cos_credentials with provider static, and the choice among several.

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

my $t = Test::COS->new()->plan(31);

my $token = 'temporary-token/with+signs=0123456789';

$t->cos(credentials => [
	{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	{ secret_id => 'AKIDtemporary', secret_key => 'temporarykey0001',
		token => $token },
	{ secret_id => 'AKIDthird', secret_key => 'key;with{"special"}#chars' },
]);
$t->secret('key;with{"special"}#chars');
$t->store_put('images-1250000000', 'a.txt', 'image');
$t->store_put('videos-1250000000', 'a.txt', 'video');

my $conf = <<'EOC';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials permanent {
        provider    static;
        secret_id   %%SECRET_ID%%;
        secret_key  %%SECRET_KEY%%;
    }

    cos_credentials temporary {
        token       TOKEN;
        secret_key  temporarykey0001;
        secret_id   AKIDtemporary;
        provider    static;
    }

    cos_credentials quoted {
        provider    static;
        secret_id   AKIDthird;
        secret_key  "key;with{\"special\"}#chars";
    }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=permanent;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 credentials=temporary;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        add_header X-Credentials "$cos_credentials|$cos_credentials_expire";

        location / {
            cos_pass path_style;
        }

        location /other/ {
            cos_pass images-1250000000 credentials=temporary;
        }

        location /quoted/ {
            cos_pass videos-1250000000/ credentials=quoted;
        }

        location /all/ {
            cos_pass path_style credentials=quoted;
        }
    }
}

EOC

$conf =~ s/TOKEN/$token/;
$t->write_conf($conf);
$t->run();

# uri, body, id, token, name of the block

my @cases = (
	['/images-1250000000/a.txt', 'image', SECRET_ID, undef, 'permanent'],
	['/videos-1250000000/a.txt', 'video', 'AKIDtemporary', $token,
		'temporary'],
	['/other/a.txt', 'image', 'AKIDtemporary', $token, 'temporary'],
	['/quoted/a.txt', 'video', 'AKIDthird', undef, 'quoted'],
	['/all/images-1250000000/a.txt', 'image', 'AKIDthird', undef, 'quoted'],
	['/images-1250000000/a.txt', 'image', SECRET_ID, undef, 'permanent'],
);

for my $case (@cases) {
	my ($uri, $body, $id, $sent, $name) = @$case;

	my $r = http_get($uri);
	my $e = ($t->journal)[-1];
	my @tokens = map { $_->[1] } grep { lc $_->[0] eq 'x-cos-security-token' }
		@{$e->{headers}};

	is($r->body, $body, "$uri $name");
	is("$e->{verified} $e->{secret_id}", "1 $id", "$uri id");
	is_deeply(\@tokens, [$sent || ()], "$uri token");
	is($e->{header_list},
		$sent ? 'host;x-cos-security-token' : 'host', "$uri signed");
	is($r->header('x-credentials'), "$name|", "$uri variables");
}

is(scalar($t->journal), 6, 'requests sent');

###############################################################################
