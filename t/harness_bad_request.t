#!/usr/bin/perl

# Tests for the local COS: what it cannot understand is answered at once.

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

my $t = Test::COS->new()->plan(10);

$t->cos();

my $head = "Host: images-1250000000.cos.ap-guangzhou.myqcloud.com\r\n"
	. "Content-Length: 0\r\nConnection: close\r\n";

for my $row (
	['header name', "PUT /x HTTP/1.1\r\n${head}x-cos-meta-a(b): q\r\n\r\n"],
	['bytes in a header name', "PUT /x HTTP/1.1\r\n${head}x-\xe4: q\r\n\r\n"],
	['header without a name', "PUT /x HTTP/1.1\r\n$head: q\r\n\r\n"],
	['method', "put /x HTTP/1.1\r\n$head\r\n"],
	['two lengths', "PUT /x HTTP/1.1\r\n${head}Content-Length: 0\r\n\r\n"],
) {
	my ($name, $raw) = @$row;
	$t->journal_clear;
	my $r = http($raw, port => 8081, timeout => 2);
	is($r->status, 400, $name);
	is(join(' ', map { "$_->{status} $_->{verified}" } $t->journal), '400 0',
		"$name in the journal");
}
