package COS::Server;

# A local COS: verifies every signature, keeps objects on disk, writes down
# every request, and fails when told to.
#
# Configuration (the JSON of local-cos --config, or arguments of new()):
#
#   dir          where everything is kept
#   credentials  [{ secret_id, secret_key, token, expires }]
#   buckets      [{ name, region, hosts, path_hosts, strict, public_read,
#                   path_style }]
#                hosts: further Host templates, with {Bucket} {BucketName}
#                {AppId} {Region}; path_hosts: the same for path style
#   strict       default of the buckets' strict
#   clock_offset seconds added to the clock
#   max_skew     allowed difference of a Date header, 900
#   max_head     limit of a request head, 65536
#   idle         seconds an idle connection is kept, 65
#   min_part     smallest part but the last, 0 (COS: 1048576)
#   journal      0 turns the journal off
#   tls_cert, tls_key

#
# control.json in the directory changes what it does from then on (see
# COS::Journal): clock_offset; revoked, a list of access key ids; credentials,
# which come before the configured ones; locked, what keys contain that cannot
# be deleted with others; rules, of which the first that fits a
# request is obeyed:
#
#   method path_re operation bucket    what it fits; none fits everything
#   skip times                         not the first, and only so many
#   status code message body headers   answer so; headers alone: add these
#   expire                             answer as if the signature had expired
#   close_early drop                   close before or after reading the body
#   close_after: N                     close after N bytes of the answer's body
#   stall: S, stall_body_after: N      wait before the answer, or within it
#   close                              the last request of the connection

use strict;
use warnings;

use COS::Connection;
use COS::Journal;
use COS::Operations;
use COS::Signature qw/ http_time split_target parse_query /;
use COS::Store;
use COS::XML qw/ el xml_doc /;

use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw/ encode_base64 /;
use POSIX qw/ :sys_wait_h /;
use Socket qw/ IPPROTO_TCP TCP_NODELAY /;
use Time::HiRes ();

my $DRAIN = 1048576;

my @HOSTS = map { my $d = $_; map { "{Bucket}.$_.$d" }
	'cos.{Region}', 'cos.accelerate', 'cos-internal.{Region}' }
	qw/ myqcloud.com tencentcos.cn /;
my @PATH_HOSTS = qw/ cos.{Region}.myqcloud.com cos.{Region}.tencentcos.cn /;
my %SERVICE = map { $_ => 1 } qw/ service.cos.myqcloud.com
	service.cos.tencentcos.cn /;

sub new {
	my ($class, %conf) = @_;

	my $self = bless { clock_offset => 0, journal => 1, buckets => [],
		credentials => [], %conf }, $class;
	die "no directory\n" unless defined $self->{dir};

	$self->{store} = COS::Store->new($self->{dir});
	$self->{log} = COS::Journal->new($self->{dir});
	$self->{hosts} = {};
	$self->{path_hosts} = { map { $_ => {} } keys %SERVICE };
	$self->_add_bucket($_) for @{$self->{buckets}};

	return $self;
}

sub _add_bucket {
	my ($self, $in) = @_;

	my $bucket = { strict => $self->{strict}, %$in };
	my ($short, $appid) = $bucket->{name} =~ /\A([a-z0-9-]+)-(\d+)\z/
		or die "bucket $bucket->{name} is not NAME-APPID\n";
	die "bucket $bucket->{name} has no region\n"
		unless defined $bucket->{region};

	my %fill = (Bucket => $bucket->{name}, BucketName => $short,
		AppId => $appid, Region => $bucket->{region});
	my $fill = sub { my ($s) = @_; $s =~ s/\{(\w+)\}/
		defined $fill{$1} ? $fill{$1} : ''/ge; lc $s };

	$self->{hosts}{$fill->($_)} = $bucket
		for @HOSTS, @{$bucket->{hosts} || []};
	$self->{path_hosts}{$fill->($_)}{$bucket->{name}} = $bucket
		for @PATH_HOSTS, @{$bucket->{path_hosts} || []};
	$self->{bucket}{$bucket->{name}} = $bucket;
	$self->{store}->create_bucket($bucket->{name});
}

###############################################################################

