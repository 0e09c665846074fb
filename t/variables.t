#!/usr/bin/perl

# Tests for the variables of the module, in logs and in headers.

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

my $t = Test::COS->new()->needs(qw/ proxy cache rewrite /)->needs_cos()
	->plan(36);

my $expired = time() + 3600;

$t->cos();
$t->store_put('images-1250000000', 'pub/a b.txt', 'see this');
$t->store_put('videos-1250000000', 'a.txt', 'see that');

my ($id, $key) = (SECRET_ID, SECRET_KEY);
$t->write_file('cred.json', qq({"credentials":{"tmpSecretId":"$id",)
	. qq("tmpSecretKey":"$key"},"expiredTime":$expired}));

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    log_format cos '$http_x_n b=$cos_bucket r=$cos_region k=$cos_key'
                   ' a=$cos_action h=$cos_host c=$cos_credentials'
                   ' e=$cos_credentials_expire code=$cos_error_code'
                   ' id=$cos_request_id';
    access_log %%TESTDIR%%/cos.log cos;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials file { provider file cred.json; }
    cos_bucket images-1250000000 ap-guangzhou alias=images protocol=http
               endpoint=127.0.0.1:8081 credentials=app;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 credentials=file;

    server {
        listen 127.0.0.1:8080;

        add_header X-Cos "$cos_bucket $cos_key $cos_action $cos_error_code"
                   always;
        add_header X-Id $cos_request_id always;

        location /img/ {
            cos_pass images-1250000000/pub/;
            cos_allow read write;
        }

        location /path/ {
            cos_pass path_style;
            cos_allow read list;
        }

        location /videos/ {
            cos_pass videos-1250000000/;
        }

        location /app/ {
            cos_pass videos-1250000000/ credentials=app;
        }

        location /public/ {
            cos_sign off;
            cos_pass videos-1250000000/;
        }

        location /cache/ {
            proxy_cache one;
            proxy_cache_valid 200 1m;
            cos_pass images-1250000000/pub/;
        }

        location /early/ {
            if ($cos_bucket) {
                return 402;
            }
            set $early "$cos_key$cos_action";
            add_header X-Early "[$early]" always;
            cos_pass images-1250000000/pub/;
        }

        location /none/ {
            return 200 "[$cos_bucket$cos_key$cos_credentials$cos_error_code]";
        }
    }
}
EOC

$t->run();

###############################################################################

my ($r, $l) = ask('/img/a%20b.txt');
is($r->header('X-Cos'), 'images-1250000000 pub/a b.txt GetObject', 'headers');
ok($r->header('X-Id') && $r->header('X-Id') eq $r->header('x-cos-request-id'),
	'header with the id');
is($l->{b}, 'images-1250000000', 'bucket');
is($l->{r}, 'ap-guangzhou', 'region');
is($l->{k}, 'pub/a b.txt', 'key');
is($l->{a}, 'GetObject', 'action');
is($l->{h}, 'images-1250000000.cos.ap-guangzhou.myqcloud.com', 'host');
is($l->{c}, 'app', 'credentials');
is($l->{e}, '-', 'expire of what does not');
is($l->{code}, '-', 'no error');
is($l->{id}, ($t->journal)[-1]{request_id}, 'id');

# an alias gives the name; another credential, that expires; another again

(undef, $l) = ask('/path/images/');
is("$l->{b} $l->{k} $l->{a}", 'images-1250000000 - GetBucket', 'listing');

(undef, $l) = ask('/videos/a.txt');
is("$l->{b} $l->{r} $l->{c} $l->{e}",
	"videos-1250000000 ap-shanghai file $expired", 'credentials of bucket');

(undef, $l) = ask('/app/a.txt');
is("$l->{b} $l->{c} $l->{e}", 'videos-1250000000 app -',
	'credentials of location');

(undef, $l) = ask('/public/a.txt');
is("$l->{b} $l->{c} $l->{e}", 'videos-1250000000 - -', 'not signed');

(undef, $l) = ask('/img/new', method => 'PUT', body => 'body');
is("$l->{k} $l->{a}", 'pub/new PutObject', 'put');

(undef, $l) = ask('/img/a%20b.txt', method => 'HEAD');
is("$l->{k} $l->{a}", 'pub/a b.txt HeadObject', 'head');

# refusals

($r, $l) = ask('/img/a.txt?acl');
is("$l->{b} $l->{k} $l->{a} $l->{code}",
	'images-1250000000 pub/a.txt GetObjectACL AccessDenied', 'refused');
is($l->{id}, $r->header('x-cos-request-id'), 'refused, id');
like($r->body, qr!<RequestId>\Q$l->{id}\E</RequestId>!, 'refused, id in XML');
is($r->header('X-Cos'),
	'images-1250000000 pub/a.txt GetObjectACL AccessDenied',
	'refused, headers');

($r, $l) = ask('/path/nope/a.txt');
is("$l->{b} $l->{r} $l->{h} $l->{code}", '- - - NoSuchBucket', 'no bucket');

($r, $l) = ask('/img/a%0Ab');
is($l->{code}, 'InvalidURI', 'invalid key');
unlike($r->header('X-Cos'), qr/[\x00-\x1f]/, 'invalid key in a header');

(undef, $l) = ask('/img/nope');
is("$l->{k} $l->{a}", 'pub/nope GetObject', 'error of COS');
is($l->{id}, ($t->journal)[-1]{request_id}, 'error of COS, id');

# from the cache

(undef, my $miss) = ask('/cache/a%20b.txt');
($r, $l) = ask('/cache/a%20b.txt');
is("$l->{b} $l->{k} $l->{a} $l->{c}",
	'images-1250000000 pub/a b.txt GetObject app', 'hit');
is($r->body, 'see this', 'hit, body');
is($l->{id}, $r->header('x-cos-request-id') || '-', 'hit, id');

# before cos_pass has run, and without it

my @j = $t->journal;
($r, $l) = ask('/early/a%20b.txt');
is($r->status . $r->body, '200see this', 'too early');
is($r->header('X-Early'), '[]', 'too early, empty');
is($l->{k}, 'pub/a b.txt', 'later');
is(scalar($t->journal), @j + 1, 'asked too early, sent once');

($r, $l) = ask('/none/a.txt');
is($r->body, '[]', 'without cos_pass');
is(join(' ', map { $l->{$_} } qw/ b r k a h c e code id /),
	'- - - - - - - - -', 'without cos_pass, log');

is(scalar(grep { $_->{target} ne '/a.txt' && !$_->{verified} } $t->journal),
	0, 'all are signed');

###############################################################################

my $n;

sub ask {
	my ($uri, %a) = @_;
	$n++;
	my $r = http_request(uri => $uri, headers => { 'X-N' => $n }, %a);
	my $line;
	$t->wait_until(sub { ($line) = $t->read_file('cos.log')
		=~ /^$n (.*)$/m; $line });
	my ($k) = $line =~ / k=(.*?) a=/;
	$line =~ s/ k=.*? a=/ a=/;
	return ($r, { k => $k, map { split /=/, $_, 2 } split / /, $line });
}

###############################################################################
