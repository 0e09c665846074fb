#!/usr/bin/perl

# Tests for proxy_set_header: what it sets is sent and, where that is needed,
# signed; ours is set in any case.

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

my $token = 'ExampleSecurityTokenOfTheHeaderTests';

my $t = Test::COS->new()->needs(qw/ proxy rewrite /)->needs_cos()->plan(40);

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY,
	token => $token }]);
$t->store_put('images-1250000000', 'a.txt', 'see this');

my $conf = <<'EOC';
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; token %%TOKEN%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write;

    proxy_set_header X-Level http;
    proxy_set_header X-Http 1;
    proxy_set_header x-cos-meta-level http;
    proxy_set_header Host $host;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000/;
        }

        location /location/ {
            proxy_set_header X-Level location;
            proxy_set_header x-cos-meta-level location;
            cos_pass images-1250000000/;

            location /location/nested/ {
                cos_pass images-1250000000/;
            }

            location /location/own/ {
                proxy_set_header X-Own 1;
                cos_pass images-1250000000/;
            }
        }

        location /vars/ {
            set $copy "b  c";
            proxy_set_header x-cos-meta-user $http_x_user;
            proxy_set_header x-cos-meta-copy $copy;
            proxy_set_header X-Cos-Meta-Key $cos_key;
            proxy_set_header X-COS-Storage-Class STANDARD_IA;
            proxy_set_header Content-Type $http_x_type;
            cos_pass images-1250000000/;
        }

        location /spaces/ {
            proxy_set_header x-cos-meta-user "a $http_x_user";
            cos_pass images-1250000000/;
        }

        location /space/ {
            proxy_set_header x-cos-meta-user " ";
            cos_pass images-1250000000/;
        }

        location /drop/ {
            proxy_set_header x-cos-meta-a "";
            proxy_set_header Content-Type "";
            cos_pass images-1250000000/;
        }

        location /cookie/ {
            proxy_set_header Cookie $http_cookie;
            cos_pass images-1250000000/;
        }
    }

    server {
        listen 127.0.0.1:8082;
        proxy_set_header X-Level server;

        location / {
            cos_pass images-1250000000/;
        }

        location /if/ {
            if ($http_x_user) {
                add_header X-If 1;
            }
            cos_pass images-1250000000/;
        }
    }

    server {
        listen 127.0.0.1:8083;

        location / {
            proxy_set_header authorization mine;
            proxy_set_header X-COS-SECURITY-TOKEN mine;
            proxy_set_header HOST mine;
            cos_pass images-1250000000/;
        }
    }
}
EOC

$conf =~ s/%%TOKEN%%/$token/;
$t->write_conf($conf);
$t->run();

###############################################################################

# levels: that of the location, or else the next that has any

my $e = put('http level', '/a');
is(h($e, 'x-level') . h($e, 'x-http'), 'http1', 'http level, sent');
is(signed($e), 'host;x-cos-meta-level;x-cos-security-token',
	'http level, signed');
is($e->{host}, 'images-1250000000.cos.ap-guangzhou.myqcloud.com',
	'http level, host is ours');

$e = put('server level', '/a', port => 8082);
is(h($e, 'x-level') . h($e, 'x-http') . h($e, 'x-cos-meta-level'), 'server--',
	'server level, sent');
is(signed($e), 'host;x-cos-security-token', 'server level, signed');

$e = put('server level in if', '/if/a', port => 8082,
	headers => { 'X-User' => 'u' });
is(h($e, 'x-level') . h($e, 'x-http'), 'server-', 'server level in if, sent');

$e = put('location level', '/location/a');
is(h($e, 'x-level') . h($e, 'x-http') . h($e, 'x-cos-meta-level'),
	'location-location', 'location level, sent');
is(signed($e), 'host;x-cos-meta-level;x-cos-security-token',
	'location level, signed');

$e = put('nested', '/location/nested/a');
is(h($e, 'x-level') . h($e, 'x-http') . h($e, 'x-cos-meta-level'),
	'location-location', 'nested, sent');

