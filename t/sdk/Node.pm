package Node;

# Runs a script of this directory with what package.json asks for.

use strict;
use warnings;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use File::Spec;
use JSON::PP ();
use Test::COS::Process;

my $HERE = abs_path(dirname(__FILE__));
my $JSON = JSON::PP->new->ascii->canonical;

# Node.js may be missing on a developer's machine, but not where tests decide.

sub needs {
	my ($t) = @_;

	for my $tool (qw/ node npm /) {
		next if grep { -x "$_/$tool" } File::Spec->path;
		die "no $tool\n" if ($ENV{CI} || '') eq 'true';
		$t->skip_all("no $tool");
	}
	return $t;
}

# The directory of the packages.

sub modules {
	my ($status, $text) = Test::COS::Process::output(100,
		"$HERE/../../tools/install-node-deps", $HERE);
	die "packages cannot be installed:\n$text" if $status;
	return $text =~ /^(.+)\n\z/m;
}

# The script gets one value as JSON and gives one.

sub run {
	my ($t, $script, $in) = @_;

	my ($modules) = modules();
	my $dir = $t->testdir;
	my $file = $t->write_file('in.json', $JSON->encode($in));

	local @ENV{qw/ NODE_PATH HOME XDG_CONFIG_HOME NO_COLOR /}
		= ($modules, $dir, $dir, 1);
	my ($status, $text) = Test::COS::Process::output(60, 'node',
		"$HERE/$script", $file, "$dir/out.json");
	die "$script failed:\n$text" if $status;

	return $JSON->decode($t->read_file('out.json'));
}

1;
