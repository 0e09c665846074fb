#!/usr/bin/perl

# Tests for rules of locations, which the key of a form must not walk around.

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

# host, sent to, key: whether the same location has it

my @cases = (
	['plain', '/', 'a', 1],
	['plain', '/', 'private', 1],
	['plain', '/', 'privat', 1],
	['plain', '/', 'private/a', 0],
	['plain', '/', 'private/', 0],
	['plain', '/', 'private2/a', 1],
	['plain', '/', 'Private/a', 1],
	['plain', '/', 'priv/a', 1],
	['plain', '/', 'nested', 0],
	['plain', '/', 'nested/a', 0],
	['plain', '/', 'nested/inner/a', 0],
	['plain', '/nested/', 'a', 1],
	['plain', '/nested/', 'inner/a', 0],
	['plain', '/nested/', 'inner', 1],
	['plain', '/nested/', 'b.txt', 0],
	['plain', '/', 'exactly', 0],
	['plain', '/', 'exactly/a', 1],
	['plain', '/', 'redirected', 0],
	['plain', '/', 'a.php', 0],
	['plain', '/', 'a.PHP', 1],
	['plain', '/', 'a.Cgi', 0],
	['plain', '/', 'a.php/b', 1],
	['plain', '/noregex/', 'a.php', 1],
	['plain', '/', 'noregex/a.php', 0],
	['plain', '/if/', 'a', 1],
	['plain', '/if/', 'private/a', 0],

	['style', '/', 'images-1250000000/a', 1],
	['style', '/', 'images-1250000000/private/a', 0],
	['style', '/images-1250000000/', 'private/a', 0],
	['style', '/images-1250000000', 'private/a', 0],
	['style', '/images/', 'private/a', 1],

	['regex', '/u/1/', 'a', 1],
	['regex', '/u/1/', 'private/a', 0],
	['regex', '/w/1/', 'a', 1],
	['regex', '/w/1/', 'private/a', 1],
	['regex', '/form', 'private/a', 1],
	['regex', '/rewritten/', 'private/a', 1],
	['regex', '/internal', 'private/a', 0],

	['named', '/', 'a', 1],
	['named', '/', 'private/a', 0],
);

my $t = Test::COS->new()->needs_cos()->plan(4);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 alias=images;

    cos_allow PostObject;

    server {
        listen       127.0.0.1:8080;
        server_name  plain;

        location / {
            add_header X-At 1 always;
            cos_pass  images-1250000000;
        }

        location /private/ {
            add_header X-At 2 always;
            deny  all;
        }

        location /priv2/ {
            add_header X-At 3 always;
            deny  all;
        }

        location /nested/ {
            add_header X-At 4 always;
            cos_pass  images-1250000000;

            location /nested/inner/ {
                add_header X-At 5 always;
                deny  all;
            }

            location ~ \.txt$ {
                add_header X-At 6 always;
                deny  all;
            }
        }

        location = /exactly {
            add_header X-At 7 always;
            deny  all;
        }

        location /redirected/ {
            add_header X-At 8 always;
            proxy_pass  http://127.0.0.1:8081;
        }

        location ~ \.php$ {
            add_header X-At 9 always;
            deny  all;
        }

        location ~* \.cgi$ {
            add_header X-At 10 always;
            deny  all;
        }

        location ^~ /noregex/ {
            add_header X-At 11 always;
            cos_pass  images-1250000000;
        }

        location /if/ {
            add_header X-At 12 always;
            if ($request_method = POST) {
                set $a b;
            }

            cos_pass  images-1250000000;

            location /if/private/ {
                add_header X-At 13 always;
                deny  all;
            }
        }
    }

    server {
        listen       127.0.0.1:8080;
        server_name  style;

        location / {
            add_header X-At 14 always;
            cos_pass  path_style;
        }

        location /images-1250000000/private/ {
            add_header X-At 15 always;
            deny  all;
        }
    }

    server {
        listen       127.0.0.1:8080;
        server_name  regex;

        location ~ /private/ {
            add_header X-At 16 always;
            deny  all;
        }

        location ~ ^/u/(\d+)/ {
            add_header X-At 17 always;
            cos_pass  images-1250000000/u/$1/;
        }

        location ~ ^/w/(\d+)/$ {
            add_header X-At 18 always;
            cos_pass  images-1250000000/w/$1/;
        }

        location = /form {
            add_header X-At 19 always;
            cos_pass  images-1250000000/;
        }

        location /rewritten/ {
            add_header X-At 20 always;
            rewrite   ^ /images/ break;
            cos_pass  path_style;
        }

        location /internal {
            add_header X-At 21 always;
            rewrite   ^ /images/ last;
        }

        location / {
            add_header X-At 22 always;
            cos_pass  path_style;
        }
    }

    server {
        listen       127.0.0.1:8080;
        server_name  named;

        location / {
            try_files  /nothing @cos;
        }

        location ~ /private/ {
            add_header X-At 23 always;
            deny  all;
        }

        location @cos {
            add_header X-At 24 always;
            cos_pass  images-1250000000;

            if ($request_method ~ .) {
                add_header X-At 24 always;
            }
        }
    }
}

EOC

$t->run();

###############################################################################

my ($n, @wrong) = (0);
for my $case (@cases) {
	my ($host, $uri, $key, $same) = @$case;
	my $r = http_form($uri, [key => $key], 'x', host => $host);
	push @wrong, "$host $uri $key: " . $r->status . ' ' . ($r->code || '')
		unless $r->status == ($same ? 204 : 403)
			&& ($same || $r->code eq 'AccessDenied');
	$n++ if $same;
}
is(join("\n", @wrong), '', 'forms');
is(scalar(my @sent = $t->journal), $n, 'sent');
is(scalar(grep { !$_->{verified} } @sent), 0, 'signed');

# as nginx itself finds locations

@wrong = ();
for my $case (@cases) {
	my ($host, $uri, $key, $same) = @$case;
	next if $host eq 'regex' || $uri !~ m!/\z!;
	my ($one, $two) = map { http_request(uri => $_, headers => { Host =>
		$host })->header('x-at') } $uri, "$uri$key";
	push @wrong, "$host $uri $key: $one $two" if ($one == $two) != $same;
}
is(join("\n", @wrong), '', 'as nginx finds locations');

###############################################################################
