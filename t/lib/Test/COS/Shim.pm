package Test::COS::Shim;

=head1 NAME

Test::COS::Shim - libraries that are preloaded into nginx

=head1 SYNOPSIS

 use Test::COS; use Test::COS::Shim;

 my $t = Test::COS->new()->plan(2);
 $t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0));
 ...
 $t->run();
 $t->shim_number('clock', -3600);

=head1 METHODS

Added to Test::COS.

 shim($name, %env)       compiles t/shim/NAME.c and has nginx started with it
 shim_number($file, $n)  writes a number, or reads it without $n, in a file that
                         a shim has mapped; returns the path, or the number

=cut

use strict;
use warnings;

use Test::COS ();
use Test::COS::Process;

use Cwd qw/ abs_path /;
use Fcntl qw/ O_CREAT O_RDWR /;
use File::Basename qw/ dirname /;

my $DIR = abs_path(dirname(__FILE__) . '/../../../shim');

{
	no strict 'refs';
	*{"Test::COS::$_"} = \&$_ for qw/ shim shim_number /;
}

sub shim {
	my ($t, $name, %env) = @_;

	my $so = $t->path("$name.so");
	my ($status, $text) = Test::COS::Process::output(60,
		(split ' ', $ENV{CC} || 'cc'), qw/ -O1 -Wall -shared -fPIC -o /, $so,
		"$DIR/$name.c", '-ldl');
	die "cannot compile $name.c: $text\n" if $status;

	return $t->env(LD_PRELOAD => $so, %env);
}

sub shim_number {
	my ($t, $file, $n) = @_;

	my $path = $t->path($file);
	sysopen my $fh, $path, O_RDWR | O_CREAT or die "cannot open $path: $!\n";
	if (!defined $n) {
		sysread $fh, my $bytes, 8;
		return unpack 'q', $bytes;
	}
	syswrite $fh, pack 'q', $n;
	return $path;
}

1;
