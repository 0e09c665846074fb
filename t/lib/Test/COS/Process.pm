package Test::COS::Process;

# Child processes of a test.

use strict;
use warnings;

use POSIX qw/ :sys_wait_h /;
use Time::HiRes qw/ sleep time /;

# a program, its output in a file

sub start {
	my ($class, $log, @command) = @_;
	return $class->fork(sub {
		exec { $command[0] } @command or _cannot_run(@command);
	}, $log);
}

# a piece of Perl

sub fork {
	my ($class, $code, $log) = @_;
	my $pid = CORE::fork;
	die "fork: $!\n" unless defined $pid;
	return bless { pid => $pid, owner => $$ }, $class if $pid;

	alarm 0;
	$SIG{$_} = 'DEFAULT' for qw/ INT TERM HUP ALRM CHLD PIPE /;
	open STDIN, '<', '/dev/null';
	if (defined $log) {
		open STDERR, '>>', $log or POSIX::_exit(126);
		open STDOUT, '>&', \*STDERR;
	}
	eval { $code->(); 1 } or print STDERR $@;
	# not exit(): END blocks are the parent's
	POSIX::_exit(0);
}

sub _cannot_run {
	print STDERR "cannot run $_[0]: $!\n";
	POSIX::_exit(127);
}

sub pid { return $_[0]{pid} }

sub alive {
	my ($self) = @_;
	return 0 if $self->{gone};
	my $pid = waitpid $self->{pid}, WNOHANG;
	return 1 if $pid == 0;
	@$self{qw/ gone status /} = (1, $?);
	return 0;
}

# stop('QUIT', TERM => 3, KILL => 5): what to send next, and after how many
# seconds.  True if it has not come to KILL.

sub stop {
	my ($self, $signal, @then) = @_;
	return 1 if $self->{owner} != $$ || !$self->alive;
	@then = (KILL => 5) unless @then;

	while (1) {
		kill $signal, $self->{pid};
		last if $signal eq 'KILL';
		($signal, my $seconds) = splice @then, 0, 2;
		my $until = time() + $seconds;
		while (time() < $until) {
			return 1 unless $self->alive;
			sleep 0.003;
		}
		# they would live on without their parent
		kill 'KILL', children($self->{pid}) if $signal eq 'KILL';
	}

	waitpid $self->{pid}, 0;
	@$self{qw/ gone status /} = (1, $?);
	return 0;
}

sub DESTROY {
	my ($self) = @_;
	return if $self->{owner} != $$;
	local ($?, $!, $@);
	$self->stop('KILL');
}

###############################################################################

# exit status and output of a command that may not take long

sub output {
	my ($seconds, @command) = @_;
	pipe my $read, my $write or die "pipe: $!\n";
	my $process = __PACKAGE__->fork(sub {
		open STDOUT, '>&', $write;
		open STDERR, '>&', $write;
		exec { $command[0] } @command or _cannot_run(@command);
	});
	close $write;

	my ($text, $until) = ('', time() + $seconds);
	while (1) {
		my $set = '';
		vec($set, fileno $read, 1) = 1;
		my $left = $until - time();
		my $n = $left > 0 ? select $set, undef, undef, $left : 0;
		if (!$n) {
			$process->stop('KILL');
			return (-1, "$text\ntimed out\n");
		}
		next if $n < 0;
		last unless sysread $read, $text, 65536, length $text;
	}
	waitpid $process->{pid}, 0;
	$process->{gone} = 1;
	return ($? >> 8 || $? & 127, $text);
}

sub title {
	my ($pid) = @_;
	open my $fh, '<', "/proc/$pid/cmdline" or return '';
	local $/;
	my $text = readline $fh;
	return '' unless defined $text;
	$text =~ tr/\0/ /;
	return $text;
}

sub children {
	my ($parent) = @_;
	my @pids;
	opendir my $dir, '/proc' or return;
	for my $pid (grep { /\A\d+\z/ } readdir $dir) {
		open my $fh, '<', "/proc/$pid/stat" or next;
		my $line = readline $fh;
		push @pids, $pid if defined $line
			&& $line =~ /\A\d+ \(.*\) \S (\d+)/s && $1 == $parent;
	}
	return sort { $a <=> $b } @pids;
}

# Kills what still writes its errors into a directory that is ours alone:
# children of a parent that crashed.

sub kill_users {
	my ($dir) = @_;
	opendir my $proc, '/proc' or return;
	for my $pid (grep { /\A\d+\z/ && $_ != $$ } readdir $proc) {
		my $file = readlink "/proc/$pid/fd/2";
		next unless defined $file && index($file, "$dir/") == 0;
		kill 'KILL', $pid;
	}
}

1;
