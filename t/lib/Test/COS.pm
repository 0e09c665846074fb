package Test::COS;

=head1 NAME

Test::COS - tests of nginx in front of a local COS

=head1 SYNOPSIS

 use FindBin; use lib "$FindBin::Bin/lib";
 use Test::More; use Test::COS;

 my $t = Test::COS->new()->plan(2);
 $t->cos();				# 127.0.0.1:8081
 $t->store_put('images-1250000000', 'a.txt', 'hello');

 $t->write_conf(<<'EOF');
 %%TEST_GLOBALS%%
 events { }
 http {
     %%TEST_GLOBALS_HTTP%%
     cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }
     cos_bucket images-1250000000 ap-guangzhou protocol=http
                endpoint=127.0.0.1:8081;
     server { listen 127.0.0.1:8080; location / { cos_pass path_style; } }
 }
 EOF
 $t->run();

 like(http_get('/images-1250000000/a.txt'), qr/hello/, 'read');
 is(($t->journal)[-1]{verified}, 1, 'signed');

=head1 PORTS

A test owns 100 ports.  Every 127.0.0.1:80xx, localhost:80xx, [::1]:80xx,
*:80xx, "listen 80xx" and %%PORT_80xx%% in a configuration becomes a real one;
$t->port(80xx) is it.  Functions that take C<port> take 80xx.

=head1 METHODS

 new()              a test with its own directory, ports and alarm (120 s;
                    new(timeout => N))
 plan(N)            N + 3 tests: "no alerts", "no sanitizer errors" and "no
                    secrets in logs" run at the end
 skip_all($why)     before plan()
 needs('slice', ..) skip_all unless nginx has them (has_module)
 has_module($name)  slice, http_v2, stream, debug, ...: by nginx -V;
                    ssl, proxy and so on that are on by default also
 nginx_version      "1.22.1"; version_at_least('1.25.1')
 has_cos            the module under test is there; needs_cos() skips if not

 cos(%options)      starts a local COS.  port => 8081, address => '127.0.0.1',
                    tls => 1 (or a hash of make_ca), dir => 8081 (the objects
                    of another one), anything of COS::Server's configuration:
                    buckets, credentials, strict, clock_offset, ...  By default
                    AKIDEXAMPLE... / ExampleSecretKey..., images-1250000000 in
                    ap-guangzhou, videos-1250000000 in ap-shanghai, strict
 stop_cos($port)    stops it; cos(port => $port, ...) starts it again with the
                    objects it had
 store($port)       its COS::Store
 store_put($bucket, $key, $content, %headers)    also mtime => epoch
 store_get($bucket, $key)    contents, or undef
 journal($port)     requests so far, hashes in order; bytes, not characters.
                    n time conn peer_port method target host headers bucket
                    key key_hex operation status error_code verified secret_id
                    header_list param_list http_string source body_len
                    tls_sni port request_id
 journal_clear($port)
 journal_take($port)    both at once: what came since the last call
 control({ ... }, $port)    rules, clock_offset, revoked, credentials.  A rule:
                    method path_re operation bucket skip times pick requests;
                    status code message headers body | close_after N | stall S
                    | stall_body_after N | close_early | drop | expire | close
                    (see COS::Server)
 control()          normal again

 write_conf($text)  %%TEST_GLOBALS%% %%TEST_GLOBALS_HTTP%% %%TESTDIR%%
                    %%PORT_80xx%% %%SECRET_ID%% %%SECRET_KEY%% are filled in
 try_conf($text)    (exit status, output) of nginx -t
 globals($text)     more lines for %%TEST_GLOBALS%%; env("NAME" => value) sets
                    the environment nginx starts with
 run() stop()       start and stop nginx; run() dies when it does not come up
 reload()           true when new workers have taken over
 kill_worker($sig)  KILL by default; waits for its successor, returns the pid
 worker_pids master_pid
 debug()            error_log level debug (info otherwise); before write_conf

 testdir, path($name), write_file($name, $text), read_file($name)
 error_log, access_log, stderr_log    contents
 waitforfile($name, $seconds) waitforsocket($port) waitforlog(qr/../, $seconds)
 wait_until(sub { }, $seconds)
 run_daemon(sub { ... })    forks; killed at the end
 make_ca(names => [...], name => 'server', expired => 1, self_signed => 1)
                    { ca, cert, key } file names; one CA per test
 secret($text, ...) must not be in a log either; those of cos(), of write_conf
                    (secret_key, token, key) and of env are known already
 allow_tokens_in_log()   security tokens and signatures may be there (debug
                    level logs upstream requests); secret keys still may not
 allow_alerts(qr/../)    alerts this test means to cause

