package Chromium;

# A headless Chromium, driven over --remote-debugging-pipe.

use strict;
use warnings;

use Fcntl qw/ F_DUPFD /;
use IO::Handle;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw/ sleep time /;

my $JSON = JSON::PP->new->utf8->allow_nonref;

sub binary {
	for my $name (qw/ chromium chromium-browser google-chrome /) {
		for my $dir (split /:/, $ENV{PATH}) {
			return "$dir/$name" if -x "$dir/$name";
		}
	}
	return undef;
}

# new(dir => of the profile, log => file, hosts => { name => port }): names are
# there on 127.0.0.1, with whatever certificates; nothing else is

sub new {
	my ($class, %opt) = @_;

	pipe my $from_us, my $to_it or die "pipe: $!\n";
	pipe my $from_it, my $to_us or die "pipe: $!\n";
	mkdir $opt{dir};
	my @hosts = map { "MAP $_ 127.0.0.1:$opt{hosts}{$_}" }
		sort keys %{$opt{hosts} || {}};

	my $pid = fork;
	die "fork: $!\n" unless defined $pid;
	if (!$pid) {
		setpgrp 0, 0;
		$ENV{HOME} = $opt{dir};
		open STDIN, '<', '/dev/null';
		open STDERR, '>>', $opt{log};
		open STDOUT, '>&', \*STDERR;
		# above 3 and 4, so that neither is overwritten
		my ($in, $out) = map { fcntl $_, F_DUPFD, 10 } $from_us, $to_us;
		POSIX::dup2($in, 3);
		POSIX::dup2($out, 4);
		my @command = (binary(), qw{ --headless --no-sandbox --disable-gpu
			--disable-quic --no-first-run --disable-background-networking
			--disable-component-update --disable-sync
			--disable-dev-shm-usage --remote-debugging-pipe },
			'--host-resolver-rules=' . join(', ', @hosts,
				'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1'),
			$opt{hosts} ? '--ignore-certificate-errors' : (),
			"--user-data-dir=$opt{dir}", 'about:blank');
		exec { $command[0] } @command or POSIX::_exit(127);
	}

	$to_it->autoflush(1);
	return bless { pid => $pid, owner => $$, in => $from_it, out => $to_it,
		buffer => '', id => 0 }, $class;
}

sub open {
	my ($self, $url) = @_;
	my $target = $self->call('Target.createTarget', url => 'about:blank');
	$self->{session} = $self->call('Target.attachToTarget', flatten =>
		JSON::PP::true, targetId => $target->{targetId})->{sessionId};
	$self->call($_) for qw/ Page.enable Runtime.enable /;
	$self->call('Page.navigate', url => $url);
	$self->wait_for('location.href !== "about:blank"'
		. ' && document.readyState === "complete"', 20)
		or die "chromium did not open $url\n";
	return $self;
}

# the value of an expression in the page; promises are waited for

sub eval {
	my ($self, $js) = @_;
	my $res = $self->call('Runtime.evaluate', expression => $js,
		awaitPromise => JSON::PP::true, returnByValue => JSON::PP::true);
	die "$js: $res->{exceptionDetails}{exception}{description}\n"
		if $res->{exceptionDetails};
	return $res->{result}{value};
}

# true as soon as the expression is; a page that goes while it is asked has no
# answer yet

sub wait_for {
	my ($self, $js, $seconds) = @_;
	my $until = time() + ($seconds || 10);
	while (1) {
		return 1 if eval { $self->eval("!!($js)") };
		die $@ if $@ && $@ !~ /navigated|context/;
		return 0 if time() > $until;
		sleep 0.02;
	}
}

sub call {
	my ($self, $method, %params) = @_;
	my $id = $self->_send($method, %params);

	while (1) {
		my $message = $self->_read;
		# a dialog is in the way of everything else
		if (($message->{method} || '') eq 'Page.javascriptDialogOpening') {
			push @{$self->{dialogs}}, $message->{params}{message};
			$self->_send('Page.handleJavaScriptDialog',
				accept => JSON::PP::true);
		}
		next unless ($message->{id} || 0) == $id;
		die "$method: $message->{error}{message}\n" if $message->{error};
		return $message->{result};
	}
}

sub dialogs { return @{$_[0]{dialogs} || []} }

sub _send {
	my ($self, $method, %params) = @_;
	my $id = ++$self->{id};
	print {$self->{out}} $JSON->encode({ id => $id, method => $method,
		params => \%params, defined $self->{session}
		? (sessionId => $self->{session}) : () }), "\0"
		or die "cannot write to chromium: $!\n";
	return $id;
}

sub _read {
	my ($self) = @_;
	my $end;
	while (($end = index $self->{buffer}, "\0") < 0) {
		sysread $self->{in}, $self->{buffer}, 65536, length $self->{buffer}
			or die "chromium has gone\n";
	}
	my $message = substr $self->{buffer}, 0, $end + 1, '';
	chop $message;
	return $JSON->decode($message);
}

sub DESTROY {
	my ($self) = @_;
	return if $self->{owner} != $$;
	local ($?, $!, $@);
	kill 'TERM', $self->{pid};
	for (1 .. 100) {
		my $pid = waitpid $self->{pid}, POSIX::WNOHANG();
		last if $pid;
		sleep 0.02;
	}
	kill 'KILL', -$self->{pid};
	waitpid $self->{pid}, 0;
}

1;
