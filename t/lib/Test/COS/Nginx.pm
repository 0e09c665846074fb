package Test::COS::Nginx;

# The part of Test::COS that knows nginx.

use strict;
use warnings;

use Test::COS::Process;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use File::Spec;
use Test::More ();

my $ROOT = abs_path(dirname(__FILE__) . '/../../../..');

# nginx takes a while with sanitizers
my $START_TIMEOUT = 15;

###############################################################################
# nginx: what it is

# tests change their directory: relative names are the repository's

sub binary {
	my $name = $ENV{TEST_NGINX_BINARY} || 'nginx';
	return $name =~ m!/! ? File::Spec->rel2abs($name, $ROOT) : $name;
}

sub module {
	return defined $ENV{TEST_NGINX_MODULE} && $ENV{TEST_NGINX_MODULE} ne ''
		? File::Spec->rel2abs($ENV{TEST_NGINX_MODULE}, $ROOT)
		: "$ROOT/build/ngx_http_cos_module.so";
}

sub _static { return $ENV{NGINX_COS_STATIC} ? 1 : 0 }

sub _version_text {
	my ($self) = @_;
	$self->{version_text} = (Test::COS::Process::output(20, binary(), '-V'))[1]
		unless defined $self->{version_text};
	return $self->{version_text};
}

sub nginx_version {
	my ($self) = @_;
	return $self->_version_text =~ m!nginx version: \S+?/([\d.]+)! ? $1 : '0';
}

sub version_at_least {
	my ($self, $want) = @_;
	my @have = split /\./, $self->nginx_version;
	for my $n (split /\./, $want) {
		my $m = shift @have || 0;
		return $m > $n if $m != $n;
	}
	return 1;
}

my %OPTIONAL = map { $_ => 1 } qw/ ssl v2 v3 slice realip auth_request
	secure_link stub_status sub addition dav flv mp4 gunzip gzip_static
	random_index degradation image_filter geoip perl xslt /;

sub has_module {
	my ($self, $name) = @_;
	my $text = $self->_version_text;
	(my $short = $name) =~ s/\Ahttp_//;
	return $text =~ /--with-debug\b/ if $short eq 'debug';
	return $text =~ /--with-threads\b/ if $short eq 'threads';
	return $text =~ /--with-\Q$short\E(?!=dynamic)\b/
		if $short =~ /\A(?:stream|mail)/;
	return $text =~ /--with-http_\Q$short\E_module(?!=dynamic)\b/
		if $OPTIONAL{$short};
	return $text !~ /--without-http_\Q$short\E\b/
		&& $text !~ /--without-http-\Q$short\E\b/;
}

sub needs {
	my ($self, @names) = @_;
	for my $name (@names) {
		$self->skip_all("nginx has no $name") unless $self->has_module($name);
	}
	return $self;
}

sub has_cos { return _static() || -e module() }

sub needs_cos {
	my ($self) = @_;
	# a build that vanished must not look like success
	die 'no module at ' . module() . "\n" unless $self->has_cos;
	return $self;
}

###############################################################################
# nginx: configuration and life

sub debug {
	my ($self) = @_;
	$self->{level} = 'debug';
	return $self;
}

sub globals {
	my ($self, $text) = @_;
	$self->{globals} .= "$text\n";
	return $self;
}

sub env {
	my ($self, %env) = @_;
	$self->secret(grep { length >= 8 } map { $env{$_} }
		grep { /KEY|TOKEN/ && !/FILE/ } keys %env);
	@{$self->{env}}{keys %env} = values %env;
	return $self;
}

sub expand {
	my ($self, $text) = @_;
	my $dir = $self->{dir};

	my $globals = "daemon off;\npid $dir/nginx.pid;\n"
		. "error_log $dir/error.log $self->{level};\n" . $self->{globals};
	$globals .= "user root;\n" if $> == 0;
	$globals = 'load_module ' . module() . ";\n$globals" if !_static()
		&& ($self->has_cos || $text =~ /^\s*cos_/m);

	my $http = "root $dir;\n"
		. "log_format test '\$remote_addr \"\$request\" \$status"
		. " \$body_bytes_sent \"\$upstream_addr\" \"\$upstream_status\""
		. " \"\$upstream_cache_status\"';\n"
		. "access_log $dir/access.log test;\n"
		. "client_body_temp_path $dir/client_body_temp;\n";
	for (qw/ proxy fastcgi uwsgi scgi /) {
		$http .= "${_}_temp_path $dir/${_}_temp;\n"
			if $self->has_module($_);
	}

	$text =~ s/%%TEST_GLOBALS%%/$globals/g;
	$text =~ s/%%TEST_GLOBALS_HTTP%%/$http/g;
	$text =~ s/%%TESTDIR%%/$dir/g;
	$text =~ s/%%SECRET_ID%%/Test::COS::SECRET_ID()/ge;
	$text =~ s/%%SECRET_KEY%%/Test::COS::SECRET_KEY()/ge;
	$text =~ s/%%PORT_(\d+)%%/$self->port($1)/ge;
	$text =~ s/((?<![\d.])127\.0\.0\.\d{1,3}|localhost|\[::1\]|\*):(80\d\d)
		(?!\d)/"$1:" . $self->port($2)/gex;
	$text =~ s/(\blisten\s+)(80\d\d)(?!\d)/$1 . $self->port($2)/ge;

	return $text;
}