=head1 FUNCTIONS

All exported.  A response is an object: status, header($name) (first or
undef), header_all, headers, body, code (of the error XML), length, md5,
error, truncated, interim; as a string it is head and body.  When a server
hangs, status is 0 and error says so.

 http($raw, %opt)             raw bytes; count => N for a list of N responses
 http_get($uri, %headers)     http_head, http_delete
 http_put($uri, $body, %headers)    http_post
 http_request(method => , uri => , headers => {} or [[n, v]], body => )
    body may be a sub giving pieces ('' at the end) with length => N
    chunked => 1, wait_continue => 1 (Expect), abort_after => N, http10 => 1
    hash => 1 (body only as length and md5), sink => sub, stop_after => N
    sign => 1 or { secret_id secret_key token start expires header_list
    param_list }, presign => the same, in the query (merged => 1: sign=)
    port => 8080, host => 'localhost', tls => 1 or { SSL_... }, sni => ,
    timeout => 20, connection => 'close', conn => (of http_connect)
 http_connect(%opt)           Test::COS::HTTP: send($raw), request(%as above),
                              read_response(method => ), close, reset
 SECRET_ID SECRET_KEY         the default credential

TEST_NGINX_BINARY and TEST_NGINX_MODULE say what is tested; NGINX_COS_STATIC=1
leaves load_module out.  TEST_KEEP=1 keeps the directory; TEST_VERBOSE_LOG=1
prints error.log when a test fails.

=cut

use strict;
use warnings;

use COS::Journal;
use COS::Server;
use COS::Signature;
use COS::Store;
use Test::COS::HTTP;
use Test::COS::Nginx;
use Test::COS::Process;

use Exporter qw/ import /;
use Fcntl qw/ :flock /;
use File::Basename qw/ dirname /;
use File::Path qw/ make_path remove_tree /;
use File::Spec;
use File::Temp ();
use IO::Socket::INET;
use Test::More ();
use Time::HiRes qw/ sleep time /;

our @ISA = qw/ Test::COS::Nginx /;
our @EXPORT = qw/ http http_get http_head http_put http_post http_delete
	http_request http_connect SECRET_ID SECRET_KEY /;

use constant SECRET_ID => 'AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0001';
use constant SECRET_KEY => 'ExampleSecretKeyForUnitTests0001';

my $current;

# whatever the shell has set is no business of the tests
delete @ENV{grep { /\A(?:TENCENTCLOUD_|TKE_)/ || /\A(?:https?|all|no)_proxy\z/i }
	keys %ENV};

$SIG{$_} = sub { die "interrupted\n" } for qw/ INT TERM HUP /;

###############################################################################

sub new {
	my ($class, %opt) = @_;

	my $self = bless { pid => $$, level => 'info', globals => '', env => {},
		cos => {}, secrets => {}, daemons => [], alerts_ok => [], %opt },
		$class;

	my $seconds = $opt{timeout} || 120;
	$SIG{ALRM} = sub { die "the test took more than $seconds s\n" };
	alarm $seconds;

	$self->{dir} = File::Temp::tempdir('nginx-cos-test-XXXXXX', TMPDIR => 1);
	$self->_claim_ports;
	$current = $self;

	return $self;
}

sub plan {
	my ($self, $n) = @_;
	Test::More::plan(tests => $n + 3);
	$self->{planned} = 1;
	return $self;
}

sub skip_all {
	my ($self, $why) = @_;

	# what can be installed has to be there where it counts
	die "$why, needed in CI\n" if ($ENV{CI} || '') eq 'true'
		&& $why =~ /\Ano (?:curl|strace|chromium|prlimit)\b/;

	Test::More::plan(skip_all => $why);
}

# A block of ports belongs to whoever holds the lock on its file.  Below the
# range that the kernel hands out for connections.

sub _claim_ports {
	my ($self) = @_;
	my $tmp = File::Spec->tmpdir;

	for my $try (0 .. 119) {
		my $i = ($$ + $try) % 120;
		open my $fh, '>>', "$tmp/nginx-cos-ports-$i.lock" or next;
		flock $fh, LOCK_EX | LOCK_NB or next;
		my $base = 20000 + $i * 100;
		my @free = grep { IO::Socket::INET->new(Listen => 1,
			LocalAddr => '127.0.0.1', LocalPort => $_, ReuseAddr => 1) }
			map { $base + $_ } 80 .. 84;
		next if @free < 5;
		@$self{qw/ base port_lock /} = ($base, $fh);
		return;
	}
	die "no free ports\n";
}

