#!/usr/bin/perl

# Tests that what README.md and "make run" tell to paste does what they say.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib qw/ lib demo /;
use Demo;
use File::Path qw/ remove_tree /;
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

# every command has to be here, in this order

my $license = slurp('../LICENSE');
my ($line) = $license =~ /\A(.+\n)/;

my @readme = (
	[qr/-T LICENSE \S+\/images\/license\.txt$/, qr/\A200\n\z/],
	[qr/-sI/, qr/\AHTTP\/1.1 200 .*^X-Cache: MISS\r$/ms],
	[qr/-sI/, qr/\AHTTP\/1.1 200 .*^X-Cache: HIT\r$/ms],
	[qr/-r 0-41/, qr/\A\Q$line\E\z/],
	[qr/prefix=lic/, qr/<Key>license\.txt<\/Key>/],
	[qr/\?acl/, qr/<Code>AccessDenied<\/Code>/],
	[qr/-T LICENSE \S+\/videos-1250000000\/license\.txt$/, qr/\A200\n\z/],
	[qr/-X DELETE \S+\/videos\/license\.txt$/, qr/\A204\n\z/],
);

my @banner = (
	[upload => qr/\A200\n\z/],
	['MISS, HIT' => qr/\AX-Cache: MISS\r\nX-Cache: HIT\r\n\z/],
	[download => qr/\A\Q$license\E\z/],
	[range => qr/\A\Q$line\E\z/],
	[HEAD => qr/\AHTTP\/1.1 200 .*^Content-Length: @{[length $license]}\r$/ms],
	[list => qr/<Key>license\.txt<\/Key>/],
	[refused => qr/<Code>AccessDenied<\/Code>.*PutObjectACL/s],
	['by name' => qr/\A200\n\z/],
	['by alias' => qr/\A\Q$line\E\z/],
	[delete => qr/\A204\n\z/],
);

my $t = Test::COS->new()->plan(2 * @readme + 2 * @banner + 22);
my $readme = slurp('../README.md');
my $demo = Demo->new($t);

# what tools/run prints

my @lines = map { [/^    (\S.*?) +(curl .*)$/] }
	grep { / curl / } split /^/m, $demo->output;
is(scalar @lines, scalar @banner, 'commands of tools/run');
for my $i (0 .. $#banner) {
	my ($name, $command) = @{$lines[$i] || ['', 'false']};
	is($name, $banner[$i][0], "run: $name");
	like($demo->shell($command), $banner[$i][1], "run: $name, output");
}

is(scalar(grep { !$_->{verified} } $demo->journal), 0, 'all signed');
my $n = () = $demo->journal;
is(http_get('/images/a.txt', Host => 'other.example.com')->status, 421,
	'another name');
is(scalar(() = $demo->journal), $n, 'another name, nothing sent');
like($t->access_log, qr/"PUT \S+ HTTP\/1.1" 200 \d+ PutObject - - \S+$/m,
	'access log');
like($t->access_log, qr/"PUT \S+acl HTTP\/1.1" 403 .* AccessDenied \w{32}$/m,
	'access log, refused');

# a second one, on the same port or in the same directory

is_deeply([run(PORT => $t->port(8080), RUN_DIR => $t->path('other'))],
	[1, "tools/run: cannot listen on 127.0.0.1:" . $t->port(8080)
		. ": Address already in use\nchoose another port:"
		. " PORT=8090 make run\n"], 'port in use');
is_deeply([run(PORT => $t->port(8082), RUN_DIR => $t->testdir)],
	[1, 'tools/run: ' . $t->testdir . " is in use by another run\n"],
	'directory in use');

# a bucket of one's own needs all that is needed

my %own = (PORT => $t->port(8082), RUN_DIR => $t->path('other'),
	COS_BUCKET => 'photos-1250000000');
like((run(%own))[1], qr/COS_BUCKET needs COS_REGION/, 'no region');
like((run(%own, COS_REGION => 'ap-guangzhou'))[1],
	qr/needs TENCENTCLOUD_SECRET_ID/, 'no keys');
like((run(%own, COS_REGION => "a; b", TENCENTCLOUD_SECRET_ID => 'a',
	TENCENTCLOUD_SECRET_KEY => 'b'))[1], qr/not a bucket or region/,
	'bad region');

# it ends as it should, and objects stay

my $pid = $demo->{process}->pid;
my @children = Test::COS::Process::children($pid);
is(scalar @children, 2, 'nginx and the local COS');
$demo->{process}->stop('INT');
is($demo->{process}{status}, 0, 'stopped');
is(scalar(grep { kill 0, $_ } @children), 0, 'no children left');
like($demo->output, qr/^stopped$/m, 'says so');

# keys in the environment are not used without a bucket

remove_tree($t->path('cache'));
$demo = Demo->new($t, TENCENTCLOUD_SECRET_ID => 'AKIDPERSONAL',
	TENCENTCLOUD_SECRET_KEY => 'personal', TENCENTCLOUD_TOKEN => 'personal');
is(http_get('/videos/license.txt')->body, $license, 'object is still there');
is(($demo->journal)[-1]{secret_id}, SECRET_ID, 'keys of the local COS');

# the README

my @commands = map { /^(curl .*)$/gm } $readme =~ /^```sh\n(.*?)^```$/gms;
is(scalar @commands, scalar @readme, 'commands of the README');
for my $i (0 .. $#readme) {
	my $command = defined $commands[$i] ? $commands[$i] : 'false';
	like($command, $readme[$i][0], "readme: command $i");
	$command =~ s!http://127\.0\.0\.1:8080\b!$demo->url!e;
	like($demo->shell($command), $readme[$i][1], "readme: output $i");
}
$demo->{process}->stop('TERM');

# its configuration

$t->cos();
my ($conf) = grep { /cos_pass/ } $readme =~ /^```nginx\n(.*?)^```$/gms;
my ($bucket) = $conf =~ /cos_bucket (\S+)/;
$t->cos(port => 8083, buckets => [{ name => $bucket,
	region => 'ap-guangzhou' }]);
$conf =~ s/^(cos_bucket .*);/$1 protocol=http endpoint=127.0.0.1:8083;/m;
$conf =~ s/listen 80;/listen 127.0.0.1:8080;/;
$t->env(TENCENTCLOUD_SECRET_ID => SECRET_ID,
	TENCENTCLOUD_SECRET_KEY => SECRET_KEY);
$t->write_conf("%%TEST_GLOBALS%%\nevents { }\nhttp {\n"
	. "%%TEST_GLOBALS_HTTP%%\n$conf}\n");
$t->run();

is(http_put('/a/b.txt', 'hello')->status, 403, 'configuration, put refused');
$t->store(8083)->put($bucket, 'a/b.txt', 'hello');
is(http_get('/a/b.txt')->body, 'hello', 'configuration, get');
is(http_delete('/a/b.txt')->status, 403, 'configuration, delete refused');
is(join(' ', map { "$_->{operation}:$_->{verified}" } $t->journal(8083)),
	'GetObject:1', 'configuration, signed');

###############################################################################

sub run {
	my (%env) = @_;
	local %ENV = (%ENV, %env);
	return Test::COS::Process::output(30, "$Demo::ROOT/tools/run");
}

sub slurp {
	my ($path) = @_;
	open my $fh, '<:raw', $path or die "cannot open $path: $!\n";
	local $/;
	return scalar readline $fh;
}

###############################################################################
