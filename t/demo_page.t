#!/usr/bin/perl

# Tests for the page of "make run": a front end without keys, in Chromium.

###############################################################################

use warnings;
use strict;
use utf8;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib qw/ lib demo /;
use Chromium;
use Demo;
use JSON::PP;
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->skip_all('no chromium, on Debian: apt-get install chromium')
	unless Chromium::binary();
$t->plan(35);

my $demo = Demo->new($t);
my $store = $demo->store;
my $page = Chromium->new(dir => $t->path('profile'),
	log => $t->path('chromium.log'))->open($demo->url . '/');

my ($images, $videos) = qw/ images-1250000000 videos-1250000000 /;
my $name = q(a b+c%25&?#'"é汉()!*~;=@$,:.txt);
utf8::encode(my $key = $name);

# an empty bucket

ok(listed('Nothing here. Upload a file, or drop one on this page.'), 'empty');
is($page->eval('document.title'), 'Private buckets, no keys', 'title');
is(join(' ', map { $_->{operation} } $demo->journal), 'GetBucket', 'list');

# upload

upload($name, 'text/plain', "'hello, 汉字\\n'");
ok(said("Uploaded $name"), 'uploaded') or diag message();
utf8::encode(my $text = "hello, 汉字\n");
is(content($images, $key), $text, 'content');
is($store->head($images, $key)->{headers}{'content-type'}, 'text/plain',
	'content type');
ok(listed($name), 'listed');
like($page->eval('document.querySelector("#list tr").innerText'), qr/14 B/,
	'size');

# show

choose($name);
ok($page->wait_for('!$("view").hidden'), 'shown');
is($page->eval('document.querySelector("figure pre").innerText'),
	"hello, 汉字\n", 'text');
like($page->eval('$("view").innerText'), qr/\Q$name\E text\/plain, 14 B/,
	'type');
is($page->eval('fetch(document.querySelector("figure a").href)'
	. '.then(r => r.text())'), "hello, 汉字\n", 'link');

upload('dot.gif', 'image/gif', 'Uint8Array.from(atob("R0lGODlhAQABAIAAAAAAAP'
	. '///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"), c => c.charCodeAt(0))');
ok(said('Uploaded dot.gif'), 'image uploaded') or diag message();
choose('dot.gif');
ok($page->wait_for('document.querySelector("figure img")?.naturalWidth === 1'),
	'image');

# the file is served once more when it has changed

upload($name, 'text/plain', "'changed'");
ok(said("Uploaded $name"), 'changed') or diag message();
choose($name);
ok($page->wait_for('document.querySelector("figure pre")?.innerText'
	. ' === "changed"'), 'changed is seen');

# folders and pages

$store->put($images, sprintf('many/%03d', $_), 'x') for 1 .. 105;
$store->put($images, 'many/deep//x.txt', 'deep');
$page->eval('$("reload").click()');
ok(listed('many/'), 'folder');
choose('many/');
ok($page->wait_for('$("list").children.length === 100'), 'first page');
ok(!$page->eval('$("more").hidden'), 'more');
$page->eval('$("more").click()');
ok($page->wait_for('$("list").children.length === 106'), 'second page');
ok($page->eval('$("more").hidden'), 'no more');
choose('deep/');
ok(listed('/'), 'folder without a name');
choose('/');
ok(listed('x.txt'), 'in it');
choose('x.txt');
ok($page->wait_for('document.querySelector("figure pre")?.innerText'
	. ' === "deep"'), 'double slash') or diag message();

# another bucket, a key that is not UTF-8

$store->put($videos, "\xff.txt", 'bytes');
$page->eval('$("buckets").value = "videos"; $("buckets").onchange()');
ok(listed('%FF.txt'), 'not UTF-8');
choose('%FF.txt');
ok($page->wait_for('document.querySelector("figure pre")?.innerText'
	. ' === "bytes"'), 'not UTF-8, content');
press_delete('%FF.txt');
ok(said('Deleted %FF.txt'), 'not UTF-8, deleted') or diag message();
is($store->head($videos, "\xff.txt"), undef, 'gone');
is(join(' ', $page->dialogs), 'Delete "%FF.txt"?', 'asked before');

# errors

$store->put($videos, 'gone.txt', 'x');
$page->eval('$("reload").click()');
ok(listed('gone.txt'), 'before it goes');
$store->delete($videos, 'gone.txt');
choose('gone.txt');
ok($page->wait_for('$("message").className === "error"'), 'error');
like(message(), qr/GET failed: 404 NoSuchKey\n.+\n\S+/, 'error from COS');

# what was sent to COS

my @journal = $demo->journal;
is(scalar(grep { !$_->{verified} } @journal), 0, 'all were signed');
is(join(' ', uniq(map { $_->{operation} } @journal)),
	'DeleteObject GetBucket GetObject PutObject', 'operations');
unlike($page->eval('document.documentElement.outerHTML'), qr/AKID|Secret/,
	'no keys in the page');

undef $page;

###############################################################################

# a file is chosen: name, type, content as JavaScript

sub upload {
	my ($file, $type, $content) = @_;
	$page->eval(sprintf '{ say(""); const t = new DataTransfer();'
		. 't.items.add(new File([%s], %s, { type: "%s" }));'
		. '$("files").files = t.files; $("files").onchange() }',
		$content, js($file), $type);
}

sub choose {
	my ($text) = @_;
	$page->eval(row($text) . '.querySelector("button").click()');
}

sub press_delete {
	my ($text) = @_;
	$page->eval(row($text) . '.querySelector(".delete").click()');
}

sub row {
	my ($text) = @_;
	return '[...$("list").children].find(tr => tr.firstChild.textContent === '
		. js($text) . ')';
}

sub listed { return $page->wait_for(row($_[0])) }
sub said { return $page->wait_for('$("message").textContent === '
	. js($_[0])) }
sub message { return $page->eval('$("message").textContent') }
sub js { return JSON::PP->new->ascii->allow_nonref->encode($_[0]) }

sub content {
	my ($bucket, $name) = @_;
	my (undef, $fh) = $store->open_object($bucket, $name) or return undef;
	local $/;
	return scalar readline $fh;
}

sub uniq {
	my %seen;
	return sort grep { !$seen{$_}++ } @_;
}

###############################################################################