sub port {
	my ($self, $n) = @_;
	$self = $current unless ref $self;
	$n = 8080 unless defined $n;
	return $n if $n < 8000 || $n > 8099;
	return $self->{base} + $n - 8000;
}

###############################################################################
# the local COS

my @DEFAULT_BUCKETS = (
	{ name => 'images-1250000000', region => 'ap-guangzhou' },
	{ name => 'videos-1250000000', region => 'ap-shanghai' },
);

sub cos {
	my ($self, %opt) = @_;

	my $port = delete $opt{port} || 8081;
	die "there is a COS on port $port\n" if $self->{cos}{$port}
		&& $self->{cos}{$port}{process};

	my $address = delete $opt{address} || '127.0.0.1';
	my $tls = delete $opt{tls};
	if ($tls) {
		$tls = $self->make_ca(names => ['*.cos.ap-guangzhou.myqcloud.com',
			'*.cos.ap-shanghai.myqcloud.com', 'service.cos.myqcloud.com'])
			unless ref $tls;
		@opt{qw/ tls_cert tls_key /} = @$tls{qw/ cert key /};
	}

	my $of = delete $opt{dir} || $port;
	my %conf = (strict => 1, buckets => \@DEFAULT_BUCKETS,
		credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY }],
		%opt, dir => $self->path("cos-$of"));
	make_path($conf{dir});
	for my $cred (@{$conf{credentials}}) {
		$self->{secrets}{$cred->{secret_key}} = 'key';
		$self->{secrets}{$cred->{token}} = 'token' if defined $cred->{token};
	}

	my $server = COS::Server->new(%conf);
	# listening from here on: nobody has to wait for it
	my $listen = COS::Server->listen($address, $self->port($port));
	my $process = Test::COS::Process->fork(sub { $server->run($listen) },
		$self->path("cos-$of/stderr.log"));
	close $listen;

	$self->{cos}{$port} = { server => $server, process => $process,
		dir => $conf{dir}, store => $server->{store}, log => $server->{log} };
	return $self;
}

sub stop_cos {
	my ($self, $port) = @_;
	my $process = delete $self->_cos($port)->{process} or return;
	$process->stop('TERM');
}

sub _cos {
	my ($self, $port) = @_;
	$port = 8081 unless defined $port;
	return $self->{cos}{$port} || die "no COS on port $port\n";
}

sub store { return $_[0]->_cos($_[1])->{store} }

sub store_put {
	my ($self, $bucket, $key, $content, %headers) = @_;
	return $self->store->put($bucket, $key, $content, %headers);
}

sub store_get {
	my ($self, $bucket, $key) = @_;
	my ($meta, $fh) = $self->store->open_object($bucket, $key);
	return undef unless $meta;
	local $/;
	my $content = readline $fh;
	return defined $content ? $content : '';
}

sub journal { return $_[0]->_cos($_[1])->{log}->entries }
sub journal_take { return $_[0]->_cos($_[1])->{log}->take }
sub journal_clear { return $_[0]->_cos($_[1])->{log}->clear }

sub control {
	my ($self, $control, $port) = @_;
	# the same rules given again count from zero
	$self->_cos($port)->{log}->set_control({ %{$control || {}},
		generation => ++$self->{generation} });
	for my $cred (@{($control || {})->{credentials} || []}) {
		$self->{secrets}{$cred->{secret_key}} = 'key';
		$self->{secrets}{$cred->{token}} = 'token' if defined $cred->{token};
	}
	return $self;
}

###############################################################################
# files and waiting

sub testdir { return $_[0]{dir} }

sub path {
	my ($self, $name) = @_;
	return File::Spec->file_name_is_absolute($name) ? $name
		: "$self->{dir}/$name";
}

sub write_file {
	my ($self, $name, $text) = @_;
	my $path = $self->path($name);
	make_path(dirname($path));
	open my $fh, '>:raw', $path or die "cannot write $path: $!\n";
	print {$fh} $text;
	close $fh or die "cannot write $path: $!\n";
	return $path;
}

