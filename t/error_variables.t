#!/usr/bin/perl

# Tests for $cos_key in what is answered to a refused request.

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

my $t = Test::COS->new()->needs(qw/ proxy rewrite /)->needs_cos()->plan(60);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        add_header X-Key "[$cos_key]" always;
        add_header X-Action "[$cos_action]" always;

        location / {
            cos_pass images-1250000000;
        }

        location /path/ {
            cos_pass path_style;
        }

        location /part/ {
            cos_pass images-1250000000/public/;
        }

        location ~ (?s)^/regex/(.*)$ {
            cos_pass images-1250000000/$1;
        }

        location /page/ {
            error_page 400 403 =302 http://example.com/$cos_key;
            cos_pass images-1250000000;
        }

        location ~ (?s)^/pagex/(.*)$ {
            error_page 400 403 =302 http://example.com/$cos_key;
            cos_pass images-1250000000/$1;
        }
    }
}
EOC

$t->run();

###############################################################################

is(http_get('/a.txt')->header('X-Key'), '[a.txt]', 'key');
is(http_get('/a.txt?acl')->header('X-Key'), '[a.txt]', 'key when refused');
is(http_get('/page/a.txt?acl')->header('Location'),
	'http://example.com/a.txt', 'key in a page');
$t->journal_clear;

for my $evil ('a%0d%0aSet-Cookie:%20evil=1', 'a%0aSet-Cookie:%20evil=1',
	'a%0d%0a%0d%0a%3Cscript%3E', 'a%7fb')
{
	for my $uri (qw! / /path/images-1250000000/ /part/ /regex/ /page/
		/pagex/ !)
	{
		my $r = http_get("$uri$evil");
		is($r->status, $uri =~ /page/ ? 302 : 400, "$uri$evil");
		ok(!defined $r->header('Set-Cookie')
			&& $r->{head} !~ /evil|script|\x7f/i && $r->body !~ /<script|\r\nSet-Cookie/
			&& !defined $r->error, "$uri$evil, one answer") or diag "$r";
	}
}

is(scalar(my @none = $t->journal), 0, 'nothing sent');

# keys that are refused for other reasons are not shown, either

for my $uri ('/regex/a/../b' =~ s/\.\./%2e%2e/r, '/' . 'x' x 851) {
	my $r = http_get($uri);
	is($r->status, 400, 'refused') or diag $uri;
	is($r->header('X-Key'), '[]', 'no key');
}

is(http_get('/page/' . 'x' x 851)->header('Location'), 'http://example.com/',
	'no key in a page');
is(scalar(@none = $t->journal), 0, 'still nothing sent');
is(http_get('/regex/a.txt')->body, 'hello', 'regex');
is(http_get('/pagex/a.txt')->body, 'hello', 'regex with a page');

###############################################################################
