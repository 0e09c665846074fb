#!/usr/bin/perl

# Tests for PREFIX without a slash: where it is joined with the rest.

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

my $t = Test::COS->new()->needs_cos()->plan(76);

$t->cos();
$t->store_put('images-1250000000', $_, "key $_") for 'public/a',
	'public/-secret/x', 'public-secret/x', 'publica', 'public', 'a',
	'-secret/x', 'public/private/x', 'private/x', 'public/sub/x',
	'publicprivate/x', 'public/xprivate/x';

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou alias=im protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /img/ { cos_pass images-1250000000/public; }
        location /img2 { cos_pass images-1250000000/public; }
        location /img3/ { cos_pass images-1250000000/public/; }
        location /img4 { cos_pass images-1250000000/public/; }
        location /all { cos_pass images-1250000000; }
        location /path { cos_pass path_style; }

        location /guard {
            cos_pass images-1250000000/public;

            location /guard/private/ { deny all; }
        }

        location /guard2/ {
            cos_pass images-1250000000;

            location /guard2/private/ { deny all; }
            location /guard2/public/private/ { deny all; }
        }

        location ^~ /img/private/ { deny all; }

        location /if {
            if ($arg_versionId) {
                cos_pass images-1250000000/public;
            }
            cos_pass images-1250000000/public;
        }
    }

    server {
        listen 127.0.0.1:8082;
        merge_slashes off;

        location /guard {
            cos_pass images-1250000000/public;

            location /guard/private/ { deny all; }
        }

        location /all {
            cos_pass images-1250000000;

            location /all/private/ { deny all; }
        }
    }
}
EOC

$t->run();

###############################################################################

# with a slash in the location

key('/img/a', 'public/a');
key('/img/-secret/x', 'public/-secret/x');
key('/img/sub/x', 'public/sub/x');
key('/img3/a', 'public/a');
key('/img3/-secret/x', 'public/-secret/x');

# with none: the slash comes next

key('/img2/a', 'public/a');
key('/img2/-secret/x', 'public/-secret/x');
key('/img4/a', 'public/a');
key('/all/a', 'a');
key('/path/im/a', 'a');
key('/if/a', 'public/a');
key('/if/a?versionId=1', 'public/a');

# or there is no such object

no_key($_) for '/img2-secret/x', '/img2a', '/img2%2dsecret/x', '/img4-secret/x',
	'/img4a', '/all-secret/x', '/alla', '/pathim/a', '/if-secret/x',
	'/if-secret/x?versionId=1', '/img2x/../a' =~ s/x.*/./r;
is(http_request(method => 'PUT', uri => '/img2-secret/y', body => 'x')->code,
	'NoSuchKey', 'put');
is(http_head('/img2-secret/x')->status, 404, 'head');
is(http_head('/img2-secret/x')->body, '', 'head, no body');
is(sent(), '', 'none sent');

# rules for locations within

is(http_get($_)->status, 403, "$_ denied") for '/guard/private/x',
	'/guard2/private/x', '/guard2/public/private/x', '/img/private/x',
	'/guard/%70rivate/x', '/guard%2Fprivate/x', '/img/%70rivate/x',
	'/guard/private/../private/x', '/guard//private/x';
is(sent(), '', 'denied, nothing sent');

no_key('/guardprivate/x');
key('/guard/xprivate/x', 'public/xprivate/x');

for my $uri ('/guard//private/x', '/guard/%2Fprivate/x', '/guard%2F/private/x',
	'/all//private/x', '/all%2F%2Fprivate/x')
{
	my $r = http_request(uri => $uri, port => 8082);
	unlike($r->body, qr/^key /, "$uri not around it");
	unlike(sent(), qr{(?:^| )(?:public/)?private}, "$uri not asked for");
}

is(http_request(uri => '/all//private/x', port => 8082)->status, 400,
	'a slash too many');
is(sent(), '', 'a slash too many, nothing sent');

###############################################################################

sub sent {
	my @e = $t->journal;
	$t->journal_clear;
	return join ' ', map { $_->{key} } @e;
}

sub key {
	my ($uri, $key) = @_;
	is(http_get($uri)->body, "key $key", $uri);
	is(sent(), $key, "$uri, key");
}

sub no_key {
	my ($uri) = @_;
	my $r = http_get($uri);
	is($r->status . ' ' . ($r->code || ''), '404 NoSuchKey', $uri);
	is(sent(), '', "$uri, nothing sent");
}

###############################################################################
