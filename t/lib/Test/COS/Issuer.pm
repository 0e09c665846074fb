package Test::COS::Issuer;

=head1 NAME

Test::COS::Issuer - issuers of temporary credentials for Test::COS

=head1 SYNOPSIS

 use Test::COS; use Test::COS::Issuer;

 my $t = Test::COS->new()->plan(2);
 $t->cos();
 $t->issuer(life => 5, roles => ['cos-gateway']);	# 127.0.0.1:8089
 ...
 is(scalar $t->issuer_journal(undef, 'metadata'), 1, 'one fetch');
 $t->issuer_control({ rules => [{ action => 'metadata', status => 500,
     times => 3 }] });

=head1 METHODS

Added to Test::COS.  The port is 8089 unless it is given.

 issuer(%options)   starts one, see COS::Issuer for the options.  port => 8089,
                    tls => 1 (127.0.0.1, localhost, sts.tencentcloudapi.com),
                    'expired', 'wrong_name', 'unknown_ca', or a hash of
                    make_ca.  By default the caller of STS is SECRET_ID
 issuer_url($port)  http://127.0.0.1:20089, the port being the real one
 issuer_ca($port)   file name of the CA that a client should trust
 issuer_journal($port, $action)    requests so far, all or those of an action
 issuer_journal_clear($port)
 issuer_control({ ... }, $port)    settings and rules, which replace those
                    before; refuse => 1 stops listening until the next call
 issuer_control()   normal again
 stop_issuer($port)
 issued($port)      credentials of all issuers or of one, in order: secret_id
                    secret_key token expires valid_until started action role
                    n port
 tc3_request(%a)    a signed request to STS: action, params => { } or body,
                    secret_id, secret_key, token, signed => [headers],
                    timestamp, headers => { replaced; undef: left out }, and
                    what http_request takes

What has been issued is known to every local COS of the test at once, and must
not be in a log.

=cut

use strict;
use warnings;

use COS::Issued;
use COS::Issuer;
use COS::STS;
use COS::TC3;
use Test::COS ();
use Test::COS::Process;

use File::Basename qw/ dirname /;
use File::Path qw/ make_path /;
use JSON::PP ();

use constant PORT => 8089;

my @METHODS = qw/ issuer issuer_url issuer_ca issuer_journal issuer_control
	issuer_journal_clear stop_issuer issued tc3_request /;

{
	no strict 'refs';
	*{"Test::COS::$_"} = \&$_ for @METHODS;
}

# A local COS and the check for secrets in logs know of what was issued.
# control() of a test replaces the whole control file, so it is not there.

{
	no warnings 'redefine';

	my $configured = \&COS::Server::_credential;
	*COS::Server::_credential = sub {
		my ($server, $control, $id) = @_;
		my $cred = $configured->(@_);
		return $cred if $cred
			|| grep { $_ eq $id } @{$control->{revoked} || []};
		return COS::Issued->new(dirname($server->{dir}))->find($id);
	};

	my $leaks = \&Test::COS::_leaks;
	*Test::COS::_leaks = sub {
		my ($t) = @_;
		_collect_secrets($t);
		return $leaks->(@_);
	};
}

###############################################################################

sub issuer {
	my ($t, %opt) = @_;

	my $port = delete $opt{port} || PORT;
	die "there is a server on port $port\n" if $t->{cos}{$port}
		&& $t->{cos}{$port}{process};

	my $tls = delete $opt{tls};
	$tls = _certificate($t, $port, $tls) if $tls && !ref $tls;
	@opt{qw/ tls_cert tls_key /} = @$tls{qw/ cert key /} if $tls;

	my %conf = (callers => [{ secret_id => Test::COS::SECRET_ID(),
		secret_key => Test::COS::SECRET_KEY() }],
		%opt, dir => $t->path("issuer-$port"),
		issued => COS::Issued->new($t->{dir}));
	$conf{web_identity_token_file} = $t->path($conf{web_identity_token_file})
		if defined $conf{web_identity_token_file};
	make_path($conf{dir});

	for my $cred (@{$conf{callers}}) {
		$t->{secrets}{$cred->{secret_key}} = 'key';
		$t->{secrets}{$cred->{token}} = 'token' if defined $cred->{token};
	}
	$t->secret(grep { length >= 8 } values %{$conf{require} || {}});

	# beside the local COSes: stopped and looked after like them
	my $server = COS::Issuer->new(%conf);
	$t->{cos}{$port} = { server => $server, dir => $conf{dir},
		log => $server->{log}, issuer => 1, ca => $tls && $tls->{ca} };
	_start($t, $port);

	return $t;
}

sub _start {
	my ($t, $port) = @_;
	my $issuer = _issuer($t, $port);
	my $server = $issuer->{server};
	my $listen = COS::Server->listen('127.0.0.1', $t->port($port));
	$issuer->{process} = Test::COS::Process->fork(
		sub { $server->run($listen) }, "$issuer->{dir}/stderr.log");
	close $listen;
}