sub listen {
	my ($class, $address, $port) = @_;
	my $socket = IO::Socket::INET->new(LocalAddr => $address,
		LocalPort => $port, Proto => 'tcp', Listen => 511, ReuseAddr => 1)
		or die "cannot listen on $address:$port: $!\n";
	return $socket;
}

# Serves until SIGTERM or SIGINT; one process per connection.

sub run {
	my ($self, $listen) = @_;

	my ($stop, %children) = (0);
	local $SIG{TERM} = sub { $stop = 1 };
	local $SIG{INT} = $SIG{TERM};
	local $SIG{PIPE} = 'IGNORE';
	local $SIG{CHLD} = sub { };	# makes accept() return
	$self->{port} = $listen->sockport;
	$self->_tls_context if $self->{tls_cert};

	my $mask = POSIX::SigSet->new(POSIX::SIGTERM, POSIX::SIGINT);
	my $reap = sub {
		while ((my $pid = waitpid -1, WNOHANG) > 0) {
			delete $children{$pid};
		}
	};

	until ($stop) {
		# a signal between the test and accept() costs one timeout
		my $set = '';
		vec($set, fileno $listen, 1) = 1;
		my $ready = select $set, undef, undef, 0.5;
		$reap->();
		next unless $ready > 0;
		my $socket = $listen->accept or next;

		POSIX::sigprocmask(POSIX::SIG_BLOCK, $mask);
		my $pid = fork;
		if (defined $pid && !$pid) {
			$SIG{$_} = 'DEFAULT' for qw/ TERM INT CHLD /;
			POSIX::sigprocmask(POSIX::SIG_UNBLOCK, $mask);
			close $listen;
			eval { $self->connection($socket); 1 }
				or print STDERR "local-cos: $@";
			POSIX::_exit(0);
		}
		POSIX::sigprocmask(POSIX::SIG_UNBLOCK, $mask);
		$children{$pid} = 1 if defined $pid;
		close $socket;
	}

	kill 'TERM', $_ for keys %children;
	waitpid $_, 0 for keys %children;
}

sub _tls_context {
	my ($self) = @_;
	require IO::Socket::SSL;
	# made before fork(), for the children share its session ticket keys
	$self->{tls_ctx} = IO::Socket::SSL::SSL_Context->new(
		SSL_server => 1, SSL_cert_file => $self->{tls_cert},
		SSL_key_file => $self->{tls_key},
		SSL_session_id_context => 'local-cos')
		or die "cannot use the certificate: "
			. IO::Socket::SSL::errstr() . "\n";
}

sub connection {
	my ($self, $socket) = @_;

	srand;
	setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
	my $peer = $socket->peerport;
	my $sni;

	if ($self->{tls_ctx}) {
		IO::Socket::SSL->start_SSL($socket, SSL_server => 1,
			SSL_reuse_ctx => $self->{tls_ctx}, Timeout => 30) or return;
		$sni = $socket->get_servername;
	}

	my $c = COS::Connection->new($socket, tls => $self->{tls_ctx},
		map { defined $self->{$_} ? ($_ => $self->{$_}) : () }
			qw/ max_head idle /);
	my $id = sprintf '%x-%d', $$, $peer || 0;
	my $req;

	while ($req = $c->read_request) {
		@$req{qw/ conn peer_port tls_sni /} = ($id, $peer, $sni);
		$self->request($c, $req);
		last if $req->{close} || $c->{dead};
	}
	$c->linger if $req && !$req->{body_done};
	$c->close;
}

###############################################################################

sub now {
	my ($self, $req) = @_;
	return int(Time::HiRes::time()) + $self->{clock_offset}
		+ ($req->{control}{clock_offset} || 0);
}

