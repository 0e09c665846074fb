#!/usr/bin/perl

# Tests for subrequests: auth_request, SSI, addition.

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

my $t = Test::COS->new()->needs(qw/ proxy ssi auth_request addition rewrite /)
	->needs_cos()->plan(32);

my %html = ('Content-Type' => 'text/html');

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'guarded');
$t->store_put('images-1250000000', 'acl/alice', '');
$t->store_put('images-1250000000', 'part one', 'PART1', %html);
$t->store_put('videos-1250000000', 'part', 'PART2', %html);
$t->store_put('images-1250000000', 'page', '[<!--# include '
	. 'virtual="/ssi/part%20one" -->|<!--# include virtual="/videos/part" -->'
	. '|<!--# include virtual="/ssi/part%20one" -->]', %html);
$t->store_put('images-1250000000', 'broken', '[<!--# include '
	. 'virtual="/ssi/nope" -->|<!--# include virtual="/ssi/part%20one?acl" -->'
	. '|<!--# include virtual="/videos/part" -->]', %html);

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    log_format keys '$request_method $uri [$cos_bucket/$cos_key/$cos_action]';
    log_subrequest on;
    access_log %%TESTDIR%%/keys.log keys;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /guarded/ {
            auth_request /auth;
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location = /auth {
            internal;
            if ($http_x_user = alice) {
                return 204;
            }
            return 403;
        }

        location /listed/ {
            auth_request /acl;
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location = /acl {
            internal;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            cos_pass images-1250000000/acl/$http_x_user;
        }

        location /ssi/ {
            ssi on;
            cos_pass images-1250000000/;
        }

        location /videos/ {
            cos_pass videos-1250000000/;
        }

        location /added/ {
            add_before_body "/ssi/part one";
            add_after_body /videos/part;
            addition_types *;
            cos_pass images-1250000000/;
        }
    }
}
EOC

$t->run();

###############################################################################

# auth_request before cos_pass

my $r = http_get('/guarded/a.txt');
is($r->status, 403, 'not let in');
is(sent(), '', 'not let in, nothing sent');

$r = http_get('/guarded/a.txt', 'X-User' => 'alice');
is($r->body, 'guarded', 'let in');
is(sent(), 'GET /a.txt', 'let in, sent');

$r = http_put('/guarded/b.txt', 'body', 'X-User' => 'alice');
is($r->status, 200, 'put let in');
is(sent(), 'PUT /b.txt', 'put let in, sent');
is($t->store_get('images-1250000000', 'b.txt'), 'body', 'put stored');

# cos_pass as the one that is asked

$r = http_get('/listed/a.txt', 'X-User' => 'alice');
is($r->body, 'guarded', 'listed');
is(sent(), 'GET /acl/alice, GET /a.txt', 'listed, sent');

$r = http_put('/listed/c.txt', 'body', 'X-User' => 'alice',
	'Content-Type' => 'a/b', 'x-cos-meta-a' => 'b');
is($r->status, 200, 'listed put');
is(sent(), 'GET /acl/alice, PUT /c.txt', 'listed put, sent');
is($t->store_get('images-1250000000', 'c.txt'), 'body', 'listed put stored');

$r = http_get('/listed/a.txt', 'X-User' => 'bob');
is($r->status, 500, 'not listed');
is(sent(), 'GET /acl/bob', 'not listed, only asked');

# a name that must not become another key

$r = http_get('/listed/a.txt', 'X-User' => '../a.txt');
is($r->status, 500, 'name with dots');
$r = http_get('/listed/a.txt');
isnt($r->status, 200, 'no name');
is(sent(), 'GET /acl/', 'names refused') or
	diag 'acl/ alone is a key like any other';

$t->control({ rules => [{ path_re => 'acl', status => 403 }] });
$r = http_get('/listed/a.txt', 'X-User' => 'alice');
is($r->status, 403, 'denied by COS');
is(sent(), 'GET /acl/alice', 'denied by COS, only asked');
$t->control();

# SSI, from two buckets

$r = http_get('/ssi/page');
is($r->body, '[PART1|PART2|PART1]', 'includes');
is(join(', ', sort split /, /, sent()),
	'GET /page, GET /part, GET /part%20one, GET /part%20one',
	'includes, sent');

$r = http_get('/ssi/broken');
is($r->status, 200, 'broken includes');
like($r->body, qr/NoSuchKey.*AccessDenied.*PART2\]/s,
	'broken includes, body');
is(join(', ', sort split /, /, sent()),
	'GET /broken, GET /nope, GET /part', 'broken includes, sent');

$r = http_get('/ssi/page', 'Content-Type' => 'a/b', 'x-cos-meta-a' => 'b',
	Authorization => 'forged', Cookie => 'a=b');
is($r->body, '[PART1|PART2|PART1]', 'includes with headers');
is(sent() =~ tr/,//, 3, 'includes with headers, sent');

# addition

$r = http_get('/added/a.txt');
is($r->body, 'PART1guardedPART2', 'addition');
is(join(', ', sort split /, /, sent()),
	'GET /a.txt, GET /part, GET /part%20one', 'addition, sent');

# each request has variables of its own

$t->stop;
my $log = $t->read_file('keys.log');
like($log, qr!^GET /auth \[-/-/-\]$!m, 'variables without cos_pass');
like($log, qr!^GET /listed/a.txt \[images-1250000000/a.txt/GetObject\]$!m,
	'variables of the request');
like($log, qr!^GET /acl \[images-1250000000/acl/alice/GetObject\]$!m,
	'variables of the subrequest');
like($log, qr!^GET /videos/part \[videos-1250000000/part/GetObject\]$!m,
	'variables of an include');

###############################################################################

# requests since the last time; those that are not verified are marked

sub sent {
	my @j = $t->journal;
	$t->journal_clear();
	return join ', ', map { ($_->{verified} ? '' : 'unsigned ')
		. "$_->{method} $_->{target}" } @j;
}

###############################################################################
