package COS::Issuer;

# A local issuer of temporary credentials: instance metadata, STS, and
# somebody's sts.php, all on one port.  It checks what it is asked, writes down
# every request, and misbehaves when told to.
#
# Configuration (arguments of new(); those marked * may also be in the control
# or in a rule, where they come before these):
#
#   dir          where the journal and the control file are
#   issued       a COS::Issued
#   callers      [{ secret_id, secret_key, token, expires }]: who may ask STS;
#                what has been issued may, too
# * roles        names of the metadata; [] is "no role", 404
# * keep         metadata gives the same credential as long as it has more than
#                so many seconds to live; a new one each time otherwise
#   paths        where sts.php is: paths, or regexes of them
# * require      { header => value } that sts.php asks for, 401 without
# * role_arn external_id provider_id web_identity_token_file
#                what STS expects (see COS::STS)
# * life         seconds, may be negative; for STS what was asked for by
#                default, 7200 for the others
# * valid        how long it is valid in truth, if that differs
# * known        0: the local COS has not heard of it
# * token_size   bytes, 256
# * clock_offset added to the clock (not in rules)
# * what COS::Issuer::Answer takes
#   tls_cert, tls_key
#
# The control file (see COS::Journal) has such settings and rules, of which the
# first that fits a request is obeyed:
#
#   method path_re action              what it fits; none fits everything
#   skip times                         not the first, and only so many
#   status body headers                answer so; headers alone: add these
#   html                               a page (text, or 1), with 200
#   error                              STS Error, a code or { Code, Message }
#   redirect                           302 to this URL; 1: to /redirected/...
#                                      here, which answers like the original
#   drop reset                         close without an answer; with RST
#   stall: S, stall_body_after: N      wait before the answer, or within it
#   drip: S, drip_size: N              wait after each N bytes (1) of the body
#   length                             what Content-Length says: N, '+N', '-N'
#   close_after: N                     close after N bytes of the body
#   chunked no_length                  other framings
#
# Actions: metadata_list, metadata, http (sts.php), those of STS, unknown.
#
# The journal: n time conn peer_port tls_sni port action method target path
# query host headers body params policy verified caller signed_headers role
# status error_code issued expires redirected.

use strict;
use warnings;

use COS::Connection;
use COS::Issued;
use COS::Issuer::Answer;
use COS::Journal;
use COS::Server;
use COS::Signature qw/ http_time split_target parse_query /;
use COS::STS;

use Digest::SHA qw/ sha1_hex /;
use JSON::PP ();
use Socket qw/ SOL_SOCKET SO_LINGER /;
use Time::HiRes ();

our @ISA = qw/ COS::Server /;	# run, listen, connection, now

my $MAX_BODY = 1048576;
my $METADATA = '/latest/meta-data/cam/security-credentials';

sub new {
	my ($class, %conf) = @_;
	my $self = bless { callers => [], roles => ['cos-gateway'],
		paths => ['/sts.php'], clock_offset => 0, %conf }, $class;
	die "no directory\n" unless defined $self->{dir};
	$self->{log} = COS::Journal->new($self->{dir});
	return $self;
}

sub request {
	my ($self, $c, $req) = @_;

	$req->{control} = $self->{log}->read_control;
	my %conf = (%$self, %{$req->{control}});
	$req->{now} = $self->now($req);
	my $id = sha1_hex(join ' ', Time::HiRes::time(), $$, rand);
	$req->{request_id} = join '-', unpack 'a8 a4 a4 a4 a12', $id;
	$req->{action} = 'unknown';

	if ($req->{bad}) {
		$req->{body_done} = $req->{close} = 1;
		$req->{method} = 'GET' unless defined $req->{method};
		$req->{target} = '' unless defined $req->{target};
		return $self->_send($c, $req, $req->{bad}, [], 'Bad request');
	}

	$req->{body} = '';
	while (!$req->{body_done}) {
		my $piece = $c->read_body($req);
		if (!defined $piece || length $req->{body} > $MAX_BODY) {
			$req->{close} = $req->{body_done} = 1;
			return $self->_send($c, $req, 400, [], 'Bad body');
		}
		$req->{body} .= $piece;
	}

	$self->_route($req, \%conf);
	$req->{operation} = $req->{action};
	my $rule = $req->{fault} = $self->{log}->rule($req->{control}, $req)
		|| {};
	%conf = (%conf, %$rule);

	if ($rule->{drop} || $rule->{reset}) {
		$req->{close} = $c->{abrupt} = 1;
		$req->{error_code} = $rule->{drop} ? 'drop' : 'reset';
		$self->record($req, 0);
		Time::HiRes::sleep($rule->{stall}) if $rule->{stall};
		setsockopt $c->{socket}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0
			if $rule->{reset};
		return;
	}

	return if $self->_told($c, $req, $rule);

	my $refuse = $req->{refuse};
	return $self->_error($c, $req, @$refuse) if $refuse;

	if ($req->{action} eq 'metadata_list') {
		return $self->_send($c, $req, 200, [['Content-Type',
			'application/octet-stream']], join "\n", @{$conf{roles}});
	}

	my $form = $req->{action} eq 'metadata' ? 'metadata'
		: $req->{action} eq 'http' ? 'sts_php' : 'sts';
	my $cred = $req->{issued} = $self->_issue($req, \%conf);
	return $self->_send($c, $req, 200, [['Content-Type',
		$form eq 'metadata' ? 'application/octet-stream'
			: 'application/json']],
		COS::Issuer::Answer::text(\%conf, $form, $cred,
			$req->{request_id}));
}