sub read_file {
	my ($self, $name) = @_;
	open my $fh, '<:raw', $self->path($name) or return '';
	local $/;
	my $text = readline $fh;
	return defined $text ? $text : '';
}

sub error_log { return $_[0]->read_file('error.log') }
sub access_log { return $_[0]->read_file('access.log') }
sub stderr_log { return $_[0]->read_file('stderr.log') }

# True when the sub is; -1 from it gives up.

sub wait_until {
	my ($self, $code, $seconds) = @_;
	my $until = time() + ($seconds || 5);
	while (1) {
		my $value = $code->();
		return 0 if $value && $value eq '-1';
		return $value if $value;
		return 0 if time() > $until;
		sleep 0.005;
	}
}

sub waitforfile {
	my ($self, $name, $seconds) = @_;
	return $self->wait_until(sub { -e $self->path($name) }, $seconds);
}

sub waitforsocket {
	my ($self, $port, $seconds) = @_;
	return $self->wait_until(sub { IO::Socket::INET->new(PeerAddr =>
		'127.0.0.1', PeerPort => $self->port($port)) ? 1 : 0 }, $seconds);
}

sub waitforlog {
	my ($self, $re, $seconds) = @_;
	return $self->wait_until(sub { $self->error_log =~ $re }, $seconds);
}

sub run_daemon {
	my ($self, $code) = @_;
	my $process = Test::COS::Process->fork($code,
		$self->path('daemon-stderr.log'));
	push @{$self->{daemons}}, $process;
	return $process;
}

sub make_ca {
	my ($self, @args) = @_;
	require Test::COS::TLS;
	return Test::COS::TLS::make($self->{dir}, @args);
}

###############################################################################
# HTTP

sub http_connect {
	my (%opt) = @_;
	return Test::COS::HTTP->new(
		(map { exists $opt{$_} ? ($_ => $opt{$_}) : () }
			qw/ address tls sni timeout /),
		port => $current ? $current->port($opt{port}) : $opt{port});
}

sub http {
	my ($raw, %opt) = @_;
	my $c = $opt{conn} || http_connect(%opt);
	$c->send($raw);
	my ($method) = $raw =~ /\A(\S+)/;
	my @res = map { $c->read_response(method => $method, %opt) }
		1 .. $opt{count} || 1;
	$c->close unless $opt{conn};
	return $opt{count} ? @res : $res[0];
}

sub http_request {
	my (%a) = @_;

	my $uri = $a{uri};
	my @headers = ref $a{headers} eq 'ARRAY' ? @{$a{headers}}
		: map { my $n = $_; my $v = $a{headers}{$n};
			map { [$n, $_] } ref $v ? @$v : $v }
			sort keys %{$a{headers} || {}};
	my %has = map { lc $_->[0] => 1 } @headers;

	unshift @headers, ['Host', defined $a{host} ? $a{host} : 'localhost']
		unless $has{host} || exists $a{host} && !defined $a{host};
	my $length = ref $a{body} ? $a{length}
		: defined $a{body} ? length $a{body} : undef;
	push @headers, ['Content-Length', $length]
		if defined $length && !$a{chunked} && !$has{'content-length'};
	push @headers, ['Expect', '100-continue'] if $a{wait_continue};

	if (my $sign = $a{sign} || $a{presign}) {
		my %s = (secret_id => SECRET_ID, secret_key => SECRET_KEY,
			ref $sign ? %$sign : ());
		if ($a{sign}) {
			push @headers, ['x-cos-security-token', $s{token}]
				if defined $s{token};
			push @headers, ['Authorization', COS::Signature::sign(%s,
				method => $a{method} || 'GET', target => $uri,
				headers => \@headers)->{authorization}];
			_own_signature($headers[-1][1]);
		} else {
			$uri = COS::Signature::presign(
				header_list => ['host'], %s, method => $a{method} || 'GET',
				target => $uri, headers => \@headers);
			_own_signature($uri);
		}
	}

	push @headers, ['Connection', $a{connection} || 'close']
		unless $has{connection} || $a{conn};

	my $c = $a{conn} || http_connect(%a);
	$c->request(%a, uri => $uri, headers => \@headers);
	my $res = $c->read_response(%a);
	$c->close unless $a{conn};
	return $res;
}

# What a client sends is its own to log.

sub _own_signature {
	my ($text) = @_;
	$current->{own}{$1} = 1
		if $current && $text =~ /q-signature(?:=|%3D)([0-9a-f]{40})/;
}