sub request {
	my ($self, $c, $req) = @_;

	$req->{control} = $self->{log}->read_control;
	$req->{request_id} = encode_base64(COS::Store::unique_id(), '');
	$req->{request_id} =~ tr/=//d;
	$req->{now} = $self->now($req);

	if ($req->{bad}) {
		$req->{close} = 1;
		$req->{body_done} = 1;
		$req->{method} = 'GET' unless defined $req->{method};
		$req->{target} = '' unless defined $req->{target};
		return $self->error($c, $req, $req->{bad}, 'InvalidRequest',
			'The request cannot be understood');
	}

	my $wrong = $self->_locate($req);
	$self->_authenticate($req);

	my $fault = $self->{log}->rule($req->{control}, $req);
	return if $fault && $self->_fail($c, $req, $fault);

	# a framing or duplicate problem comes before everything else
	my $auth = $req->{auth};
	my $refuse = sub { $self->error($c, $req, @$auth{
		qw/ status code message /}) };
	return $refuse->() if !$auth->{ok} && $auth->{status} == 400
		&& !$auth->{secret_id};
	return $self->error($c, $req, @$wrong) if $wrong;
	return $refuse->() unless $auth->{ok};

	eval { COS::Operations::perform($self, $c, $req); 1 } or do {
		my $why = $@;
		print STDERR "local-cos: $why";
		$req->{close} = 1;
		$self->error($c, $req, 500, 'InternalError',
			'We encountered an internal error. Please try again.')
			unless $req->{answered};
	};
}

# Host and path -> bucket and key; what is wrong with them, if anything

sub _locate {
	my ($self, $req) = @_;

	my $host = $req->{h}{host} ? $req->{h}{host}[0] : '';
	$req->{host} = $host;
	(my $name = lc $host) =~ s/:\d+\z//;
	my ($path, $query) = split_target($req->{target});
	my $params = parse_query($query);

	return [400, 'InvalidURI', "Couldn't parse the URI"]
		unless defined $path && $path =~ m!^/! && $params;
	$req->{params} = [grep { !COS::Signature::is_auth_param($_->[0])
		&& lc $_->[0] ne 'x-cos-security-token' } @$params];
	return [400, 'InvalidRequest', 'Missing Host'] if $host eq '';

	my $bucket = $self->{hosts}{$name};
	my $key = substr $path, 1;
	my $wrong;

	if (!$bucket && (my $buckets = $self->{path_hosts}{$name})) {
		if ($path eq '/') {
			$req->{service} = 1;
			$req->{key} = '';
			($req->{operation}, $wrong) = COS::Operations::classify($req);
			return $wrong;
		}
		return [403, 'PathStyleDomainForbidden',
			'The bucket must be addressed using COS virtual-styled domain.']
			if $SERVICE{$name};
		($bucket, $key) = $key =~ m!\A([^/]*)/?(.*)\z!s;
		$bucket = $buckets->{$bucket};
		return [404, 'NoSuchBucket', 'The specified bucket does not exist.']
			unless $bucket;
		$wrong = [403, 'PathStyleDomainForbidden',
			'The bucket must be addressed using COS virtual-styled domain.']
			unless $bucket->{path_style};
	}

	return [404, 'NoSuchBucket', 'The specified bucket does not exist.']
		unless $bucket;

	@$req{qw/ bucket bucket_conf key /} = ($bucket->{name}, $bucket, $key);
	($req->{operation}, my $bad) = COS::Operations::classify($req);

	return $wrong || $bad || (length $key > 850 ? [400, 'KeyTooLong',
		'The specified key is too long.'] : undef);
}

sub _credential {
	my ($self, $control, $id) = @_;
	return undef if grep { $_ eq $id } @{$control->{revoked} || []};
	my ($cred) = grep { $_->{secret_id} eq $id }
		@{$control->{credentials} || []}, @{$self->{credentials}};
	return $cred;
}

sub _authenticate {
	my ($self, $req) = @_;

	my $conf = $req->{bucket_conf} || {};
	my $strict = $req->{bucket} ? $conf->{strict} : $self->{strict};
	# as with the real one: a form cannot be signed that way
	$strict = 0 if ($req->{operation} || '') eq 'PostObject';
	my $auth = COS::Signature::verify(
		method => $req->{method}, target => $req->{target},
		headers => $req->{headers}, now => $req->{now},
		strict => $strict,
		max_skew => $self->{max_skew},
		credential => sub { $self->_credential($req->{control}, @_) });
	$req->{auth} = $auth;
	$req->{verified} = $auth->{ok};

	# without any signature some things are allowed all the same
	return if $auth->{ok} || $auth->{signed}
		|| $auth->{code} ne 'AccessDenied';
	$auth->{ok} = 1 if COS::Operations::public($self, $req);
}

# true when the fault was the whole answer

