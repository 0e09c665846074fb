#!/usr/bin/perl

# Tests for keys: every spelling of a key means that key, byte for byte.

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

my $U = "\xe4\xb8\xad";

# what the client writes -> the key

my @spellings = (
	['plain', 'a.txt', 'a.txt'],
	['over-escaped', '%61%2e%74xt', 'a.txt'],
	['all escaped', '%61%2E%74%78%74', 'a.txt'],
	['space', 'a%20b', 'a b'],
	['raw plus', 'a+b', 'a+b'],
	['escaped plus', 'a%2Bb', 'a+b'],
	['lower-case plus', 'a%2bb', 'a+b'],
	['percent', 'a%25b', 'a%b'],
	['percent and digits', 'a%2541', 'a%41'],
	['escaped slash', 'a%2Fb', 'a/b'],
	['lower-case slash', 'a%2fb', 'a/b'],
	['raw slash', 'a/b', 'a/b'],
	['slash escaped twice', 'a%252Fb', 'a%2Fb'],
	['plus escaped twice', 'a%252Bb', 'a%2Bb'],
	['percent escaped thrice', 'a%25252Fb', 'a%252Fb'],
	['utf-8', '%E4%B8%AD%E6%96%87', "$U\xe6\x96\x87"],
	['lower-case utf-8', '%e4%b8%ad', $U],
	['raw utf-8', $U, $U],
	['emoji', '%F0%9F%98%80', "\xf0\x9f\x98\x80"],
	['raw emoji', "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"],
	['right to left', '%D7%A9%D7%9C', "\xd7\xa9\xd7\x9c"],
	['combining', 'e%CC%81', "e\xcc\x81"],
	['composed', '%C3%A9', "\xc3\xa9"],
	['cut utf-8', '%C3', "\xc3"],
	['raw cut utf-8', "a\xc3b", "a\xc3b"],
	['no utf-8', '%FF%FE%80', "\xff\xfe\x80"],
	['overlong slash', '%C0%AF', "\xc0\xaf"],
	['byte order mark', '%EF%BB%BFa', "\xef\xbb\xbfa"],
	['line separator', 'a%C2%85b%E2%80%A8', "a\xc2\x85b\xe2\x80\xa8"],
	['question mark', 'a%3Fb', 'a?b'],
	['query in a key', 'a%3Facl', 'a?acl'],
	['hash', 'a%23b', 'a#b'],
	['raw marks', "()'!*\@=~,;:\$&", "()'!*\@=~,;:\$&"],
	['escaped marks', '%28%29%27%21%2A%40%3D%7E%2C%3B%3A%24%26',
		"()'!*\@=~,;:\$&"],
	['raw brackets', '[]{}|^`"<>', '[]{}|^`"<>'],
	['escaped brackets', '%5B%5D%7B%7D%7C%5E%60%22%3C%3E', '[]{}|^`"<>'],
	['raw backslash', 'a\\b', 'a\\b'],
	['escaped backslash', 'a%5Cb', 'a\\b'],
	['style suffix', 'a.jpg!thumb', 'a.jpg!thumb'],
	['trailing dot', 'a.', 'a.'],
	['trailing dots', 'a..', 'a..'],
	['leading dot', '.a', '.a'],
	['leading dots', '..a', '..a'],
	['dots alone', '...', '...'],
	['escaped dots alone', '%2e%2e%2e', '...'],
	['dots in segments', '.a/b./..c/d..', '.a/b./..c/d..'],
	['trailing slash', 'a/', 'a/'],
	['escaped trailing slash', 'a%2F', 'a/'],
	['trailing space', 'a%20', 'a '],
	['leading space', '%20a', ' a'],
	['only a space', '%20', ' '],
	['only a plus', '+', '+'],
	['only a percent', '%25', '%'],
	['only a tilde', '~', '~'],
	['name of a bucket', 'images-1250000000', 'images-1250000000'],
	['absolute address', 'http:%2F/x', undef],
	['address', 'http:a', 'http:a'],
	['850 bytes', 'k' x 850, 'k' x 850],
	['850 bytes, escaped', '%6B' x 850, 'k' x 850],
	['850 bytes of utf-8', '%E4%B8%AD' x 283 . 'a', $U x 283 . 'a'],
	['851 bytes', 'k' x 851, undef],
	['851 bytes, escaped', '%6b' x 851, undef],
	['852 bytes of utf-8', '%E4%B8%AD' x 284, undef],
);

my $t = Test::COS->new()->needs_cos()->plan(3 * @spellings + 8);

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

    cos_allow read write delete;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
        }

        location /path/ {
            cos_pass path_style;
        }
    }
}

EOC

$t->run();

###############################################################################

for my $row (@spellings) {
	my ($name, $uri, $key) = @$row;

	$t->journal_clear;
	my $put = http_put("/$uri", $name);
	my $get = http_get("/path/images-1250000000/$uri");
	my @sent = $t->journal;

	if (!defined $key) {
		is($put->status . $get->status, '400400', "$name refused");
		is(scalar @sent, 0, "$name not sent");
		like($put->code, qr/\A(?:KeyTooLong|InvalidURI)\z/, "$name code");
		next;
	}

	is(join(' ', map { "$_->{key_hex} $_->{verified}" } @sent),
		join(' ', (unpack('H*', $key) . ' 1') x 2), "$name key");
	is($t->store_get('images-1250000000', $key), $name, "$name stored");
	is($get->body, $name, "$name read");
}

# one spelling is sent for all, and it is the one that is signed

$t->journal_clear;
http_get("/$_") for qw!a%2Bb/%e4%b8%ad a+b/%E4%B8%AD!, "%61%2b%62/$U";
is_deeply([map { $_->{target} } $t->journal], [('/a%2Bb/%E4%B8%AD') x 3],
	'one spelling');
is(($t->journal)[-1]{http_string}, "get\n/a+b/$U\n\nhost="
	. "images-1250000000.cos.ap-guangzhou.myqcloud.com\n", 'decoded is signed');

# other methods

$t->journal_clear;
is(http_head('/a%252Bb')->status, 200, 'head');
is(http_delete('/a%252Bb')->status, 204, 'delete');
is($t->store_get('images-1250000000', 'a%2Bb'), undef, 'deleted');
is($t->store_get('images-1250000000', 'a+b'), 'lower-case plus',
	'other keys are still there');
is(join(' ', map { "$_->{method} $_->{key}" } $t->journal),
	'HEAD a%2Bb DELETE a%2Bb', 'sent');

# the longest key in the longest spelling, with a query

$t->journal_clear;
http_get('/' . '%6b' x 850 . '?versionId=1');
is(($t->journal)[-1]{target}, '/' . 'k' x 850 . '?versionId=1', 'long');
