#!/usr/bin/perl

# Tests for forms that are passed on while they are read.

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

my $t = Test::COS->new()->needs_cos()->plan(50);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;
    client_body_buffer_size 16k;
    proxy_request_buffering off;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow  PostObject;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass  images-1250000000;
        }

        location /timeout/ {
            cos_pass  images-1250000000;
            client_body_timeout 200ms;
        }

        location /page/ {
            cos_pass    images-1250000000;
            error_page  400 @page;
        }

        location /set/ {
            cos_pass        images-1250000000;
            proxy_set_body  "none";
        }

        location @page {
            proxy_pass  http://127.0.0.1:8082;
        }
    }

    server {
        listen  127.0.0.1:8082;
        return  200 "length: $http_content_length";
    }
}

EOC

$t->run();
$t->wait_until(sub { $t->worker_pids });
my @old = $t->worker_pids;

my $bucket = 'images-1250000000';
my $large = join '', map { pack 'N', $_ * 2654435761 % 4294967296 }
	1 .. 500000;

###############################################################################

# it arrives while it is sent

my $body = form_body([key => 'stream'], $large);
my $c = start('/', length $body);
$c->send(substr $body, 0, 1000000, '');
ok($t->wait_until(\&begun), 'begun');
$c->send($body);
is($c->read_response()->status, 204, 'stream');
ok($t->store_get($bucket, 'stream') eq $large, 'stream stored');
is(sent(), 'stream 1 204', 'stream sent');

# every piece of the head on its own

for my $n (1, 7, 100) {
	$body = form_body([key => "pieces-$n", 'x-cos-meta-a' => 'b'],
		"\r\n--contents\r\n");
	$c = start('/', length $body);
	$c->send($_) for $body =~ /(.{1,$n})/gs;
	is($c->read_response()->status, 204, "pieces of $n");
	is($t->store_get($bucket, "pieces-$n"), "\r\n--contents\r\n",
		"pieces of $n, stored");
	is(sent(), "pieces-$n 1 204", "pieces of $n, sent");
}

# all at once, with the next request behind it; the connection stays

$body = form_body([key => 'pipelined'], 'x');
$c = http_connect();
$c->send(join '', ("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: "
	. form_type() . "\r\nContent-Length: " . length($body)
	. "\r\n\r\n$body") x 3);
is(join(' ', map { $c->read_response()->status } 1 .. 3), '204 204 204',
	'pipelined');
is(sent(), join(', ', ('pipelined 1 204') x 3), 'pipelined, sent');

# of unknown length: all of it is read before

$body = form_body([key => 'chunked'], $large);
is(http_form('/', [], '', body => $body, chunked => 1)->status, 204,
	'chunked');
my $length = (grep { lc $_->[0] eq 'content-length' }
	@{($t->journal)[-1]{headers}})[0];
cmp_ok($length->[1], '>', length $large, 'chunked, length sent');
ok($t->store_get($bucket, 'chunked') eq $large, 'chunked, stored');
$t->journal_clear;

# what is wrong with the end comes out at the end, and makes no object

$t->store_put($bucket, 'bad', 'old');
for my $case (
	['no end', sub { substr $_[0], 0, -length(form_end()) }],
	['another end', sub { substr($_[0], 0, -4) . "xx\r\n" }],
	['half an end', sub { substr $_[0], 0, -3 }],
	['two files', sub { substr($_[0], 0, -length(form_end()) + 2)
		. form_part(file => 'x', filename => 'f') . substr form_end(), 2 }],
	['epilogue', sub { "$_[0]x" }],
) {
	my ($name, $change) = @$case;
	for my $uri ('/', '/page/') {
		my $body = $change->(form_body([key => 'bad'], $large));
		my $length = length $body;
		$c = start($uri, $length);
		$c->send(substr $body, 0, 1000000, '');
		$t->wait_until(\&begun) or fail("$name not begun");
		$c->send($body);
		my $r = $c->read_response();
		if ($uri eq '/page/') {
			is($r->body, 'length: 0', "$name, error page");
		} else {
			is($r->status . ' ' . ($r->code || ''),
				'400 MalformedPOSTRequest', $name);
		}
		like(sent(), qr/\A\S* 1 (?:0|400)\z/, "$name, given up");
	}
	is($t->store_get($bucket, 'bad'), 'old', "$name, nothing stored");
}

# the client is slow, or goes

$body = form_body([key => 'bad'], $large);
for my $n (20, 200, 300000) {
	$c = start('/timeout/', length $body);
	$c->send(substr $body, 0, $n);
	my $r = $c->read_response();
	like($r->status, qr/\A(?:408|0)\z/, "timeout after $n");
	$c = start('/', length $body);
	$c->send(substr $body, 0, $n);
	$t->wait_until(\&begun) if $n > 1000;
	$c->reset;
}
$t->wait_until(sub { (() = $t->journal) >= 2 });
is($t->store_get($bucket, 'bad'), 'old', 'broken off, nothing stored');
$t->journal_clear;

# COS answers before it has all of it

$t->control({ rules => [{ status => 403, code => 'AccessDenied',
	message => 'No', close_early => 1 }] });
$c = start('/', length $body);
$c->send($body, stop_on_answer => 1);
like($c->read_response()->status, qr/\A(?:403|502)\z/, 'early answer');
$t->control();

# a body that is set replaces the form, as it does others

$t->journal_clear;
http_form('/set/', [key => 'set'], $large);
is(($t->journal)[-1]{body_len}, 4, 'proxy_set_body');

is(join(' ', $t->worker_pids), "@old", 'same worker');

###############################################################################

sub form_end {
	my ($end) = form_body([], '') =~ /(\r\n--[^\r\n]+--\r\n)\z/;
	return $end;
}

sub start {
	my ($uri, $length) = @_;
	my $c = http_connect();
	$c->send("POST $uri HTTP/1.1\r\nHost: h\r\nContent-Type: " . form_type()
		. "\r\nContent-Length: $length\r\n\r\n");
	return $c;
}

sub begun {
	return grep { -s } glob $t->path("cos-8081/store/$bucket/data/*.tmp");
}

# what has come to COS

sub sent {
	$t->wait_until(sub { $t->journal });
	my @j = $t->journal;
	$t->journal_clear;
	return join ', ', map { ($_->{key} || '') . " $_->{verified} "
		. ($_->{status} eq 'aborted' ? 0 : $_->{status}) } @j;
}

###############################################################################
