package Example;

# The files of examples/, run by tests: only ports, paths and what is behind
# them are put in their place.

use strict;
use warnings;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use IO::Socket::INET;
use Test::COS;

our $DIR = abs_path(dirname(__FILE__) . '/../../examples');

# new($t, $name, names => [those of certificates], users => { session => user })

sub new {
	my ($class, $t, $name, %opt) = @_;

	my $text = slurp("$DIR/$name/nginx.conf");
	my $ca = $t->make_ca(names => $opt{names});

	my @fill = (
		[qr/^load_module modules\/ngx_http_cos_module\.so;$/m,
			'%%TEST_GLOBALS%%'],
		[qr/^http \{$/m, "http {\n    %%TEST_GLOBALS_HTTP%%"],
		[qr/^(    cos_bucket  \S+ [\w-]+)/m, '$1 protocol=http'
			. ' endpoint=127.0.0.1:8081'],
		[qr/\b443 ssl;/, '127.0.0.1:8080 ssl;'],
		[qr/\/etc\/nginx\/[\w.]+\.crt;/, "$ca->{cert};"],
		[qr/\/etc\/nginx\/[\w.]+\.key;/, "$ca->{key};"],
		$text =~ /proxy_cache_path/ ? [qr/\/var\/cache\/nginx\/cos\b/,
			'%%TESTDIR%%/cache'] : (),
		$opt{users} ? [qr/127\.0\.0\.1:9000\b/, '127.0.0.1:8082'] : (),
		$text =~ /\broot\b/ ? [qr/\/var\/www\/upload\b/, "$DIR/$name"] : (),
	);
	for (@fill) {
		my ($from, $to) = @$_;
		my $n = $text =~ s/$from/my $one = $1; $to =~ s{\$1}{$one}r/ge;
		die "$name has no $from\n" unless $n;
	}

	$t->env(TENCENTCLOUD_SECRET_ID => SECRET_ID,
		TENCENTCLOUD_SECRET_KEY => SECRET_KEY);
	$t->write_conf($text);
	_login($t, $opt{users}) if $opt{users};
	$t->run();

	return $ca;
}

# The server that knows the users: 204 with X-User, or 401.

sub _login {
	my ($t, $users) = @_;

	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
		LocalPort => $t->port(8082), Listen => 16, ReuseAddr => 1)
		or die "cannot listen: $!\n";
	$t->run_daemon(sub {
		while (my $c = $listen->accept) {
			local $/ = "\r\n\r\n";
			my $head = readline $c;
			next unless defined $head;
			my ($session) = $head =~ /^x-session: *(\S+)\r$/mi;
			my $user = $users->{defined $session ? $session : ''};
			print {$c} defined $user ? "HTTP/1.0 204 OK\r\nX-User: $user\r\n"
				: "HTTP/1.0 401 Unauthorized\r\n", "\r\n";
			close $c;
		}
	});
	close $listen;
}

sub slurp {
	my ($path) = @_;
	open my $fh, '<:raw', $path or die "cannot open $path: $!\n";
	local $/;
	return scalar readline $fh;
}

1;
