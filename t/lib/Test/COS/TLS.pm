package Test::COS::TLS;

# A certificate authority and server certificates for one test.

use strict;
use warnings;

use Test::COS::Process;

sub _openssl {
	my (@args) = @_;
	my ($status, $text) = Test::COS::Process::output(30, 'openssl', @args);
	die "openssl @args: $text" if $status;
}

sub _key {
	my ($file) = @_;
	_openssl('genpkey', '-algorithm', 'EC', '-pkeyopt',
		'ec_paramgen_curve:P-256', '-out', $file);
	chmod 0600, $file;
}

sub _write {
	my ($file, $text) = @_;
	open my $fh, '>', $file or die "cannot write $file: $!\n";
	print {$fh} $text;
	close $fh or die "cannot write $file: $!\n";
}

# make($dir, names => [...], name => 'server', expired => 1,
#      self_signed => 1) -> { ca, cert, key }

sub make {
	my ($dir, %opt) = (shift, expired => 0, self_signed => 0, @_);

	my @names = @{$opt{names} || ['localhost']};
	my $name = $opt{name} || 'server';
	my ($ca, $ca_key) = ("$dir/ca.crt", "$dir/ca.key");
	my %out = (ca => $ca, cert => "$dir/$name.crt", key => "$dir/$name.key");

	if (!-e $ca) {
		_write("$dir/ca.cnf", "[req]\ndistinguished_name = dn\n"
			. "x509_extensions = ext\nprompt = no\n"
			. "[dn]\nCN = Test CA\n[ext]\nbasicConstraints ="
			. " critical,CA:TRUE\nkeyUsage = critical,keyCertSign\n"
			. "subjectKeyIdentifier = hash\n");
		_key($ca_key);
		_openssl('req', '-x509', '-new', '-key', $ca_key, '-days', 30,
			'-config', "$dir/ca.cnf", '-out', "$ca.tmp");
		rename "$ca.tmp", $ca;
	}

	my $san = join ',', map { /\A\d+(?:\.\d+){3}\z/ || /:/ ? "IP:$_"
		: "DNS:$_" } @names;
	return \%out if -e $out{cert} && -e "$dir/$name.san"
		&& _same("$dir/$name.san", "$san $opt{expired} $opt{self_signed}");

	my $ext = "[req]\ndistinguished_name = dn\nprompt = no\n"
		. "x509_extensions = ext\n[dn]\nCN = test $name\n[ext]\n"
		. "subjectAltName = $san\nbasicConstraints = CA:FALSE\n"
		. "extendedKeyUsage = serverAuth\n";
	_write("$dir/$name.cnf", $ext);
	_key($out{key});

	if ($opt{self_signed}) {
		_openssl('req', '-x509', '-new', '-key', $out{key}, '-days', 30,
			'-config', "$dir/$name.cnf", '-out', $out{cert});
	} else {
		_openssl('req', '-new', '-key', $out{key}, '-config',
			"$dir/$name.cnf", '-out', "$dir/$name.csr");
		# the oldest openssl we meet has no -not_before for x509
		_openssl('x509', '-req', '-in', "$dir/$name.csr", '-CA', $ca,
			'-CAkey', $ca_key, '-CAcreateserial', '-extfile',
			"$dir/$name.cnf", '-extensions', 'ext', '-days',
			$opt{expired} ? -1 : 30, '-out', $out{cert});
	}
	_write("$dir/$name.san", "$san $opt{expired} $opt{self_signed}");

	return \%out;
}

sub _same {
	my ($file, $text) = @_;
	open my $fh, '<', $file or return 0;
	local $/;
	return readline($fh) eq $text;
}

1;
