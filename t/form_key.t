#!/usr/bin/perl

# Tests for the key of a form: where a GET of the same key finds the object.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $images = 'images-1250000000';
my $videos = 'videos-1250000000';

# host, where it is sent, key in the form; bucket, key of the object, its URI

my @good = (
	['h', '/one/', 'a.jpg', $images, 'a.jpg', '/one/a.jpg'],
	['h', '/one/', 'd/e/a.jpg', $images, 'd/e/a.jpg', '/one/d/e/a.jpg'],
	['h', '/one/', 'd/', $images, 'd/', '/one/d/'],
	['h', '/one/', 'a b+%41?#&\'"\\$x{}', $images, 'a b+%41?#&\'"\\$x{}',
		'/one/a%20b%2B%2541%3F%23%26%27%22%5C%24x%7B%7D'],
	['h', '/one/', "\xe4\xb8\xad.jpg", $images, "\xe4\xb8\xad.jpg",
		'/one/%E4%B8%AD.jpg'],
	['h', '/one/', '..a/.b/c..', $images, '..a/.b/c..', '/one/..a/.b/c..'],
	['h', '/prefix/', 'a.jpg', $images, 'p/q/a.jpg', '/prefix/a.jpg'],
	['h', '/slashless', 'a.jpg', $images, 'p/q/a.jpg', '/slashless/a.jpg'],
	['h', '/slashless/', 'b.jpg', $images, 'p/q/b.jpg', '/slashless/b.jpg'],
	['h', '/glue/', 'c.jpg', $images, 'p/q/c.jpg', '/glue/c.jpg'],
	['h', '/', "$images/k1", $images, 'k1', "/$images/k1"],
	['h', '/', 'videos/d/k2', $videos, 'd/k2', '/videos/d/k2'],
	['h', "/$images", 'k3', $images, 'k3', "/$images/k3"],
	['h', '/videos/', 'k4', $videos, 'k4', '/videos/k4'],
	['h', '/videos/', "$images/k5", $videos, "$images/k5",
		"/videos/$images/k5"],
	['h', '/below/', 'videos/k6', $videos, 'k6', '/below/videos/k6'],
	["$videos.host", '/', 'k7', $videos, 'k7', '/k7'],
	['h', '/u/42/', 'a.jpg', $images, 'users/42/a.jpg', '/u/42/a.jpg'],
	['h', '/exact', 'a.jpg', $images, 'inbox/a.jpg', undef],
	['h', '/rewritten', 'k8', $videos, 'k8', undef],
	['h', '/double/', 'a//b', $images, 'a//b', '/a//b'],
);

my @bad = (
	# 400 unless there is a status
	['/one/', ''], ['/one/', '/a'], ['/one/', '\\a'], ['/one/', '//'],
	['/one/', '..'], ['/one/', '.'], ['/one/', '../a'], ['/one/', 'a/../b'],
	['/one/', 'a/..'], ['/one/', 'a/./b'], ['/one/', 'a//b'],
	['/one/', '${filename}'], ['/one/', 'a/${filename}'], ['/one/', '${x'],
	['/one/', 'a' x 851], ['/one/', "a\tb"], ['/one/', "a\x7fb"],
	['/prefix/', '../a'], ['/prefix/', ''], ['/prefix/', 'a' x 847],
	['/', $images], ['/', 'videos/'], ['/', 'nope/a', 404],
	['/', 'secrets-1250000000/a', 404], ['/', '/videos/a'],
	['/', '../videos/a', 404], ['/', 'videos/../a'], ['/videos/', ''],
	['/below/', 'a', 404], ['/below/', 'below/videos/a', 404],
	['/limited/', "$images/a", 404], ['/limited/', 'a', 404],
	['/nope/', 'a', 404], ['/videos/d/', 'a', 405], ['/one/d', 'a', 405],
	['/fixed/', 'a', 403], ['/named/', 'a'],
);

my $t = Test::COS->new()->needs_cos()->plan(5 * @good + 4
	- grep { !defined $_->[5] } @good);

$t->cos(buckets => [{ name => $images, region => 'ap-guangzhou' },
	{ name => $videos, region => 'ap-shanghai' }]);

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 alias=videos;

    cos_allow  read PostObject;

    geo $dollar { default "$"; }

    server {
        listen       127.0.0.1:8080;
        server_name  h;

        location / {
            cos_pass  path_style;
        }

        location /one/ {
            cos_pass  images-1250000000;
        }

        location /prefix/ {
            cos_pass  images-1250000000/p/q/;
        }

        location /slashless {
            cos_pass  images-1250000000/p/q/;
        }

        location /glue/ {
            cos_pass  images-1250000000/p/q;
        }

        location /below/ {
            cos_pass  path_style;
        }

        location /limited/ {
            cos_pass  path_style videos;
        }

        location ~ ^/u/(?<id>\d+)/(?<name>.*)$ {
            cos_pass  images-1250000000/users/$id/$name;
        }

        location /named/ {
            set $brought "${dollar}{filename}";
            cos_pass  images-1250000000/u/$brought/;
        }

        location /fixed/ {
            set $name a.jpg;
            cos_pass  images-1250000000/users/$name;
        }

        location = /exact {
            cos_pass  images-1250000000/inbox/;
        }

        location = /rewritten {
            rewrite   ^ /videos/ break;
            cos_pass  path_style;
        }
    }

    server {
        listen       127.0.0.1:8080;
        server_name  *.host;

        location / {
            cos_pass  host_style;
        }
    }

    server {
        listen         127.0.0.1:8082;
        merge_slashes  off;

        location / {
            cos_pass  images-1250000000;
        }
    }
}

EOC

$t->run();

###############################################################################

for my $case (@good) {
	my ($host, $uri, $form_key, $bucket, $key, $where) = @$case;
	my $name = "$uri with $form_key";

	my @port;
	if ($uri eq '/double/') {
		($uri, @port) = ('/', port => 8082);
	}

	$t->journal_clear;
	my $r = http_form($uri, [key => $form_key], $name, host => $host, @port);
	is($r->status, 204, $name);
	is($t->store_get($bucket, $key), $name, "$name, stored");

	my ($e, @more) = $t->journal;
	is("$e->{host} $e->{target} $e->{verified} " . @more, "$bucket.cos."
		. ($bucket eq $images ? 'ap-guangzhou' : 'ap-shanghai')
		. '.myqcloud.com / 1 0', "$name, sent");

	my $location = $r->header('location');
	if (!defined $where) {
		is($location, undef, "$name, no address");
		next;
	}
	like($location, qr!\Ahttp://[^/]+\Q$where\E\z!, "$name, location");
	is(http_request(uri => $where, headers => { Host => $host }, @port)
		->body, $name, "$name, read");
}

$t->journal_clear;
my @wrong;
for my $case (@bad) {
	my ($uri, $key, $status) = @$case;
	my $r = http_form($uri, [key => $key], 'x', host => 'h');
	push @wrong, "$uri with $key: " . $r->status . ' ' . ($r->code || '')
		unless $r->status == ($status || 400) && $r->code;
}
is(join("\n", @wrong), '', 'refused');
is(scalar(my @none = $t->journal), 0, 'nothing sent');

# the key that a form has is not that of the URI

is(http_form("/one/?key=b", [key => 'a'], 'x')->status, 403,
	'query parameters');
is(scalar(@none = $t->journal), 0, 'query parameters, nothing sent');

###############################################################################
