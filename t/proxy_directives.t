#!/usr/bin/perl

# Tests for other directives of nginx around cos_pass, each of them once.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use Digest::MD5 qw/ md5_base64 /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy rewrite limit_req secure_link sub
	gzip /)->needs_cos()->plan(36);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'see this',
	'Content-Type' => 'text/plain', 'x-cos-meta-a' => 'b');
$t->store_put('images-1250000000', 'page', 'see that ' x 1000,
	'Content-Type' => 'text/html');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    limit_req_zone $binary_remote_addr zone=addr:1m rate=1r/m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write;

    server {
        listen 127.0.0.1:8080;

        location /body/ {
            proxy_set_body "body of $cos_key";
            cos_pass images-1250000000/;
        }

        location /noheaders/ {
            proxy_pass_request_headers off;
            proxy_set_header x-cos-meta-set $http_x_user;
            cos_pass images-1250000000/;
        }

        location /hide/ {
            proxy_hide_header x-cos-meta-a;
            proxy_hide_header x-cos-request-id;
            proxy_pass_header Server;
            cos_pass images-1250000000/;
        }

        location /redirect/ {
            proxy_redirect http://elsewhere.test/ /here/;
            cos_pass images-1250000000/;
        }

        location /limit/ {
            limit_req zone=addr;
            cos_pass images-1250000000/;
        }

        location /link/ {
            secure_link $arg_md5,$arg_expires;
            secure_link_md5 "$secure_link_expires$uri secret";
            if ($secure_link = "") {
                return 403;
            }
            if ($secure_link = "0") {
                return 410;
            }
            set $args "";
            cos_pass images-1250000000/;
        }

        location /sub/ {
            sub_filter that this;
            sub_filter_once off;
            cos_pass images-1250000000/;
        }

        location /gzip/ {
            gzip on;
            gzip_min_length 0;
            cos_pass images-1250000000/;
        }

        location /small/ {
            client_max_body_size 10;
            cos_pass images-1250000000/;
        }

        location /type/ {
            types { }
            default_type a/b;
            expires 1h;
            proxy_buffering off;
            cos_pass images-1250000000/;
        }

        location /bind/ {
            proxy_bind 127.0.0.1;
            proxy_socket_keepalive on;
            cos_pass images-1250000000/;
        }

        location /version/ {
            proxy_http_version 1.0;
            cos_pass images-1250000000/;
        }

        location /timeout/ {
            proxy_read_timeout 100ms;
            cos_pass images-1250000000/;
        }
    }
}
EOC

$t->run();

###############################################################################

# what is sent instead of the client's body

my ($r, $e) = ask(method => 'PUT', uri => '/body/b%20c', body => 'other');
ok($r->status == 200 && $e->{verified}, 'set body');
is($t->store_get('images-1250000000', 'b c'), 'body of b c',
	'set body, stored');

# and instead of its headers

($r, $e) = ask(method => 'PUT', uri => '/noheaders/h', body => 'body',
	headers => { 'Content-Type' => 'c/d', 'x-cos-meta-b' => 'c',
	'X-User' => 'u', Cookie => 'a=b', Authorization => 'of the client' });
ok($r->status == 200 && $e->{verified}, 'no headers');
is($e->{header_list}, 'host;x-cos-meta-set', 'no headers, signed');
is($t->store_get('images-1250000000', 'h'), 'body', 'no headers, stored');
is(scalar(grep { $_->[1] =~ /of the client|a=b/ } @{$e->{headers}}), 0,
	'no headers, not sent');

# headers of COS

($r, $e) = ask(uri => '/hide/a.txt');
is($r->body, 'see this', 'hide');
is($r->header('x-cos-meta-a'), undef, 'hide, gone');
is($r->header('x-cos-request-id'), undef, 'hide, id gone');
is($r->header('Server'), 'tencent-cos', 'pass, server');

$t->control({ rules => [{ path_re => 'moved', status => 302, headers =>
	{ Location => 'http://elsewhere.test/x' } }] });
($r, $e) = ask(uri => '/redirect/moved');
is($r->status, 302, 'redirect');
like($r->header('Location'), qr!^(?:http://localhost(?::\d+)?)?/here/x$!,
	'redirect, location');
$t->control();

# limits

($r, $e) = ask(uri => '/limit/a.txt');
is($r->status, 200, 'first');
($r, $e) = ask(uri => '/limit/a.txt');
is($r->status, 503, 'limited');
is($e, undef, 'limited, nothing sent');

($r, $e) = ask(method => 'PUT', uri => '/small/s', body => 'x' x 10);
is($r->status, 200, 'small body');
($r, $e) = ask(method => 'PUT', uri => '/small/s', body => 'x' x 11);
is($r->status, 413, 'large body');
is($e, undef, 'large body, nothing sent');

# secure_link: its parameters go no further

my $link = sub {
	my ($expires, $uri) = @_;
	(my $md5 = md5_base64("$expires$uri secret")) =~ tr!+/!-_!;
	return "$uri?md5=$md5&expires=$expires";
};

($r, $e) = ask(uri => $link->(time() + 1000, '/link/a.txt'));
is($r->body, 'see this', 'link');
ok($e->{verified} && $e->{target} eq '/a.txt', 'link, sent');
($r, $e) = ask(uri => $link->(time() - 1000, '/link/a.txt'));
is($r->status, 410, 'old link');
is($e, undef, 'old link, nothing sent');
($r, $e) = ask(uri => $link->(time() + 1000, '/link/b.txt') =~ s/b\.t/a.t/r);
is($r->status, 403, 'wrong link');
is($e, undef, 'wrong link, nothing sent');

# filters

($r, $e) = ask(uri => '/sub/page');
is($r->body, 'see this ' x 1000, 'substituted');
($r, $e) = ask(uri => '/gzip/page', headers => { 'Accept-Encoding' => 'gzip' });
is($r->header('Content-Encoding'), 'gzip', 'gzip');
cmp_ok($r->length, '<', 1000, 'gzip, length');
ok($e->{verified}, 'gzip, signed');

($r, $e) = ask(uri => '/type/a.txt');
is($r->header('Content-Type'), 'text/plain', 'type is that of COS');
is($r->header('Cache-Control'), 'max-age=3600', 'expires');
is($r->body, 'see this', 'unbuffered');

# connections

for my $where ('bind', 'version') {
	($r, $e) = ask(uri => "/$where/a.txt");
	is($r->body, 'see this', $where);
	ok($e->{verified}, "$where, signed");
}

$t->control({ rules => [{ path_re => 'a.txt', stall => 1, headers => {} }] });
($r, $e) = ask(uri => '/timeout/a.txt');
is($r->status, 504, 'timeout');

###############################################################################

# the response, and the journal entry if there is one

sub ask {
	my (%a) = @_;
	$t->journal_clear();
	my $r = http_request(%a);
	return ($r, ($t->journal)[0]);
}

###############################################################################
