#!/usr/bin/perl

# Tests for deletion of several objects in locations with a PREFIX: clients
# name keys as they do in paths, and the answer has the same names.

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

my $t = Test::COS->new()->needs_cos()->plan(26);

$t->cos(buckets => [
	{ name => 'images-1250000000', region => 'ap-guangzhou' },
	{ name => 'private-1250000000', region => 'local',
		path_hosts => ['cos.example.com'], path_style => 1 },
]);

$t->write_conf(<<'EOC' =~ s/WIDE/\xe4\xb8\xad/r);

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket private-1250000000 local force_path_style protocol=http
               domain=cos.example.com endpoint=127.0.0.1:8081;

    cos_allow delete;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /ss/ {
            cos_pass images-1250000000/pub/;
        }

        location /sn/ {
            cos_pass images-1250000000/pub;
        }

        location /ns {
            cos_pass images-1250000000/pub/;
        }

        location /nn {
            cos_pass images-1250000000/pub;
        }

        location /special/ {
            cos_pass "images-1250000000/a&b<c> '\"WIDE/";
        }

        location /small/ {
            proxy_buffer_size 256;
            proxy_buffers 4 256;
            proxy_busy_buffers_size 256;
            cos_pass images-1250000000/pub/;
        }

        location /direct/ {
            proxy_buffering off;
            cos_pass images-1250000000/pub/;
        }

        location /path/ {
            cos_pass private-1250000000/pub/;
        }

        location /signed/ {
            cos_sign unless_signed;
            cos_pass images-1250000000/pub/;
        }
    }
}

EOC

$t->run();

###############################################################################

my @all = ('a', 'pub', 'pub/', 'pub/a', 'pub/b/c', 'public/a');

for my $uri (qw! /ss/ /sn/ /sn /ns/ /ns /nn/ /nn /small/ /direct/ !) {
	next if $uri eq '/sn';
	fill();
	my $r = http_post("$uri?delete", many('a', 'b/c', 'none'));
	is(join(' ', $r->status, COS::XML::elements($r->body, 'Key')),
		'200 a b/c none', "$uri answer");
	is(join(' ', ($t->store->list_keys('images-1250000000')), map {
		"$_->{method} $_->{target} $_->{verified}" } $t->journal),
		'a pub pub/ public/a POST /?delete 1', "$uri deleted");
}

# other characters

$t->store_put('images-1250000000', "a&b<c> '\"\xe4\xb8\xad/k & <x>", 'x');
my $r = http_post('/special/?delete', many('k &amp; &lt;x&gt;'));
is(COS::XML::element($r->body, 'Key'), 'k & <x>', 'special answer');
is(join(' ', $t->store->list_keys('images-1250000000', 'a&')), '',
	'special deleted');

# in the path

$t->store_put('private-1250000000', $_, 'x') for 'a', 'pub/a';
$r = http_post('/path/?delete', many('a'));
is(COS::XML::element($r->body, 'Key'), 'a', 'path style answer');
is(join(' ', $t->store->list_keys('private-1250000000')), 'a',
	'path style deleted');

# what COS does not delete

$t->control({ locked => 'lock' });
$r = http_post('/ss/?delete', many('locked', 'x') =~ s/(<Delete>)/$1
	<Quiet>true<\/Quiet>/rx);
is(join(' ', COS::XML::elements($r->body, 'Key')), 'locked', 'error');
is(join(' ', COS::XML::elements(($t->journal)[-1]{xml}, 'Key')),
	'pub/locked pub/x', 'sent');
$t->control({});

# a thousand

$t->store_put('images-1250000000', "pub/many/$_", 'x') for 1 .. 1000;
$r = http_post('/small/?delete', many(map { "many/$_" } 1 .. 1000));
is(join(' ', COS::XML::elements($r->body, 'Key')),
	join(' ', map { "many/$_" } 1 .. 1000), 'a thousand, answer');

# errors stay as they are

$t->control({ rules => [{ operation => 'DeleteMultipleObjects',
	status => 403, body => '<Error><Key>pub/a</Key></Error>' }] });
is(http_post('/ss/?delete', many('a'))->body,
	'<Error><Key>pub/a</Key></Error>', 'error of COS');
$t->control({});

# a signature of the client covers neither PREFIX nor our document

$t->journal_clear;
is(http_request(method => 'POST', uri => '/signed/?delete', body => many('a'),
	host => 'images-1250000000.cos.ap-guangzhou.myqcloud.com', sign => 1)
	->status, 403, 'signed by the client');
is(scalar(my @none = $t->journal), 0, 'signed by the client, not sent');

###############################################################################

sub fill {
	$t->store_put('images-1250000000', $_, 'x') for @all;
	$t->journal_clear;
}

sub many {
	return '<Delete>' . join('', map { "<Object><Key>$_</Key></Object>" } @_)
		. '</Delete>';
}

###############################################################################
