#!/usr/bin/perl

# Tests for control characters in variables of proxy_set_header, from anywhere.

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

use MIME::Base64 qw/ encode_base64 /;

my $t = Test::COS->new()->needs(qw/ proxy rewrite ssi auth_basic /)
	->needs_cos()->plan(56);

$t->cos(buckets => [{ name => 'images-1250000000', region => 'ap-guangzhou',
	strict => 0 }]);
$t->store_put('images-1250000000', $_, "images $_") for 'index.html', 'u/1',
	'a.txt';
$t->store_put('images-1250000000', "$_.html",
	"[<!--# include virtual=\"/$_/x%0d%0ax-cos-acl:%20public-read/1\" -->]",
	'Content-Type' => 'text/html') for qw/ capture uri spa last /;

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
            cos_pass images-1250000000/;
            proxy_set_header X-Before $before;
        }

        location /user/ {
            cos_pass images-1250000000/;
            proxy_set_header X-Remote-User $remote_user;
        }

        location /form/ {
            cos_pass images-1250000000;
            cos_allow PostObject;
            proxy_set_header X-Remote-User $remote_user;
        }

        location /unbuffered/ {
            cos_pass images-1250000000;
            cos_allow PostObject;
            proxy_request_buffering off;
            proxy_set_header X-Remote-User $remote_user;
        }

        location /unsigned/ {
            cos_pass images-1250000000;
            cos_sign off;
            proxy_set_header X-Remote-User $remote_user;
        }

        location /theirs/ {
            cos_pass images-1250000000;
            cos_sign unless_signed;
            proxy_set_header X-Remote-User $remote_user;
        }

        location /app/ {
            proxy_pass http://127.0.0.1:8082/;
        }

        location /ssi/ {
            ssi on;
            cos_pass images-1250000000;
        }
    }

    server {
        listen 127.0.0.1:8082;

        location / {
            add_header X-Accel-Redirect $http_x_to;
            return 200 "of the app";
        }
    }
}
EOC

$t->run();

###############################################################################

# X-Accel-Redirect of an application: what it decodes to

is(http_get('/app/', 'X-To' => '/spa/me')->status, 200, 'accel');
is(header('x-orig'), '/spa/me', 'accel, the header');

for my $evil ('x%0d%0ax-cos-acl:%20public-read', 'x%0ax-cos-acl:%20public-read')
{
	for my $to ("/capture/$evil/1", "/uri/$evil/1", "/spa/$evil",
		"/last/$evil")
	{
		my $r = http_get('/app/', 'X-To' => $to);
		is(header('x-cos-acl'), '', "accel to $to");
	}
}

# subrequests

for my $name (qw/ capture uri spa last /) {
	$t->journal_clear;
	my $r = http_get("/ssi/$name.html");
	is($r->status, 200, "ssi of $name");
	is(header('x-cos-acl'), '', "ssi of $name, no header");
}

# the name of a user

my $user = 'bWU6cGFzcw==';
is(http_get('/user/a.txt', Authorization => "Basic $user")->status, 200,
	'user');
is(header('x-remote-user'), 'me', 'user, the header');

for my $name ("x\r\ny", "x\ny", "x\r\n\r\nDELETE /u/1 HTTP/1.0\r\n") {
	my $r = http_get('/user/a.txt', Authorization => 'Basic '
		. encode_base64("$name:pass", ''));
	like($r->status, qr/\A(?:400|50\d)\z/, 'user with a line break');
	is(scalar(my @none = $t->journal), 0, 'and nothing sent');
	$t->journal_clear;
}

# requests that are not signed in a header

my $signed = 'q-sign-algorithm=sha1&q-ak=a&q-sign-time=1;2&q-key-time=1;2'
	. '&q-header-list=&q-url-param-list=&q-signature=' . 'a' x 40;

for my $case (
	['form', sub { http_form('/form/', [key => 'f'], 'x', headers => [@_]) }],
	['form, unbuffered', sub { http_form('/unbuffered/', [key => 'f'],
		'x' x 100000, headers => [@_]) }],
	['unsigned', sub { http_get('/unsigned/a.txt', @{$_[0]}) }],
	['signed by the client', sub { http_get("/theirs/a.txt?$signed",
		@{$_[0]}) }],
) {
	my ($name, $send) = @$case;

	$send->(['Authorization', "Basic $user"]);
	is(header('x-remote-user'), 'me', "$name, user");

	for my $evil ("x\r\nx-cos-acl: public-read", "x\ny",
		"x\r\n\r\nDELETE /u/1 HTTP/1.0\r\n")
	{
		my $r = $send->(['Authorization', 'Basic '
			. encode_base64("$evil:pass", '')]);
		like($r->status, qr/\A50\d\z/, "$name, line break");
		is(scalar(my @none = $t->journal), 0, 'and nothing sent');
		$t->journal_clear;
	}
}

is($t->store_get('images-1250000000', 'u/1'), 'images u/1', 'left');
is($t->error_log =~ /control character/ ? 1 : 0, 1, 'logged');

###############################################################################

# of all requests so far

sub header {
	my ($name) = @_;
	my @e = $t->journal;
	$t->journal_clear;
	return join ' ', map { $_->[1] } grep { lc $_->[0] eq $name }
		map { @{$_->{headers}} } @e;
}

###############################################################################
