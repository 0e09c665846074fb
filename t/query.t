#!/usr/bin/perl

# Tests for the query string: what is sent is what is signed.

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

my $t = Test::COS->new()->needs_cos()->plan(79);

$t->cos();
$t->store_put('images-1250000000', 'a', 'hello');

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

    cos_bucket images-1250000000 ap-guangzhou alias=b protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read list response_override image;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass path_style;
        }

        location /set/ {
            set $args "prefix=a+b&max-keys=1";
            cos_pass images-1250000000;
        }

        location /none/ {
            set $args "";
            cos_pass images-1250000000;
        }

        location /add/ {
            rewrite ^/add/(.*)$ /$1?prefix=z break;
            cos_pass images-1250000000;
        }

        location /drop/ {
            rewrite ^/drop/(.*)$ /$1? break;
            cos_pass images-1250000000;
        }

        location /acl/ {
            set $args "acl";
            cos_pass images-1250000000;
        }

        location /bad/ {
            set $args "prefix=$arg_p";
            cos_pass images-1250000000;
        }

        location /control/ {
            set $args "prefix=a
b";
            cos_pass images-1250000000;
        }
    }
}

EOC

$t->run();

###############################################################################

# query -> what is sent, names that are signed

for my $row (
	['prefix=x', 'prefix=x', 'prefix', 'plain'],
	['prefix', 'prefix', 'prefix', 'no value'],
	['prefix=', 'prefix=', 'prefix', 'empty value'],
	['prefix=a=b==', 'prefix=a%3Db%3D%3D', 'prefix', 'equals in a value'],
	['prefix=a/b%2Fc', 'prefix=a%2Fb%2Fc', 'prefix', 'slash'],
	['prefix=a+b', 'prefix=a%20b', 'prefix', 'plus is a space'],
	['prefix=a%20b', 'prefix=a%20b', 'prefix', 'space'],
	['prefix=a%2Bb', 'prefix=a%2Bb', 'prefix', 'escaped plus'],
	['prefix=a;b', 'prefix=a%3Bb', 'prefix', 'semicolon'],
	['prefix=a%26b', 'prefix=a%26b', 'prefix', 'ampersand'],
	['prefix=a%25b', 'prefix=a%25b', 'prefix', 'percent'],
	['prefix=a%2525', 'prefix=a%2525', 'prefix', 'escaped twice'],
	['prefix=%61%2d%7e', 'prefix=a-~', 'prefix', 'over-escaped'],
	["prefix=!*'()~", 'prefix=%21%2A%27%28%29~', 'prefix', 'marks'],
	['prefix=%e4%b8%ad', 'prefix=%E4%B8%AD', 'prefix', 'utf-8'],
	["prefix=\xe4\xb8\xad\xff", 'prefix=%E4%B8%AD%FF', 'prefix', 'raw bytes'],
	['prefix=a?b', 'prefix=a%3Fb', 'prefix', 'question mark'],
	['prefix=a%23b', 'prefix=a%23b', 'prefix', 'hash'],
	['prefix="<a>"', 'prefix=%22%3Ca%3E%22', 'prefix', 'quotes'],
	['%70refix=x', 'prefix=x', 'prefix', 'escaped name'],
	['prefix=x&delimiter=/&max-keys=3', 'prefix=x&delimiter=%2F&max-keys=3',
		'delimiter;max-keys;prefix', 'order is kept, list is sorted'],
	['&&prefix=x&&&max-keys=3&', 'prefix=x&max-keys=3', 'max-keys;prefix',
		'empty segments'],
	['&', '', '', 'nothing but an ampersand'],
	['', '', '', 'empty query'],
) {
	my ($query, $wire, $list, $name) = @$row;
	$t->journal_clear;
	http_get("/b/?$query");
	my ($s) = my @sent = $t->journal;
	is("@{$s}{qw/ target param_list verified /} " . @sent,
		'/' . ($wire eq '' ? '' : "?$wire") . " $list 1 1", $name);
}

# names that need escaping: lists have lower-case hex

$t->journal_clear;
http_get('/b/a?imageMogr2/thumbnail/!50p|imageInfo&response-content-type=a/b');
my ($s) = $t->journal;
is($s->{target}, '/a?imageMogr2%2Fthumbnail%2F%2150p%7CimageInfo'
	. '&response-content-type=a%2Fb', 'image');
is($s->{param_list}, 'imagemogr2%2fthumbnail%2f%2150p%7cimageinfo;'
	. 'response-content-type', 'image list');
is($s->{verified}, 1, 'image signed');

# refused

for my $row (
	['prefix=%', 'lone percent'], ['prefix=%2', 'cut escape'],
	['prefix=%zz', 'no hex'], ['%', 'percent as a name'],
	['prefix=%u4E2D', 'unicode escape'], ['prefix=a%0Ab', 'line feed'],
	['prefix=a%0D%0AHost:%20x', 'header'], ['prefix=%00', 'nul'],
	['prefix=%7F', 'delete'], ['pre%0afix=x', 'line feed in a name'],
	['prefix=1&prefix=2', 'duplicate'], ['prefix=1&prefix=1', 'twice the same'],
	['prefix&prefix=1', 'duplicate without a value'],
	['prefix=1&PREFIX=2', 'duplicate in another case'],
	['prefix=1&%50refix=2', 'duplicate in another case, escaped'],
	['prefix=1&%70refix=2', 'duplicate escaped'],
	[join('&', map { "x$_=1" } 1 .. 101), 'more than 100'],
	[join('&', 'prefix=1', map { "q-$_=1" } 1 .. 100),
		'more than 100, with what is stripped'],
) {
	my ($query, $name) = @$row;
	$t->journal_clear;
	my $r = http_get("/b/?$query");
	like($r->status . ' ' . $r->code, qr/\A400 Invalid(?:URI|Argument)\z/,
		"$name refused");
	is(scalar(my @sent = $t->journal), 0, "$name not sent");
}

$t->journal_clear;
is(http_get('/b/?' . join('&', map { "x$_=1" } 1 .. 100))->status, 403,
	'100 unknown ones');
is(http_get('/b/?PREFIX=2')->status, 403, 'other case alone');
is(http_get('/b/?=x')->status, 403, 'no name');
is(scalar(my @none = $t->journal), 0, 'unknown not sent');

# $args as it is when the request is made

is(sent('/set/?delimiter=/'), '/?prefix=a%20b&max-keys=1 1', 'set');
is(sent('/set/x'), 403, 'set on an object');
is(sent('/none/?acl'), '/ 1', 'emptied');
is(sent('/add/?max-keys=2'), '/?prefix=z&max-keys=2 1', 'rewrite adds');
is(sent('/add/?prefix=x'), 400, 'rewrite adds a duplicate');
is(sent('/drop/a?acl'), '/a 1', 'rewrite drops');
is(sent('/acl/a'), 403, 'the gate sees what is set');
is(sent('/bad/?p=%zz'), 400, 'bad escape in what is set');
is(sent('/bad/?p=x%26acl'), '/?prefix=x%26acl 1', 'no parameter slips in');
is(sent('/control/'), 400, 'control character in what is set');

# the path is not a part of it

is(sent('/b/a%3Facl'), '/a%3Facl 1', 'escaped question mark is a key');
is(sent('/b/a?versionId=/../../x'), '/a?versionId=%2F..%2F..%2Fx 1',
	'dots in a value');

###############################################################################

sub sent {
	my ($uri) = @_;
	$t->journal_clear;
	my $r = http_get($uri);
	my @sent = $t->journal;
	return @sent ? "$sent[0]{target} $sent[0]{verified}" : $r->status;
}
