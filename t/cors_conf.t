#!/usr/bin/perl

# Tests for mistakes with cos_cors: file and line; and for what is inherited.

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

my $t = Test::COS->new();

my @cases = (

(map { ["origin $_", "cos_cors \"$_\"; #!", "invalid origin \"\Q$_\E\""] }
	'example.com', '//example.com', '://example.com', 'https://', 'null', '',
	'https:example.com', 'https://example.com/', 'https://example.com/a',
	'https://a@example.com', 'https://example.com?x', 'https://a b',
	'https://*', 'https://*.', 'https://a.*.com', 'https://*example.com',
	'https://$host', 'https://a,https://b', 'h*://example.com',
	'h s://example.com', '**'),
['default port', 'cos_cors https://example.com:443; #!',
	'origin "https://example.com:443" has the default port'],
['default port of http', 'cos_cors http://*.example.com:80; #!',
	'has the default port'],
['second one', 'cos_cors https://example.com example.org; #!',
	'invalid origin "example.org"'],
['any and one', 'cos_cors * https://example.com; #!',
	'"cos_cors" directive cannot have "\*" and other origins'],
['off and one', 'cos_cors off https://example.com; #!',
	'invalid origin "off"'],
['one and off', 'cos_cors https://example.com off; #!',
	'invalid origin "off"'],
['max_age alone', 'cos_cors max_age=1h; #!',
	'"cos_cors" directive must have an origin'],
(map { ["max_age $_", "cos_cors * \"max_age=$_\"; #!",
	"invalid parameter \"max_age=$_\""] } '', 'x', '-1', '1ms'),
['max_age twice', 'cos_cors * max_age=1 max_age=2; #!',
	'invalid parameter "max_age=2"'],
['nothing', 'cos_cors; #!', 'invalid number of arguments in "cos_cors"'],
['twice', "cos_cors *;\ncos_cors off; #!", '"cos_cors" directive is dup'],
['in if', "server { location / { if (\$arg_x) {\ncos_cors *; #!\n} } }",
	'"cos_cors" directive is not allowed here'],
);

my @good = ('cos_cors *;', 'cos_cors off;', 'cos_cors * max_age=0;',
	'cos_cors http://localhost:8080 https://[::1]:8443 capacitor://localhost;',
	'cos_cors HTTPS://Example.COM max_age=1d https://*.example.com:8443;');

$t->plan(2 * @cases + @good + 6);

bad(@$_) for @cases;

for my $good (@good) {
	my ($status, $output) = try($good);
	is($status, 0, $good) or diag $output;
}

# inherited as a whole, compared in lower case

$t->write_conf(<<'EOF');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_cors HTTPS://Http.Example.com;
    server {
        listen 127.0.0.1:8080;
        cos_cors https://server.example.com max_age=5;
        location / { cos_pass images-1250000000; }
        location /off/ { cos_pass images-1250000000; cos_cors off;
            location /off/on/ { cos_pass images-1250000000; cos_cors *; } }
    }
    server {
        listen 127.0.0.1:8083;
        location / { cos_pass images-1250000000; }
    }
}
EOF
$t->run();

is(origin('/', 'server', 8080), 'https://server.example.com', 'server');
is(origin('/', 'http', 8080), undef, 'not that of http');
is(origin('/off/', 'server', 8080), undef, 'off');
is(origin('/off/on/', 'server', 8080), '*', 'on again');
is(origin('/', 'http', 8083), 'https://http.example.com', 'http');
is(http_get('/?acl', Origin => 'https://server.example.com')
	->header('Vary'), 'Origin', 'vary');

###############################################################################

# an answer that needs no bucket

sub origin {
	my ($uri, $name, $port) = @_;
	return http_request(uri => "${uri}a?acl", port => $port,
		headers => { Origin => "https://$name.example.com" })
		->header('Access-Control-Allow-Origin');
}

sub try {
	my ($text) = @_;
	return $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
		. "http {\n%%TEST_GLOBALS_HTTP%%\n$text\n}\n");
}

sub bad {
	my ($name, $text, $message) = @_;

	my ($status, $output) = try($text);
	my @lines = split /\n/, $t->read_file('try.conf');
	my ($line) = grep { $lines[$_ - 1] =~ /#!/ } 1 .. @lines;

	is($status, 1, $name);
	like($output, qr/\[emerg\](?=.*(?:$message)).* in \S+try\.conf:$line(?!\d)/,
		"$name message");
}

###############################################################################