###############################################################################

# Which action it is, and what is wrong with the request

sub _route {
	my ($self, $req, $conf) = @_;

	my ($path, $query) = split_target($req->{target});
	my $params = defined $path ? parse_query($query) : undef;
	if (!$params) {
		$req->{refuse} = [400, 'InvalidURI', 'Bad target'];
		return;
	}
	$req->{host} = $req->{h}{host}[0] if $req->{h}{host};
	$req->{redirected} = 1 if $path =~ s!\A/redirected(?=/)!!;
	@$req{qw/ path query /} = ($path, { map { @$_ } @$params });

	if ($path =~ m!\A\Q$METADATA\E(?:/(.*))?\z!s) {
		my $role = defined $1 ? $1 : '';
		$req->{action} = $role eq '' ? 'metadata_list' : 'metadata';
		$req->{role} = $role if $role ne '';
		$req->{refuse} = $req->{method} ne 'GET'
			? [405, 'MethodNotAllowed', 'Method Not Allowed']
			: $role eq '' && @{$conf->{roles}}
				|| grep({ $_ eq $role } @{$conf->{roles}})
			? undef : [404, 'NotFound', 'Not Found'];

	} elsif (grep { ref $_ ? $path =~ $_ : $path eq $_ } @{$self->{paths}}) {
		$req->{action} = 'http';
		$req->{refuse} = [405, 'MethodNotAllowed', 'Method Not Allowed']
			if $req->{method} ne 'GET';
		for my $name (sort keys %{$conf->{require} || {}}) {
			my $value = join "\0", @{$req->{h}{lc $name} || []};
			$req->{refuse} ||= [401, 'Unauthorized', 'Unauthorized']
				if $value ne $conf->{require}{$name};
		}
		$req->{verified} = !$req->{refuse} if $conf->{require};

	} elsif ($path eq '/' && $req->{method} eq 'POST') {
		my $sts = COS::STS::check($conf, headers => $req->{headers},
			body => $req->{body}, now => $req->{now}, query => $query,
			credential => sub { $self->_caller(@_) });
		@$req{qw/ action verified caller signed_headers params policy
			duration /} = @$sts{qw/ action verified secret_id
			signed_headers params policy duration /};
		$req->{refuse} = [200, @$sts{qw/ code message /}] unless $sts->{ok};
		$req->{sts} = 1;

	} else {
		$req->{refuse} = [404, 'NotFound', 'Not Found'];
	}
}

sub _caller {
	my ($self, $id) = @_;
	my ($cred) = grep { $_->{secret_id} eq $id } @{$self->{callers}};
	return $cred || $self->{issued}->find($id);
}

sub _issue {
	my ($self, $req, $conf) = @_;

	my $now = $req->{now};
	my $life = defined $conf->{life} ? $conf->{life}
		: defined $req->{duration} ? $req->{duration} : 7200;
	my $valid = defined $conf->{valid} ? $conf->{valid} : $life;
	my $make = sub {
		$self->{issued}->issue(started => $now, expires => $now + $life,
			valid_until => $now + $valid, token_size => $conf->{token_size},
			known => defined $conf->{known} && !$conf->{known} ? 0 : 1,
			port => $self->{port}, action => $req->{action},
			role => $req->{role});
	};

	return $make->() unless $req->{action} eq 'metadata'
		&& defined $conf->{keep};
	return $self->{issued}->current("$self->{port} $req->{role}",
		sub { $_[0]{expires} - $conf->{keep} > $now }, $make);
}

###############################################################################

# true when the rule was the whole answer