sub write_conf {
	my ($self, $text) = @_;
	while ($text =~ /[\s{;](secret_key|token|key\s+\S+)\s+"?([\w.+-]{8,})/g) {
		$self->{secrets}{$2} = $1 eq 'token' ? 'token' : 'key';
	}
	return $self->write_file('nginx.conf', $self->expand($text));
}

sub _command {
	my ($self, $conf) = @_;
	return (binary(), '-p', "$self->{dir}/", '-c', $conf,
		'-e', "$self->{dir}/error.log");
}

# The test configuration has an error_log and a pid of its own, for a test of
# a configuration must not disturb a running nginx.

sub try_conf {
	my ($self, $text) = @_;
	my $dir = $self->{dir};
	my $conf = $self->expand($text);
	$conf =~ s!\Q$dir\E/(nginx\.pid|error\.log)!$dir/try-$1!g;
	$self->write_file('try.conf', $conf);

	local @ENV{keys %{$self->{env}}} = values %{$self->{env}};
	return Test::COS::Process::output(30, binary(), '-t', '-p', "$dir/", '-c',
		'try.conf', '-e', 'stderr');
}

sub run {
	my ($self) = @_;

	die "already running\n" if $self->{nginx};
	my $pidfile = $self->path('nginx.pid');
	unlink $pidfile;

	local @ENV{keys %{$self->{env}}} = values %{$self->{env}};
	$self->{nginx} = Test::COS::Process->start($self->path('stderr.log'),
		$self->_command('nginx.conf'));

	return $self if $self->wait_until(sub {
		$self->{nginx}->alive or return -1;
		return -s $pidfile;
	}, $START_TIMEOUT) && $self->{nginx}->alive;

	$self->{nginx}->stop('KILL');
	delete $self->{nginx};
	die "nginx did not start:\n" . $self->stderr_log . $self->error_log;
}

sub stop {
	my ($self, $signal) = @_;
	my $nginx = delete $self->{nginx} or return;
	# with QUIT it waits for connections, which may be stalled on purpose
	my $clean = $nginx->stop($signal || 'QUIT', TERM => 3, KILL => 10);
	Test::More::diag('nginx had to be killed') unless $clean;
	return $clean;
}

sub master_pid { return $_[0]{nginx} ? $_[0]{nginx}->pid : undef }

# Workers that take new connections

sub worker_pids {
	my ($self) = @_;
	my $master = $self->master_pid or return;
	return grep { Test::COS::Process::title($_)
		=~ /\Anginx: worker process(?! is shutting down)/ }
		Test::COS::Process::children($master);
}

sub reload {
	my ($self, $timeout) = @_;
	$timeout ||= $START_TIMEOUT;

	$self->wait_until(sub { $self->worker_pids }, $timeout);
	my %old = map { $_ => 1 } $self->worker_pids;
	my $errors = () = $self->error_log =~ /\[emerg\]/g;
	kill 'HUP', $self->master_pid;

	# the old ones stop listening when the new ones are up
	my $ok = $self->wait_until(sub {
		my @now = $self->worker_pids;
		return -1 if $errors != (() = $self->error_log =~ /\[emerg\]/g);
		return @now && !grep { $old{$_} } @now;
	}, $timeout);
	return $ok;
}

sub kill_worker {
	my ($self, $signal) = @_;

	$self->wait_until(sub { $self->worker_pids }, $START_TIMEOUT);
	my ($pid) = $self->worker_pids or die "no worker\n";
	my %old = map { $_ => 1 } $self->worker_pids;
	$self->allow_alerts(qr/worker process $pid exited on signal/);
	kill $signal || 'KILL', $pid;

	$self->wait_until(sub { grep { !$old{$_} } $self->worker_pids },
		$START_TIMEOUT) or die "no new worker\n";
	return $pid;
}

1;
