#!/usr/bin/perl

# Tests for names that clients choose, in the log: they cannot end a message.

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

my $t = Test::COS->new()->needs_cos()->plan(29);

$t->cos();

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    ignore_invalid_headers off;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
        }
    }
}
EOC

$t->run();

###############################################################################

my $forged = '"), client: 6.6.6.6, server: s, request: "GET / HTTP/1.1", '
	. 'host: "h"';
my $escaped = $forged =~ s/([^A-Za-z0-9._-])/sprintf '%%%02X', ord $1/ger;

# unknown parameters

refused("x$escaped", 403, 'forged');
refused('x%22%22%22', 403, 'quotes');

# what is worse is not repeated at all

for my $query ('x%0a2026/01/01%2000:00:00%20[error]%201%231:%20forged',
	'x%0d%1b[31m%7f%00')
{
	my $from = length $t->error_log;
	is(http_get("/a?$query")->status, 400, 'controls');
	unlike(part($from), qr/forged|31m|[^\x20-\x7e\n]/, 'controls, not repeated');
}

refused('%ff%fe%c0%af', 403, 'bytes');
refused('%22', 403, 'quote');

# given twice

refused("x$escaped&X$escaped", 400, 'twice');

# a name is cut

my ($message) = refused('n' x 1000, 403, 'long');
is(length(($message =~ /"(n+)"/)[0]), 64, 'cut');
($message) = refused('%22' x 500, 403, 'long and escaped');
is(scalar(() = $message =~ /%22/g), 64, 'escaped and cut');
refused('m' x 64, 403, 'just so long');
like($t->error_log, qr/"m{64}"/, 'not cut');

# headers

my $before = length $t->error_log;
my $r = http("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	. "x-cos-a\"),client=\"b: 1\r\n\r\n");
like($r->status, qr/^40[03]$/, 'header');
unlike(part($before), qr/x-cos-a"/, 'header, escaped');

$before = length $t->error_log;
$r = http_get('/a', 'x-cos-' . 'h' x 1000 => 1);
is($r->status, 403, 'long header');
unlike(part($before), qr/h{59}/, 'long header, cut');

is(scalar(my @none = $t->journal), 0, 'nothing sent');

# the answer has them escaped as well

unlike(http_get("/a?x$escaped%3Cb%3E")->body, qr/<b>|6\.6\.6\.6",/, 'answer');

###############################################################################

# what the log has to say before nginx adds its own

sub part {
	my ($from) = @_;
	my $text = substr $t->error_log, $from;
	return join "\n", map { /request refused: (.*?), client: 127\.0\.0\.1/
		? $1 : () } split /\n/, $text;
}

sub refused {
	my ($query, $status, $name) = @_;
	my $from = length $t->error_log;
	is(http_get("/a?$query")->status, $status, $name);
	my $part = part($from);
	like($part, qr/\A[\x20-\x7e]*"[^"\x00-\x20\x7f-\xff]+"[^"]*\z/,
		"$name, one message");
	return $part;
}

###############################################################################
