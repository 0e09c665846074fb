#!/usr/bin/perl

# Tests that examples/web-upload takes files from a page without keys, by a form
# and by XMLHttpRequest from another origin, in Chromium.

###############################################################################

use warnings;
use strict;
use utf8;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib qw/ lib demo examples /;
use Chromium;
use Example;
use JSON::PP;
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new(timeout => 200)->needs_cos();
$t->skip_all('no chromium, on Debian: apt-get install chromium')
	unless Chromium::binary();
$t->plan(26);

my $bucket = 'inbox-1250000000';
$t->cos(buckets => [{ name => $bucket, region => 'ap-guangzhou' }]);
Example->new($t, 'web-upload',
	names => ['files.example.com', 'www.example.com']);

my $page = Chromium->new(dir => $t->path('profile'),
	log => $t->path('chromium.log'), hosts => { map { $_ => $t->port(8080) }
		qw/ www.example.com files.example.com / })
	->open('https://www.example.com/');
is($page->eval('document.title'), 'Hand in a file', 'page');

# with JavaScript

choose('#files', ['a b 汉字.txt', "'one'"], ['two.txt', "'two'"]);
ok(said('a b 汉字.txt: sent'), 'sent') or diag list();
ok(said('two.txt: sent'), 'another') or diag list();
is(content('a b 汉字.txt'), 'one', 'stored');
is(content('two.txt'), 'two', 'another stored');
my @preflights = grep { $_->{method} eq 'OPTIONS' } $t->journal;
is(scalar @preflights, 0, 'preflight answered by nginx');

# the same name again is another file

choose('#files', ['two.txt', "'second'"]);
ok($page->wait_for('document.querySelectorAll("#list li").length === 3'),
	'again');
ok($t->wait_until(sub { objects('two.txt') == 2 }), 'not replaced');

# stopped half way: the first sign of progress is the cue

$page->eval('new MutationObserver((list, observer) => {'
	. ' const button = document.querySelector("#list li:last-child button");'
	. ' if (!/big/.test(document.querySelector("#list").innerText)) return;'
	. ' observer.disconnect(); button.click();'
	. ' }).observe(document.querySelector("#list"),'
	. ' { childList: true, subtree: true, characterData: true })');
choose('#files', ['big.bin', 'new Uint8Array(90000000)']);
ok(said('big.bin: stopped'), 'stopped') or diag list();
is(scalar objects('big.bin'), 0, 'nothing stored');
ok(!$page->eval('document.querySelector("#list button")'), 'no buttons left');

# refused, with the reason

choose('#files', ["x" x 250 . "\x{c}.txt", "'x'"]);
ok($page->wait_for('/refused, 400 InvalidURI/.test('
	. 'document.querySelector("#list").innerText)'), 'refused') or diag list();

# the form

$page->eval('document.querySelector("[name=key]").value = "汉字 (1).pdf"');
choose('[name=file]', ['C:\\\\fakepath\\\\x.pdf', '"%PDF-1.4\\r\\n--"']);
$page->eval('document.querySelector("form button").click()');
ok($t->wait_until(sub { objects('汉字 (1).pdf') == 1 }, 10), 'form');
is(content('汉字 (1).pdf'), "%PDF-1.4\r\n--", 'form, stored');
is($page->eval('location.href'), 'https://www.example.com/',
	'form, page stays');

# a key that is not here shows what was wrong

my $n = () = $t->journal;
$page->eval('document.querySelector("[name=key]").value = "../x.pdf"');
$page->eval('document.querySelector("form button").click()');
ok($page->wait_for('/files.example.com/.test(location.href)'),
	'form, traversal');
ok($page->wait_for('/InvalidURI/.test(document.documentElement.textContent)'),
	'form, refused');
is(scalar(() = $t->journal), $n, 'form, nothing sent');

# nobody reads what was sent, and pages of others cannot even send

my ($key) = objects('two.txt');
for (["/$key", 404], ["/put/two.txt", 403], ["/put/$key", 404],
	['/form/', 403], ["/form/$key", 404])
{
	my ($uri, $status) = @$_;
	is(http_request(uri => $uri, host => 'files.example.com', tls => 1)
		->status, $status, "$uri not read");
}
my $r = http_request(method => 'OPTIONS', uri => '/put/a',
	host => 'files.example.com', tls => 1, headers => {
		Origin => 'https://evil.example.com',
		'Access-Control-Request-Method' => 'PUT' });
is($r->status, 403, 'another origin');

# what COS has seen

my @journal = $t->journal;
is(join(' ', uniq(map { $_->{operation} } @journal)), 'PostObject PutObject',
	'operations');
is(scalar(grep { !$_->{verified} && $_->{status} < 300 } @journal), 0,
	'all verified');

undef $page;

###############################################################################

# files are chosen: name and content as JavaScript

sub choose {
	my ($input, @files) = @_;
	$page->eval("{ const t = new DataTransfer(); const input ="
		. " document.querySelector('$input');" . join('', map {
			sprintf 't.items.add(new File([%s], %s));', $$_[1], js($$_[0])
		} @files) . 'input.files = t.files;'
		. 'input.dispatchEvent(new Event("change")) }');
}

sub list { return $page->eval('document.querySelector("#list").innerText') }

sub said {
	return $page->wait_for('[...document.querySelectorAll("#list li")]'
		. '.some(li => li.innerText.trim() === ' . js($_[0]) . ')', 20);
}

sub js { return JSON::PP->new->ascii->allow_nonref->encode($_[0]) }

# keys with this name, each in a directory of its own

sub objects {
	my ($name) = @_;
	utf8::encode($name);
	my %seen;
	return grep { m!\A[0-9a-f]{32}/\Q$name\E\z! && !$seen{$_}++
		&& defined $t->store_get($bucket, $_) }
		map { defined $_->{key} ? $_->{key} : () } $t->journal;
}

sub content {
	my ($key) = objects(@_);
	return defined $key ? $t->store_get($bucket, $key) : undef;
}

sub uniq {
	my %seen;
	return sort grep { !$seen{$_}++ } @_;
}

###############################################################################
