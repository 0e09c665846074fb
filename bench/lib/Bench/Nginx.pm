package Bench::Nginx;

# An nginx of the benchmark: its configuration, its processes, what they cost.

use strict;
use warnings;

use Test::COS::Nginx;
use Test::COS::Process;

use File::Path qw/ make_path remove_tree /;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw/ sleep time /;

my %processes;

# new(dir =>, port =>, http => TEXT) and
#
#   modules => [FILES]     to load, beside ours if cos => 1
#   cpu => N               the only one it may use
#   under => [COMMAND]     valgrind and its arguments; one process then, and
#                          more patience

sub new {
	my ($class, %opt) = @_;
	my $self = bless { under => [], modules => [], %opt }, $class;

	remove_tree($self->{dir});
	make_path($self->{dir});
	unshift @{$self->{modules}}, Test::COS::Nginx::module()
		if $self->{cos} && !$ENV{NGINX_COS_STATIC};
	$self->_write_conf;

	return $self;
}

sub _write_conf {
	my ($self) = @_;
	my $dir = $self->{dir};

	my $globals = join '', map { "load_module \"$_\";\n" } @{$self->{modules}};
	$globals .= "user root;\n" if $> == 0;
	$globals .= "master_process off;\n" if @{$self->{under}};

	my $temp = join "\n    ", "client_body_temp_path $dir/client_body;",
		map { "${_}_temp_path $dir/$_;" }
		grep { has_module($_) } qw/ proxy fastcgi uwsgi scgi /;

	open my $conf, '>', "$dir/nginx.conf" or die "cannot write $dir: $!\n";
	print {$conf} <<"EOT";
$globals
daemon off;
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/error.log error;

events {
    worker_connections 4096;
}

http {
    access_log off;
    client_max_body_size 0;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    sendfile on;
    $temp

$self->{http}
}
EOT
	close $conf or die "cannot write $dir: $!\n";
}

sub binary { return Test::COS::Nginx::binary() }

# what nginx -V says

my $nginx = bless {}, 'Test::COS::Nginx';

sub has_module { return $nginx->has_module($_[0]) }
sub version { return $nginx->nginx_version }

# an argument of configure

sub configured {
	my ($name) = @_;
	return $nginx->_version_text =~ /--\Q$name\E=(\S+)/ ? $1 : undef;
}

sub version_at_least { return $nginx->version_at_least($_[0]) }

sub command {
	my ($self) = @_;
	my $dir = $self->{dir};
	return ((defined $self->{cpu} ? ('taskset', '-c', $self->{cpu}) : ()),
		@{$self->{under}}, binary(), '-p', "$dir/", '-c', "$dir/nginx.conf",
		'-e', "$dir/error.log");
}

# whether nginx takes the configuration

sub accepts {
	my ($self) = @_;
	my ($status) = Test::COS::Process::output(20, $self->command, '-t');
	return $status == 0;
}

sub start {
	my ($self) = @_;
	my $dir = $self->{dir};

	my $process = Test::COS::Process->start("$dir/output", $self->command);
	$self->{process} = $processes{$process->pid} = $process;

	my $until = time() + (@{$self->{under}} ? 60 : 10);
	until (IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		PeerPort => $self->{port}))
	{
		die "nginx does not start, see $dir\n" . $self->_log('output')
			. $self->_log('error.log')
			if !$process->alive || time() > $until;
		sleep 0.02;
	}

	until ($self->{worker} = $self->_worker) {
		die "nginx has no worker\n" if time() > $until;
		sleep 0.02;
	}
	return $self;
}

# the one that serves, and not the master or the manager of a cache

sub _worker {
	my ($self) = @_;
	my $pid = $self->{process}->pid;
	return $pid if @{$self->{under}};

	for my $child (Test::COS::Process::children($pid)) {
		open my $fh, '<', "/proc/$child/cmdline" or next;
		return $child if (readline($fh) || '') =~ /worker process/;
	}
	return undef;
}

# dies if an error was logged: then it was not what we wanted to measure

sub stop {
	my ($self) = @_;
	my $process = delete $self->{process} or return;

	$process->stop('TERM', KILL => 30);
	delete $processes{$process->pid};
	my $log = $self->_log('error.log');
	die "errors of nginx in $self->{dir}:\n" . substr($log, 0, 2000)
		if $log =~ /\[(?:error|crit|alert|emerg)\]/;
}

sub _log {
	my ($self, $name) = @_;
	open my $fh, '<', "$self->{dir}/$name" or return '';
	return join '', readline $fh;
}

# workers would outlive a master that is killed

END {
	local ($?, $!);
	$_->stop('TERM', KILL => 5) for values %processes;
}

###############################################################################
# the worker

# seconds, of all its threads; ticks are too coarse for a few milliseconds

sub cpu_time {
	my ($self) = @_;
	my $ns = 0;

	for my $file (glob "/proc/$self->{worker}/task/*/schedstat") {
		open my $fh, '<', $file or next;
		$ns += (split ' ', readline($fh) || '0')[0];
	}
	return $ns / 1e9 if $ns;

	open my $fh, '<', "/proc/$self->{worker}/stat"
		or die "the worker is gone\n";
	my ($user, $system) = (split ' ', (split /\) /, readline $fh)[-1])[11, 12];
	return ($user + $system) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# until it has nothing left to do

sub settle {
	my ($self) = @_;
	my $idle = 0;
	my $cpu = $self->cpu_time;

	while ($idle < 2) {
		sleep 0.001;
		my $now = $self->cpu_time;
		$idle = $now == $cpu ? $idle + 1 : 0;
		$cpu = $now;
	}
	return $cpu;
}

# forgets the peak, where the kernel lets us

sub reset_peak {
	my ($self) = @_;
	open my $fh, '>', "/proc/$self->{worker}/clear_refs" or return;
	print {$fh} "5\n";
	close $fh;
}

sub peak_kb {
	my ($self) = @_;
	open my $fh, '<', "/proc/$self->{worker}/status"
		or die "the worker is gone\n";
	my ($kb) = map { /\AVmHWM:\s+(\d+)/ ? $1 : () } readline $fh;
	return $kb;
}

###############################################################################

sub free_ports {
	my ($n) = @_;
	my @sockets = map { IO::Socket::INET->new(Listen => 1,
		LocalAddr => '127.0.0.1') || die "no free port: $!\n" } 1 .. $n;
	return map { $_->sockport } @sockets;
}

1;
