#!/usr/bin/perl

# Tests for a signature that cannot be made: an error, and no connection.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use IO::Select;
use IO::Socket::INET;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy cache slice ssi mirror rewrite /)
	->needs_cos()->plan(40);

my $token = 'ExampleSecurityTokenOfTheClosedTests';
my %cred = (credentials => [{ secret_id => SECRET_ID,
	secret_key => SECRET_KEY, token => $token }]);

$t->cos(%cred);
$t->store_put('videos-1250000000', 'a.txt', 'see this');
$t->store_put('videos-1250000000', 'page', '[<!--# include '
	. 'virtual="/cache/a.txt" -->]', 'Content-Type' => 'text/html');

# the endpoint of the other bucket, that only sees who connects

my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	LocalPort => $t->port(8082), Listen => 50, ReuseAddr => 1)
	or die "cannot listen: $!\n";

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache_valid any 1m;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials file { provider file cred.json; }
    cos_credentials late { provider file late.json; }
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%;
                          token ExampleSecurityTokenOfTheClosedTests; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8082 credentials=file;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 credentials=app;

    cos_allow read write;
    proxy_read_timeout 5s;

    server {
        listen 127.0.0.1:8080;

        location /plain/ {
            cos_pass images-1250000000/;
        }

        location /cache/ {
            proxy_cache one;
            cos_pass images-1250000000/;
        }

        location /late/ {
            proxy_cache one;
            cos_pass images-1250000000/ credentials=late;
        }

        location /slice/ {
            slice 1k;
            proxy_set_header Range $slice_range;
            proxy_cache one;
            proxy_cache_key slice$cos_key$slice_range;
            cos_pass images-1250000000/;
        }

        location /next/ {
            proxy_cache one;
            proxy_next_upstream error timeout http_500 http_502 http_503;
            cos_pass images-1250000000/;
        }

        location /unbuffered/ {
            proxy_cache one;
            proxy_request_buffering off;
            cos_pass images-1250000000/;
        }

        location /page/ {
            proxy_cache one;
            error_page 500 502 503 504 = @videos;
            cos_pass images-1250000000/;
        }

        location @videos {
            rewrite ^/page(/.*)$ $1 break;
            cos_pass videos-1250000000;
        }

        location /ssi/ {
            ssi on;
            cos_pass videos-1250000000/;
        }

        location /mirrored/ {
            mirror /cache/mirror;
            cos_pass videos-1250000000/;
        }
    }
}
EOC

credential(time() - 60);
$t->run();

###############################################################################

# 1. expired from the start: where there is no cache, COS XML and a hint

my $r = http_get('/plain/a.txt');
is($r->status, 503, 'expired');
is($r->code, 'ServiceUnavailable', 'expired, code');
ok($r->header('Retry-After'), 'expired, retry');
closed('expired');

# with a cache the signature is only made at a miss

refused('GET', '/cache/a.txt', 'miss');
refused('GET', '/cache/a.txt', 'miss again');
refused('HEAD', '/cache/b.txt', 'head');
refused('GET', '/cache/c.txt', 'range', Range => 'bytes=0-1');
refused('GET', '/slice/a.txt', 'slice');
refused('GET', '/next/a.txt', 'next upstream');
refused('PUT', '/cache/a.txt', 'put');
refused('PUT', '/unbuffered/a.txt', 'unbuffered put');
refused('GET', '/late/a.txt', 'no file');

# as a subrequest

$r = http_get('/ssi/page');
is($r->status, 200, 'include');
unlike($r->body, qr/see this/, 'include, nothing in it');
closed('include');

$r = http_get('/mirrored/a.txt');
is($r->body, 'see this', 'mirror');
$t->waitforlog(qr!no valid credential.*GET .mirrored!);
closed('mirror');

# error_page may help

$r = http_get('/page/a.txt');
is($r->status . $r->body, '200see this', 'error page');
closed('error page');

# nothing of it was kept, and what has been sent was signed

my $log = $t->access_log;
is(scalar(() = $log =~ /"HIT"$/mg), 0, 'errors are not kept');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');
like($t->error_log, qr/no valid credential in cos_credentials "file"/,
	'reason is in the log');

# 2. with a credential there is a connection

my $expires = time() + 3;
credential($expires);
$t->waitforlog(qr/cos_credentials "file" updated/);

my $c = http_connect();
$c->request(uri => '/cache/later.txt', headers => { Host => 'a' });
my $head = accepted();
isnt($head, '', 'valid, connected');
is($c->read_response(method => 'GET')->body, 'ok', 'valid, answered');
like($head, qr/^Authorization: q-sign-algorithm=sha1&/m, 'valid, signed');
is($head =~ /^x-cos-security-token: (.*?)\r$/mi ? $1 : '', $token,
	'valid, token');

# 3. it expires while nginx runs

$t->wait_until(sub { time() > $expires + 1 }, 10);

refused('GET', '/cache/new.txt', 'expired at last');
is(http_get('/cache/later.txt')->body, 'ok', 'hit all the same');
closed('hit');

###############################################################################

sub credential {
	my ($expired) = @_;
	my ($id, $key) = (SECRET_ID, SECRET_KEY);
	$t->write_file('cred.tmp', qq({"credentials":{"tmpSecretId":"$id",)
		. qq("tmpSecretKey":"$key","sessionToken":"$token"},)
		. qq("expiredTime":$expired}));
	rename $t->path('cred.tmp'), $t->path('cred.json') or die;
}

# answers whoever connects; the head of the request

sub accepted {
	IO::Select->new($listen)->can_read(5) or return '';
	my $peer = $listen->accept;
	my $head = '';
	while (defined(my $line = readline $peer)) {
		last if $line eq "\r\n";
		$head .= $line;
	}
	print {$peer} "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		. "Connection: close\r\n\r\nok";
	close $peer;
	return $head;
}

# nobody has connected

sub closed {
	my ($name) = @_;
	my $any = IO::Select->new($listen)->can_read(0);
	ok(!$any, "$name, no connection");
	accepted() if $any;
}

sub refused {
	my ($method, $uri, $name, %headers) = @_;
	my $r = http_request(method => $method, uri => $uri,
		headers => \%headers, $method eq 'PUT' ? (body => 'body') : ());
	is(int($r->status / 100), 5, $name) or diag $r;
	closed($name);
}

###############################################################################
