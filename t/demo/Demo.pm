package Demo;

# tools/run for a test, on its ports and in its directory.

use strict;
use warnings;

use COS::Journal;
use COS::Store;
use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use Test::COS;

our $ROOT = abs_path(dirname(__FILE__) . '/../..');

sub new {
	my ($class, $t, %env) = @_;

	my $self = bless { t => $t, url => 'http://127.0.0.1:' . $t->port(8080) },
		$class;
	$t->secret(SECRET_KEY);
	unlink $t->path('run.out');
	$self->{process} = $t->run_daemon(sub {
		local %ENV = (%ENV, PORT => $t->port(8080),
			RUN_DIR => $t->testdir, %env);
		open STDOUT, '>', $t->path('run.out');
		exec { "$ROOT/tools/run" } 'run' or die "cannot run tools/run: $!\n";
	});

	$t->wait_until(sub { $self->output =~ /Ctrl-C/
		|| !$self->{process}->alive }, 30);
	die "tools/run did not start:\n" . $self->output . $self->errors
		unless $self->output =~ /Ctrl-C/;

	$self->{store} = COS::Store->new($t->path('cos'));
	$self->{log} = COS::Journal->new($t->path('cos'));
	return $self;
}

sub url { return $_[0]{url} }
sub output { return $_[0]{t}->read_file('run.out') }
sub errors { return $_[0]{t}->read_file('daemon-stderr.log') }
sub store { return $_[0]{store} }
sub journal { return $_[0]{log}->entries }

# standard output of a shell command, from the root of the repository

sub shell {
	my ($self, $command) = @_;
	my ($status, $text) = Test::COS::Process::output(30, 'sh', '-c',
		"cd '$ROOT' && $command");
	return $status ? "exit status $status\n$text" : $text;
}

1;
