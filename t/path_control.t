#!/usr/bin/perl

# Tests for control characters in the path: they do not get into headers.

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

my $t = Test::COS->new()->needs(qw/ proxy rewrite /)->needs_cos()->plan(95);

$t->cos(buckets => [{ name => 'images-1250000000', region => 'ap-guangzhou',
	strict => 0 }]);
$t->store_put('images-1250000000', $_, "images $_") for 'index.html', 'u/1';

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write;

    server {
        listen 127.0.0.1:8080;

        location ~ (?s)^/capture/(?<user>.+)/(?<id>\d+)$ {
            cos_pass images-1250000000/u/$id;
            proxy_set_header X-User $user;
        }

        location ~ (?s)^/uri/.*/(?<id2>\d+)$ {
            cos_pass images-1250000000/u/$id2;
            proxy_set_header X-Original-URI $uri;
        }

        location /spa/ {
            set $orig $uri;
            rewrite (?s)^ /index.html break;
            cos_pass images-1250000000;
            proxy_set_header X-Orig $orig;
        }

        location /last/ {
            set $before $uri;
            rewrite (?s)^ /after/index.html last;
        }

        location /after/ {
            cos_pass images-1250000000;
            proxy_set_header X-Before $before;
        }

        location /plain/ {
            cos_pass images-1250000000;
            proxy_set_header X-Key $cos_key;
        }

    }
}
EOC

$t->run();

###############################################################################

# without them all is well

for my $uri (qw! /capture/me/1 /uri/me/1 /spa/me /last/me !) {
	is(http_get($uri)->status, 200, "$uri");
	my ($e) = $t->journal;
	like(value($e), qr!me!, "$uri, the header");
	$t->journal_clear;
}

# with a header in them, or a request

my @evil = (
	['header', 'x%0d%0ax-cos-acl:%20public-read%0d%0ax-y:%20z'],
	['line feed', 'x%0ax-cos-acl:%20public-read'],
	['return', 'x%0dx-cos-acl:%20public-read'],
	['request', 'x%0d%0a%0d%0aDELETE%20/u%2F1%20HTTP/1.1%0d%0ahost:%20x'],
	['at the end', 'x%0d%0a'],
	['nul', 'x%01y'],
	['tab', 'x%09y'],
	['delete', 'x%7fy'],
);

for my $case (@evil) {
	my ($name, $evil) = @$case;

	for my $uri ("/capture/$evil/1", "/uri/$evil/1", "/spa/$evil",
		"/last/$evil", "/plain/$evil")
	{
		my ($where) = $uri =~ m!^(/\w+)!;
		my $r = http_put($uri, 'body');
		is($r->status, 400, "$name, $where");
		is(sent(), '', "$name, $where, nothing sent");
	}
}

# an absolute URI

my $r = http("GET http://localhost/spa/x%0d%0aX-Y:%20z HTTP/1.1\r\n"
	. "Host: localhost\r\nConnection: close\r\n\r\n");
is($r->status, 400, 'absolute');
is(sent(), '', 'absolute, nothing sent');

# raw bytes that nginx lets through

$r = http("GET /spa/x\x7fy HTTP/1.1\r\nHost: localhost\r\n"
	. "Connection: close\r\n\r\n");
is($r->status, 400, 'raw delete');
is(sent(), '', 'raw delete, nothing sent');

# nothing was deleted, nothing written

is($t->store_get('images-1250000000', 'u/1'), 'images u/1', 'left');
is($t->store_get('images-1250000000', 'index.html'), 'images index.html',
	'page left');

is(scalar(() = $t->error_log =~ /control character/g) > 0, 1, 'logged');

###############################################################################

# method target status [x-cos-acl]

sub sent {
	my @e = $t->journal;
	$t->journal_clear;
	return join "\n", map { "$_->{method} $_->{target} $_->{status}"
		. ' [' . has($_, 'x-cos-acl') . ']' } @e;
}

sub has {
	my ($e, $name) = @_;
	return join ' ', map { $_->[1] } grep { lc $_->[0] eq $name }
		@{$e->{headers}};
}

sub value {
	my ($e) = @_;
	return join ' ', map { has($e, $_) } qw/ x-user x-original-uri x-orig
		x-before /;
}

###############################################################################