# The files of each port are its own: a local COS may have those of the
# default name.

sub _certificate {
	my ($t, $port, $kind) = @_;

	my @names = qw/ 127.0.0.1 localhost sts.tencentcloudapi.com /;
	my %opt = (name => "issuer-$port", names => \@names);
	return $t->make_ca(%opt) if $kind eq '1';
	return $t->make_ca(%opt, expired => 1) if $kind eq 'expired';
	return $t->make_ca(%opt, names => ['wrong.example'])
		if $kind eq 'wrong_name';
	die "tls => $kind?\n" unless $kind eq 'unknown_ca';

	# issued well, by an authority that nobody has heard of
	my $known = $t->make_ca(%opt, name => "known-$port");
	my $dir = $t->path("other-ca-$port");
	make_path($dir);
	return { %{Test::COS::TLS::make($dir, %opt)}, ca => $known->{ca} };
}

sub _issuer {
	my ($t, $port) = @_;
	$port = PORT unless defined $port;
	my $issuer = $t->{cos}{$port};
	die "no issuer on port $port\n" unless $issuer && $issuer->{issuer};
	return $issuer;
}

sub issuer_url {
	my ($t, $port) = @_;
	my $issuer = _issuer($t, $port);
	return ($issuer->{server}{tls_cert} ? 'https' : 'http') . '://127.0.0.1:'
		. $t->port(defined $port ? $port : PORT);
}

sub issuer_ca { return _issuer(@_)->{ca} }

sub issuer_journal {
	my ($t, $port, $action) = @_;
	my @entries = _issuer($t, $port)->{log}->entries;
	return @entries unless defined $action;
	return grep { $_->{action} eq $action } @entries;
}

sub issuer_journal_clear { return _issuer(@_)->{log}->clear }

sub issuer_control {
	my ($t, $control, $port) = @_;

	$port = PORT unless defined $port;
	my $issuer = _issuer($t, $port);
	my %control = %{$control || {}};
	my $refuse = delete $control{refuse};
	$control{rules} = [map {
		my %rule = %$_;
		$rule{operation} = delete $rule{action} if defined $rule{action};
		$rule{path_re} = "$rule{path_re}" if ref $rule{path_re};
		\%rule;
	} @{$control{rules} || []}];
	$t->control(\%control, $port);

	if ($refuse) {
		stop_issuer($t, $port);
	} elsif (!$issuer->{process}) {
		_start($t, $port);
	}
	return $t;
}

sub stop_issuer {
	my ($t, $port) = @_;
	my $process = delete _issuer($t, $port)->{process} or return;
	return $process->stop('TERM');
}

sub issued {
	my ($t, $port) = @_;
	my @all = COS::Issued->new($t->{dir})->all;
	return @all unless defined $port;
	return grep { $_->{port} == $t->port($port) } @all;
}

sub tc3_request {
	my ($t, %a) = @_;

	my $port = defined $a{port} ? $a{port} : PORT;
	my $body = defined $a{body} ? $a{body}
		: JSON::PP->new->utf8->canonical->encode($a{params} || {});
	my $timestamp = defined $a{timestamp} ? $a{timestamp} : time();

	my %h = (Host => '127.0.0.1:' . $t->port($port),
		'Content-Type' => 'application/json', 'X-TC-Action' => $a{action},
		'X-TC-Version' => '2018-08-13', 'X-TC-Region' => 'ap-guangzhou',
		'X-TC-Timestamp' => $timestamp,
		defined $a{token} ? ('X-TC-Token' => $a{token}) : ());
	my @headers = map { [$_, $h{$_}] } sort keys %h;
	$h{Authorization} = COS::TC3::tc3_sign(
		secret_id => Test::COS::SECRET_ID(),
		secret_key => Test::COS::SECRET_KEY(), %a, headers => \@headers,
		body => $body, timestamp => $timestamp)->{authorization};
	%h = (%h, %{$a{headers} || {}});

	return Test::COS::http_request(%a, sign => undef, port => $port,
		uri => '/', method => 'POST', body => $body, headers => [
			map { [$_, $h{$_}] } grep { defined $h{$_} } sort keys %h]);
}

###############################################################################

sub _collect_secrets {
	my ($t) = @_;

	for my $cred (issued($t)) {
		$t->{secrets}{$cred->{secret_key}} = 'key';
		$t->{secrets}{$cred->{token}} = 'token';
	}
	for my $issuer (grep { $_->{issuer} } values %{$t->{cos}}) {
		for my $entry ($issuer->{log}->entries) {
			my $token = ($entry->{params} || {})->{WebIdentityToken};
			$t->{secrets}{$token} = 'key' if defined $token && !ref $token;
			for my $h (@{$entry->{headers} || []}) {
				$t->{secrets}{$1} = 'signature'
					if lc $h->[0] eq 'authorization'
					&& $h->[1] =~ /Signature=([0-9a-f]{64})/;
			}
		}
	}
}

1;