$e = put('nested with its own', '/location/own/a');
is(h($e, 'x-level') . h($e, 'x-own') . h($e, 'x-cos-meta-level'), '-1-',
	'nested with its own, sent');

# variables

$e = put('variables', '/vars/d%20e', headers => { 'X-User' => 'u&v=%20w',
	'X-Type' => 'a/b; c=d', 'x-cos-meta-user' => 'of the client',
	'x-cos-meta-own' => 'of the client', 'Content-Type' => 'text/plain' });
is(signed($e), 'content-type;host;x-cos-meta-copy;x-cos-meta-key;'
	. 'x-cos-meta-own;x-cos-meta-user;x-cos-security-token;'
	. 'x-cos-storage-class', 'variables, signed');
is(h($e, 'x-cos-meta-user'), 'u&v=%20w', 'variables, instead of the client');
is(h($e, 'x-cos-meta-copy'), 'b  c', 'variables, set');
is(h($e, 'x-cos-meta-key'), 'd e', 'variables, ours');
is(h($e, 'x-cos-meta-own'), 'of the client', 'variables, beside the client');
is(h($e, 'content-type'), 'a/b; c=d', 'variables, type');
is($t->store->head('images-1250000000', 'd e')->{headers}{'content-type'},
	'a/b; c=d', 'variables, type stored');

$e = put('empty variables', '/vars/f', headers => {
	'x-cos-meta-user' => 'of the client', 'Content-Type' => 'text/plain' });
is(signed($e), 'host;x-cos-meta-copy;x-cos-meta-key;x-cos-security-token;'
	. 'x-cos-storage-class', 'empty variables, signed');
is(h($e, 'x-cos-meta-user') . h($e, 'content-type'), '--',
	'empty variables, not sent');

put('space at the end', '/spaces/a');
put('space alone', '/space/a');
put('space within', '/spaces/a', headers => { 'X-User' => 'b' });

$e = put('dropped', '/drop/a', headers => { 'x-cos-meta-a' => 'b',
	'x-cos-meta-c' => 'd', 'Content-Type' => 'text/plain' });
is(signed($e), 'host;x-cos-meta-c;x-cos-security-token', 'dropped, signed');
is(h($e, 'x-cos-meta-a') . h($e, 'content-type'), '--', 'dropped, not sent');

# cookies are not the business of COS, if not sent on purpose

$e = put('cookie', '/a', headers => { Cookie => 'a=b' });
is(h($e, 'cookie'), '-', 'cookie, not sent');
$e = put('cookie on purpose', '/cookie/a', headers => { Cookie => 'a=b' });
is(h($e, 'cookie'), 'a=b', 'cookie on purpose, sent');

# ours are not to be set

$e = put('ours', '/a', port => 8083);
is(h($e, 'host') . h($e, 'x-cos-security-token'),
	"images-1250000000.cos.ap-guangzhou.myqcloud.com$token", 'ours, sent');
like($t->stderr_log . $t->error_log,
	qr/"proxy_set_header authorization" is ignored/, 'ours, warning');

###############################################################################

# uploads, and gives the journal entry; nothing is sent twice

sub put {
	my ($name, $uri, %opt) = @_;
	$t->journal_clear();
	my $r = http_request(method => 'PUT', uri => $uri, body => 'body', %opt);
	my ($e) = $t->journal;
	my %seen;
	my @twice = grep { $seen{lc $_}++ } map { $_->[0] } @{$e->{headers}};
	ok($r->status == 200 && $e->{verified} && !@twice, $name)
		or diag "twice: @twice; $r";
	return $e;
}

sub h {
	my ($e, $name) = @_;
	my @v = map { $_->[1] } grep { lc $_->[0] eq $name } @{$e->{headers}};
	return @v ? join(',', @v) : '-';
}

sub signed { return $_[0]{header_list} }

###############################################################################
