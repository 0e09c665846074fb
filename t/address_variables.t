#!/usr/bin/perl

# Tests for cos_pass with variables: what they give is the whole key.

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

my $t = Test::COS->new()->needs_cos()->needs('rewrite')->plan(40);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    map $http_x_user $uid {
        alice   17;
        dots    ..;
        slash   /;
        deep    a/b;
        up      a/../..;
        control "a\nb";
        default "";
    }

    server {
        listen 127.0.0.1:8080;

        location /map/ {
            set $name $arg_name;
            cos_pass images-1250000000/u/$uid/$name;
        }

        location /only/ {
            cos_pass images-1250000000/$uid;
        }

        location /text/ {
            cos_pass images-1250000000/k${arg_name}.txt;
        }

        location /uri {
            cos_pass images-1250000000/p$uri;
        }

        location /args/ {
            cos_pass images-1250000000/$http_x_key;
        }

        location ~ ^/users/(\w+)/(.+)$ {
            cos_pass images-1250000000/u/$1/$2;
        }

        location ~ ^/named/(?<user>[a-z]+)/(?<file>.*)$ {
            cos_pass images-1250000000/n/$user/$file;
        }

        location ~ ^/list/(.*)$ {
            cos_pass  images-1250000000/$1;
            cos_allow list read;
        }

        location /escaped/ {
            cos_pass images-1250000000/a%20b/$http_x_key;
        }
    }
}

EOC

$t->run();

###############################################################################

# map, set, arguments

is(key('/map/x', 'X-User' => 'alice'), 'u/17/', 'map');
is(key('/map/ignored/x?versionId=1', 'X-User' => 'alice'), 'u/17/',
	'the rest of the uri is not a part');
is(key('/only/x', 'X-User' => 'alice'), '17', 'only a variable');
is(key('/only/', 'X-User' => 'deep'), 'a/b', 'slash in a variable');
is(key('/text/?versionId=1'), 'k.txt', 'text around an empty variable');
is(key('/uri/x%20y'), 'p/uri/x y', 'uri is decoded');
is(key('/escaped/', 'X-Key' => 'k'), 'a%20b/k', 'text is not decoded');
is(key('/args/', 'X-Key' => 'a%2Fb+c d'), 'a%2Fb+c d',
	'variables are not decoded');
is(key('/args/', 'X-Key' => "\xe4\xb8\xad\xff"), "\xe4\xb8\xad\xff", 'bytes');
is(key('/args/', 'X-Key' => 'a?acl#x'), 'a?acl#x', 'no query in a key');
is(key('/args/', 'X-Key' => 'k' x 850), 'k' x 850, '850 bytes');

# parameters are checked as everywhere

is(key('/map/x?name=y', 'X-User' => 'alice'), 403, 'argument is not sent');

# captures

is(key('/users/bob/a/b.txt'), 'u/bob/a/b.txt', 'captures');
is(key('/users/bob/%E4%B8%AD%20+%2B%25.txt'), "u/bob/\xe4\xb8\xad ++%.txt",
	'captures are decoded');
is(key('/named/carol/a%2Fb'), 'n/carol/a/b', 'named captures');
is(key('/named/carol/'), 'n/carol/', 'empty named capture');
is(($t->journal)[-1]{target}, '/n/carol/', 'target');

# refused: no key

is(key('/only/'), 400, 'empty');
is(key('/only/', 'X-User' => 'nobody'), 400, 'empty by default');
is(key('/list/'), 400, 'empty is no listing');
is(key('/only/', 'X-User' => 'slash'), 400, 'only a slash');
is(key('/args/'), 400, 'no header');

# refused: dots, controls, length

is(key('/only/', 'X-User' => 'dots'), 400, 'dots alone');
is(key('/only/', 'X-User' => 'up'), 400, 'dots in a variable');
is(key('/map/x', 'X-User' => 'dots'), 400, 'dots between slashes');
is(key('/map/x', 'X-User' => 'control'), 400, 'control character');
is(key('/args/', 'X-Key' => $_), 400, "$_ refused") for '..', '.', '../x',
	'x/..', './x', 'a/../b', 'a/./b', '//', "x\ty";
is(key('/args/', 'X-Key' => 'k' x 851), 400, '851 bytes');
is(key('/users/bob/a/../b'), 400, 'dots in the uri');
is(key('/users/bob/a%0Ab'), 404, 'what the expression does not match');
is(key('/named/carol/a%0Db'), 400, 'control character in a capture');

# a key that begins with a slash is not another one, nor the bucket

unlike(key('/args/', 'X-Key' => '/x'), qr/\Ax\z|GetBucket/, 'leading slash');

###############################################################################

sub key {
	my ($uri, %headers) = @_;
	$t->journal_clear;
	my $r = http_get($uri, %headers);
	my @sent = $t->journal;
	return @sent ? 'sent and ' . $r->status : $r->status
		if @sent != 1 || $r->status == 400;
	return 'not verified' unless $sent[0]{verified};
	return $sent[0]{key} eq '' ? $sent[0]{operation}
		: pack 'H*', $sent[0]{key_hex};
}
