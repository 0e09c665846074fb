#!/usr/bin/perl

# Tests that examples/mini-program does what docs/mini-program.md says.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib qw/ lib sdk examples /;
use Example;
use Node;
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $utf8 = "\xe4\xb8\xad";
my @values = (
	['image', "picture of $utf8"],
	['thumbnail', "picture of $utf8"],
	['upload', 200],
	['upload of another', 200],
	['download', 'my photo'],
	['sdk uploadFile', 200],
	['sdk slices', 200],
	['sdk getObject', 'my photo'],
	['sdk getBucket', 'a.jpg slices'],
	['sdk delete', 200],
);
my @refused = (
	['image, other operation', '403'],
	['image, private', '401'],
	['download of another', '404'],
	['upload, traversal', '400 InvalidURI'],
	['upload, nobody', '401'],
	['download, nobody', '401'],
	['list, nobody', '401'],
	['upload, no such user', '400'],
	['big', '413'],
	['sdk, nobody', '401'],
	['sdk, other bucket', '404 NoSuchBucket'],
);

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos())
	->plan(@values + @refused + 16);

$t->cos(buckets => [
	{ name => 'photos-1250000000', region => 'ap-guangzhou' },
	{ name => 'team-1250000000', region => 'ap-shanghai' }]);
$t->store_put('photos-1250000000', "public/$utf8 1.jpg", "picture of $utf8");
$t->store_put('photos-1250000000', 'users/a.jpg', 'private');

my $ca = Example->new($t, 'mini-program', names => ['files.example.com'],
	users => { 'session-anna' => 'anna', 'session-bob' => 'bob',
		'session-odd' => '../odd' });

$t->write_file('tmp_photo.jpg', 'my photo');
$t->write_file('tmp_slices.jpg', 'slices ' x 300000);
$t->write_file('tmp_big.jpg', 'x' x (21 * 1048576));

# one domain in the allowlist

my $domain = ['https://files.example.com'];
my $got = Node::run($t, 'mini_program.js', { example =>
	"$Example::DIR/mini-program", wx => { platform => 'android',
		dir => $t->testdir, ca => $ca->{ca}, servers => {
			'files.example.com' => $t->port(8080) },
		domains => { map { $_ => $domain } qw/ request uploadFile
			downloadFile / } } });

for (@values) {
	my ($name, $value) = @$_;
	is($got->{$name}{value}, $value, $name) or diag explain $got->{$name};
}
for (@refused) {
	my ($name, $status) = @$_;
	my $r = $got->{$name};
	is(join(' ', $r->{status} || '', $status =~ / / ? $r->{code} || '' : ()),
		$status, $name) or diag explain $r;
}

cmp_ok(scalar @{$got->{progress}}, '>', 0, 'progress');
is("@{$got->{blocked}}", '', 'no other domain');
is(join(' ', grep { !m!^\w+ https://files\.example\.com/! } @{$got->{sent}}),
	'', 'one domain');

# the operation is that of the configuration, whatever the client asks for

is($got->{'thumbnail, other operation'}{value}, "picture of $utf8",
	'thumbnail, other operation');
my @journal = $t->journal;
is(join(' ', grep { /image|rotate/ } map { $_->{target} } @journal) =~ tr/ //,
	0, 'thumbnail asked for once, then from the cache')
	or diag explain [map { $_->{target} } @journal];

# each user has a list

is(join(' ', keys_of('list')), "users/anna/trip/$utf8 1.jpg", 'list');
is(join(' ', keys_of('list of another')), 'users/bob/b.jpg',
	'list of another');
is(join(' ', keys_of('list, marker')), '', 'list, marker');
is(join(' ', keys_of('list, no such user')), '', 'list, no such user');

# what is there now

is($t->store_get('photos-1250000000', "users/anna/trip/$utf8 1.jpg"),
	'my photo', 'stored, and not removed by another');
is($t->store_get('photos-1250000000', 'users/bob/b.jpg'), 'my photo',
	'stored for another');
is(length($t->store_get('team-1250000000', 'slices')), 2100000,
	'stored by the SDK');
is($t->store_get('photos-1250000000', 'users/anna/big.jpg'), undef,
	'too big');
is($t->store_get('team-1250000000', 'a.jpg'), undef, 'deleted');

# nothing of the client reaches COS

is(scalar(grep { !$_->{verified} } @journal), 0, 'all verified');
is(scalar(grep { grep { "@$_" =~ /session/i } @{$_->{headers}} } @journal), 0,
	'no session');

###############################################################################

sub keys_of {
	my ($name) = @_;
	return ($got->{$name}{value} || '') =~ m!<Key>([^<]*)</Key>!g;
}

###############################################################################