sub _told {
	my ($self, $c, $req, $rule) = @_;

	if (my $to = $rule->{redirect}) {
		$to = ($self->{tls_ctx} ? 'https' : 'http') . '://'
			. (defined $req->{host} ? $req->{host} : 'localhost')
			. "/redirected$req->{target}" if $to eq '1';
		$self->_send($c, $req, $rule->{status} || 302,
			[['Location', $to]], 'Moved');

	} elsif (my $html = $rule->{html}) {
		$self->_send($c, $req, $rule->{status} || 200,
			[['Content-Type', 'text/html']], $html ne '1' ? $html
				: '<html><head><title>Sign in</title></head><body>'
				. '<form></form></body></html>');

	} elsif (defined $rule->{body}) {
		$self->_send($c, $req, $rule->{status} || 200,
			[['Content-Type', 'application/json']], $rule->{body});

	} elsif (my $error = $rule->{error}) {
		$error = { Code => $error, Message => 'Told to fail' }
			unless ref $error;
		$req->{error_code} = $error->{Code};
		$self->_send($c, $req, $rule->{status} || 200,
			[['Content-Type', 'application/json']],
			JSON::PP->new->utf8->canonical->encode({ Response => {
				Error => $error, RequestId => $req->{request_id} } }));

	} elsif ($rule->{status}) {
		$self->_send($c, $req, $rule->{status},
			[['Content-Type', 'text/plain']], 'Told to fail');

	} else {
		return 0;
	}

	return 1;
}

sub _error {
	my ($self, $c, $req, $status, $code, $message) = @_;

	$req->{error_code} = $code;
	my $json = JSON::PP->new->utf8->canonical;
	return $self->_send($c, $req, $status,
		[['Content-Type', 'application/json']], $json->encode({ Response => {
			Error => { Code => $code, Message => $message },
			RequestId => $req->{request_id} } })) if $req->{sts};
	return $self->_send($c, $req, $status,
		[['Content-Type', 'application/json']], $json->encode({
			code => $code, message => $message }))
		if $req->{action} eq 'http';
	return $self->_send($c, $req, $status, [['Content-Type', 'text/html']],
		"<html><head><title>$status $message</title></head>\n"
		. "<body><h1>$status $message</h1></body></html>\n");
}

# All answers go out here, with what the rule does to them.

sub _send {
	my ($self, $c, $req, $status, $headers, $body) = @_;

	my $f = $req->{fault} || {};
	$body .= ' ' x ($f->{size} - length $body)
		if $f->{size} && $f->{size} > length $body;
	my $length = length $body;
	for my $said (grep { defined } $f->{length}) {
		$length = $said =~ /\A[+-]/ ? $length + $said : $said;
	}
	$req->{close} = 1 if $f->{close} || $f->{no_length}
		|| defined $f->{length} || defined $f->{close_after};

	$self->record($req, $status);
	Time::HiRes::sleep($f->{stall}) if $f->{stall}
		&& !defined $f->{stall_body_after};

	my %more = %{$f->{headers} || {}};
	my %replaced = map { lc $_ => 1 } keys %more;
	my $head = "HTTP/1.1 $status " . COS::Connection::_reason($status)
		. "\r\n";
	$head .= "$_->[0]: $_->[1]\r\n" for
		(grep { !$replaced{lc $_->[0]} } ['Server', 'local-issuer'],
			['Date', http_time($req->{now})], @$headers),
		map { [$_, $more{$_}] } sort keys %more;
	$head .= $f->{chunked} ? "Transfer-Encoding: chunked\r\n"
		: $f->{no_length} ? '' : "Content-Length: $length\r\n";
	$head .= 'Connection: ' . ($req->{close} ? 'close' : 'keep-alive')
		. "\r\n\r\n";

	return $c->send($head) if $req->{method} eq 'HEAD';
	return $c->send($head . $body) unless %$f;
	$c->send($head) or return 0;

	if (defined $f->{close_after}) {
		$body = substr $body, 0, $f->{close_after};
		$c->{abrupt} = 1;
	}
	if ($f->{chunked}) {
		my @pieces = unpack '(a100)*', $body;
		$body = join '', map { sprintf "%x\r\n%s\r\n", length $_, $_ }
			@pieces;
		$body .= "0\r\n\r\n" unless defined $f->{close_after};
	}
	if (defined $f->{stall_body_after}) {
		$c->send(substr $body, 0, $f->{stall_body_after}, '') or return 0;
		Time::HiRes::sleep($f->{stall} || 60);
	}
	if ($f->{drip}) {
		for my $piece (unpack '(a' . ($f->{drip_size} || 1) . ')*', $body) {
			$c->send($piece) or return 0;
			Time::HiRes::sleep($f->{drip});
		}
		return 1;
	}
	return $c->send($body);
}

sub record {
	my ($self, $req, $status) = @_;

	my $cred = $req->{issued} || {};
	$self->{log}->add({
		time => Time::HiRes::time(), status => $status,
		port => $self->{port}, issued => $cred->{secret_id},
		expires => $cred->{expires},
		verified => $req->{verified} ? JSON::PP::true : JSON::PP::false,
		(map { $_ => $req->{$_} } qw/ conn peer_port tls_sni action method
			target path query host headers body params policy caller
			signed_headers role error_code redirected /),
	});
}

1;
