#!/usr/bin/perl

# Tests for mirror: a request, and its body, copied into another bucket.

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

my $t = Test::COS->new()->needs(qw/ proxy mirror rewrite /)->needs_cos()
	->plan(12);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'guarded');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /mirrored/ {
            set $orig $uri;
            mirror /mirror;
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location = /mirror {
            internal;
            cos_pass videos-1250000000/copy$orig;
            cos_allow read write;
        }
    }
}
EOC

$t->run();

###############################################################################

my $r = http_get('/mirrored/a.txt');
is($r->body, 'guarded', 'get mirrored');
is(mirrored(2), 'GET /a.txt, GET /copy/mirrored/a.txt',
	'get mirrored, sent');

$r = http_put('/mirrored/d%20e', 'twice', 'x-cos-meta-a' => 'b');
is($r->status, 200, 'put mirrored');
is(mirrored(2), 'PUT /copy/mirrored/d%20e, PUT /d%20e',
	'put mirrored, sent');
is($t->store_get('images-1250000000', 'd e'), 'twice', 'original');
is($t->store_get('videos-1250000000', 'copy/mirrored/d e'), 'twice', 'copy');

my $big = join '', map { sprintf '%08d', $_ } 1 .. 50_000;
$r = http_put('/mirrored/big', $big);
is($r->status, 200, 'big put mirrored');
is(mirrored(2), 'PUT /big, PUT /copy/mirrored/big',
	'big put mirrored, sent');
is($t->store_get('images-1250000000', 'big'), $big, 'big original');
is($t->store_get('videos-1250000000', 'copy/mirrored/big'), $big,
	'big copy');

$r = http_delete('/mirrored/a.txt');
is($r->status, 403, 'delete refused');
is(sent(), '', 'delete refused, nothing mirrored');

###############################################################################

# requests since the last time; those that are not verified are marked

sub sent {
	my @j = $t->journal;
	$t->journal_clear();
	return join ', ', map { ($_->{verified} ? '' : 'unsigned ')
		. "$_->{method} $_->{target}" } @j;
}

sub mirrored {
	my ($n) = @_;
	$t->wait_until(sub { (my @j = $t->journal) >= $n });
	return join ', ', sort split /, /, sent();
}

###############################################################################
