#!/usr/bin/perl

# Tests for requests while there is no credential: none yet, or an expired one.

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

my $t = Test::COS->new()->plan(57);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => 'secretkey1' } } qw/ one two / ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_file('expired', text('one', time() - 1));
$t->write_file('soon', text('one', time() + 3));
$t->write_file('page.html', 'come back later');

my $conf = <<'EOC';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials missing { provider file missing; }
    cos_credentials expired { provider file expired; }
    cos_credentials soon    { provider file soon; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=missing;

    cos_allow  read write;
    add_header X-Code "$cos_error_code|$cos_credentials_expire" always;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /missing/ {
            cos_pass images-1250000000;
        }

        location /expired/ {
            cos_pass images-1250000000 credentials=expired;
        }

        location /soon/ {
            cos_pass images-1250000000 credentials=soon;
        }

        location /page/ {
            cos_pass images-1250000000;
            error_page 503 /page.html;
        }

        location = /page.html {
        }

        location /cache/ {
            cos_pass images-1250000000 credentials=soon;
            proxy_cache one;
            proxy_cache_valid 1h;
        }

        location /unsigned/ {
            cos_pass images-1250000000;
            cos_sign off;
        }
    }
}

EOC

my ($status, $text) = $t->try_conf($conf);
is($status, 0, 'a missing file is no error') or diag $text;
like($text, qr/\[warn\].*no file "\S+missing".* in \S+try\.conf:\d+$/m,
	'but a warning');
like($text, qr/\[warn\].*"\S+expired".*have expired/, 'expired, too');

$t->write_conf($conf);
$t->run();

is(http_get('/soon/a.txt')->body, 'hello', 'valid');
is(http_get('/cache/a.txt')->body, 'hello', 'cached');
$t->journal_clear;

my ($r, @e);

for my $name (qw/ missing expired /) {
	for my $method (qw/ GET PUT HEAD /) {
		$r = http_request(method => $method, uri => "/$name/a.txt",
			$method eq 'PUT' ? (body => 'new') : ());
		is($r->status, 503, "$name $method");
		like($r->header('retry-after'), qr/^\d+$/, "$name $method again");
		is($r->header('content-type'), 'application/xml', "$name $method type");
		like($r->header('x-cos-request-id'), qr/^\w+$/, "$name $method id");
		is($r->header('x-code'), 'ServiceUnavailable|',
			"$name $method variables");
		if ($method eq 'HEAD') {
			is($r->body, '', "$name HEAD has no body");
		} else {
			is($r->code, 'ServiceUnavailable', "$name $method code");
		}
	}
}

$r = http_get('/page/a.txt');
is($r->status, 503, 'error page status');
is($r->body, 'come back later', 'error page');
like($r->header('retry-after'), qr/^\d+$/, 'error page again');

# what is refused for another reason is refused for that

is(http_delete('/missing/a.txt')->status, 403, 'not allowed');

# one that expires while nginx runs

$t->wait_until(sub { http_head('/soon/a.txt')->status == 503 }, 10);
my $sent = grep { $_->{method} ne 'HEAD' } $t->journal;
is($sent, 0, 'nothing sent');
$t->journal_clear;

is(http_get('/soon/a.txt')->code, 'ServiceUnavailable', 'expired');
is(http_get('/cache/a.txt')->body, 'hello', 'the cache needs none');
like(http_get('/cache/b.txt')->status, qr/^50\d$/, 'not in the cache');
is(scalar(@e = $t->journal), 0, 'nothing sent, either');

is(http_get('/unsigned/a.txt')->status, 403, 'unsigned needs none');
@e = $t->journal;
is(scalar @e, 1, 'unsigned sent');
is($e[0]{secret_id}, undef, 'unsigned');
$t->journal_clear;

# they come

for my $name (qw/ missing expired soon /) {
	$t->write_file('new', text('two', time() + 3600));
	rename $t->path('new'), $t->path($name);
	ok($t->wait_until(sub { http_get("/$name/a.txt")->body eq 'hello' }),
		"$name works");
}

@e = $t->journal;
is(scalar(grep { !$_->{verified} || $_->{secret_id} ne 'AKIDtwo' } @e), 0,
	'all with the new one');

###############################################################################

sub text {
	my ($id, $expires) = @_;
	return qq({"credentials":{"tmpSecretId":"AKID$id","tmpSecretKey":)
		. qq("secretkey1"},"expiredTime":$expires});
}

###############################################################################