sub http_get {
	my ($uri, %headers) = @_;
	return http_request(uri => $uri, headers => \%headers);
}

sub http_head {
	my ($uri, %headers) = @_;
	return http_request(method => 'HEAD', uri => $uri, headers => \%headers);
}

sub http_delete {
	my ($uri, %headers) = @_;
	return http_request(method => 'DELETE', uri => $uri,
		headers => \%headers);
}

sub http_put {
	my ($uri, $body, %headers) = @_;
	return http_request(method => 'PUT', uri => $uri, body => $body,
		headers => \%headers);
}

sub http_post {
	my ($uri, $body, %headers) = @_;
	return http_request(method => 'POST', uri => $uri, body => $body,
		headers => \%headers);
}

###############################################################################
# the end

sub secret {
	my ($self, @text) = @_;
	$self->{secrets}{$_} = 'key' for @text;
	return $self;
}

sub allow_tokens_in_log {
	my ($self) = @_;
	$self->{tokens_ok} = 1;
	return $self;
}

sub allow_alerts {
	my ($self, $re) = @_;
	push @{$self->{alerts_ok}}, $re;
	return $self;
}

sub _alerts {
	my ($self) = @_;
	my @lines = grep { /\[(?:alert|emerg)\]/ } split /^/m, $self->error_log;
	for my $re (@{$self->{alerts_ok}}) {
		@lines = grep { !/$re/ } @lines;
	}
	return join '', @lines;
}

# The lines that have something secret in them, without showing it.

sub _leaks {
	my ($self) = @_;

	my %secret = %{$self->{secrets}};
	if ($self->{tokens_ok}) {
		delete $secret{$_} for grep { $secret{$_} eq 'token' } keys %secret;
	} else {
		for my $cos (values %{$self->{cos}}) {
			for my $entry (($cos->{log}->entries)[-500 .. -1]) {
				next unless $entry && ($entry->{source} || '') eq 'header';
				for my $h (@{$entry->{headers}}) {
					$secret{$1} = 'signature' if lc $h->[0] eq 'authorization'
						&& $h->[1] =~ /q-signature=([0-9a-f]{40})/;
				}
			}
		}
	}
	delete @secret{'', keys %{$self->{own} || {}}};
	return '' unless %secret;

	my $any = join '|', map { quotemeta } sort keys %secret;
	my $leaks = '';
	for my $name (qw/ error.log access.log stderr.log /) {
		my $text = $self->read_file($name);
		next unless $text =~ /$any/;
		for my $line (split /^/m, $text) {
			next unless $line =~ s/($any)/<$secret{$1}>/g;
			$leaks .= "$name: $line";
		}
	}
	return $leaks;
}

sub _finish {
	my ($self, $died) = @_;

	eval { $self->stop; 1 } or Test::More::diag("stopping nginx: $@");
	$_->stop('TERM') for @{$self->{daemons}};
	for my $cos (values %{$self->{cos}}) {
		$cos->{process}->stop('TERM') if $cos->{process};
	}
	Test::COS::Process::kill_users($self->{dir});

	if ($self->{planned}) {
		Test::More::is($self->_alerts, '', 'no alerts');
		my ($san) = join('', $self->stderr_log, $self->error_log)
			=~ /^(.*(?:Sanitizer|: runtime error:).*)$/m;
		Test::More::is($san, undef, 'no sanitizer errors');
		Test::More::is($self->_leaks, '', 'no secrets in logs');
	}

	my $failed = $died || !Test::More->builder->is_passing;
	for my $port (sort keys %{$self->{cos}}) {
		my $text = $self->read_file($self->{cos}{$port}{dir} . '/stderr.log');
		Test::More::diag("local COS on $port: $text") if $text ne '';
	}
	if ($failed && $ENV{TEST_VERBOSE_LOG}) {
		for my $name (qw/ error.log stderr.log /) {
			Test::More::diag("--- $name\n" . $self->read_file($name));
		}
	}

	if ($ENV{TEST_KEEP}) {
		Test::More::diag("kept $self->{dir}");
	} else {
		remove_tree($self->{dir});
	}
}

END {
	if ($current && $current->{pid} == $$) {
		my $status = $?;
		alarm 0;
		$SIG{$_} = 'IGNORE' for qw/ INT TERM HUP /;
		my $self = $current;
		$current = undef;
		$self->_finish($status);
		$? = $status;
	}
}

1;