sub _fail {
	my ($self, $c, $req, $fault) = @_;

	if ($fault->{close_early} || $fault->{drop}) {
		$c->discard_body($req, 1e12) if !$fault->{close_early};
		$req->{close} = $c->{abrupt} = $req->{answered} = 1;
		$req->{body_done} = 1;
		$self->record($req, 0, $fault->{drop} ? 'drop' : 'close_early');
		Time::HiRes::sleep($fault->{stall}) if $fault->{stall};
		return 1;
	}
	$req->{close} = 1 if $fault->{close};

	$req->{fault} = $fault;

	if ($fault->{expire}) {
		$self->error($c, $req, 403, 'AccessDenied', 'Request has expired',
			server_time => 1);
		return 1;
	}

	my $status = $fault->{status};
	return 0 unless $status || $fault->{code};
	$status ||= 503;

	$c->discard_body($req, 1e12);
	if (defined $fault->{body}) {
		$self->answer($c, $req, $status, [], $fault->{body});
	} else {
		$self->error($c, $req, $status, $fault->{code} || 'InternalError',
			$fault->{message} || 'Told to fail');
	}
	return 1;
}

###############################################################################

sub answer {
	my ($self, $c, $req, $status, $headers, $body, $code) = @_;

	# an upload that nobody asked for still has to be read
	if (!$req->{body_done}) {
		$c->discard_body($req, ($req->{length} || 0) > $DRAIN ? 0 : $DRAIN);
	}

	$req->{answered} = 1;
	$self->record($req, $status, $code);
	if (my $more = ($req->{fault} || {})->{headers}) {
		my %replaced = map { lc $_ => 1 } keys %$more;
		$headers = [(grep { !$replaced{lc $_->[0]} } @$headers),
			map { [$_, $more->{$_}] } sort keys %$more];
	}
	return $c->respond($req, $status, [
		['Server', 'tencent-cos'],
		['Date', http_time($self->now($req))],
		['x-cos-request-id', $req->{request_id}],
		@$headers,
	], defined $body ? $body : '');
}

sub xml {
	my ($self, $c, $req, $status, $markup, @headers) = @_;
	return $self->answer($c, $req, $status,
		[['Content-Type', 'application/xml'], @headers], xml_doc($markup));
}

sub error {
	my ($self, $c, $req, $status, $code, $message, %more) = @_;

	my $auth = $req->{auth} || {};
	my $trace = encode_base64("trace $req->{request_id}", '');
	my $host = defined $req->{host} ? $req->{host} : '';
	my ($path) = $req->{target} =~ /\A([^?]*)/;

	my $xml = el('Code', $code) . el('Message', $message);
	$xml .= el('StringToSign', $auth->{string_to_sign})
		. el('FormatString', $auth->{http_string})
		if $auth->{show_strings} && $code eq $auth->{code};
	$xml .= el('Resource', $host . $path)
		. el('RequestId', $req->{request_id}) . el('TraceId', $trace);
	$xml .= el('ServerTime', _iso_time($req->{now}))
		if $more{server_time} || $code eq ($auth->{code} || '')
			&& defined $auth->{server_time};
	$xml .= el('ArgumentName', $more{argument}) if defined $more{argument};

	return $self->answer($c, $req, $status, [
		['Content-Type', 'application/xml'],
		['x-cos-trace-id', $trace], @{$more{headers} || []},
	], xml_doc(el('Error', \$xml)), $code);
}

sub _iso_time {
	my ($s, $m, $h, $d, $mon, $y) = gmtime $_[0];
	return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $y + 1900, $mon + 1, $d,
		$h, $m, $s;
}

sub record {
	my ($self, $req, $status, $code) = @_;

	return unless $self->{journal};
	my $auth = $req->{auth} || {};
	my $key = $req->{key};
	my ($hex, $text);
	if (defined $key) {
		$hex = unpack 'H*', $key;
		my $copy = $key;
		$text = utf8::decode($copy) ? $key : $hex;
	}

	$self->{log}->add({
		time => Time::HiRes::time(), key => $text, key_hex => $hex,
		(map { $_ => $req->{$_} } qw/ conn peer_port tls_sni method target
			host headers bucket operation body_len request_id xml /),
		(map { $_ => $auth->{$_} } qw/ secret_id header_list param_list
			http_string source /),
		verified => $req->{verified} ? JSON::PP::true : JSON::PP::false,
		status => $status, error_code => $code, port => $self->{port},
	});
}

1;
