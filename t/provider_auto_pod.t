#!/usr/bin/perl

# Tests for provider auto in a pod: where no metadata answers, the role of the
# pod is used, and renewed.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use IO::Select;
use IO::Socket::INET;
use Test::COS;
use Test::COS::Issuer;
use Test::COS::Nginx;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $ARN = 'qcs::cam::uin/100000000001:roleName/pod';
my $STS = 'sts.tencentcloudapi.com';

my $t = Test::COS->new();

# metadata is here, where nobody answers; STS is behind a proxy

$t->write_file('hosts', "127.0.0.1 localhost metadata.tencentyun.com\n");
my $enter = 'mount --bind ' . $t->path('hosts') . ' /etc/hosts && exec';
$t->skip_all('no mount namespace for a hosts file') if $> != 0
	|| system("unshare -m sh -c '$enter true' 2>/dev/null") != 0;
$t->skip_all('somebody answers on port 80')
	if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 80);
$t->plan(7);

my $nginx = Test::COS::Nginx::binary();
$t->write_file('nginx', "#!/bin/sh\nexec unshare -m sh -c '$enter \"\$0\""
	. " \"\$@\"' $nginx \"\$@\"\n");
chmod 0755, $t->path('nginx');
mkdir $t->path('empty');

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->write_file('identity', 'first.identity.token');
$t->issuer(port => 8090, tls => $t->make_ca(names => [$STS]), life => 5,
	role_arn => $ARN, provider_id => 'tke-1',
	web_identity_token_file => 'identity');
$t->run_daemon(\&proxy);
$t->wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	PeerPort => $t->port(8089)) });

$t->env(HOME => $t->path('empty'), TKE_PROVIDER_ID => 'tke-1',
	TKE_ROLE_ARN => $ARN, TKE_WEB_IDENTITY_TOKEN_FILE => $t->path('identity'),
	https_proxy => 'http://127.0.0.1:' . $t->port(8089));
my $ca = $t->issuer_ca(8090);

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
env https_proxy;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials app { provider auto; trusted_certificate $ca; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
{
	local $ENV{TEST_NGINX_BINARY} = $t->path('nginx');
	$t->run();
}

is(http_get('/a.txt')->body, 'hello', 'read') or diag $t->error_log;
is(($t->journal)[-1]{verified}, 1, 'verified');
like($t->error_log, qr/"app" could not be updated from "cvm"/, 'no metadata');
like($t->error_log, qr/"app" updated from "tke"/, 'but a pod');

my ($asked) = $t->issuer_journal(8090);
is($asked->{action}, 'AssumeRoleWithWebIdentity', 'action');
is($asked->{host}, $STS, 'host');

my $first = ($t->journal)[-1]{secret_id};
ok($t->wait_until(sub { http_get('/a.txt')->body eq 'hello'
	&& ($t->journal)[-1]{secret_id} ne $first }, 8), 'renewed');

###############################################################################

# CONNECT to STS, whatever its address

sub proxy {
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
		LocalPort => $t->port(8089), Listen => 5, ReuseAddr => 1)
		or die "cannot listen: $!\n";

	while (my $c = $listen->accept) {
		sysread $c, my $head, 4096 or next;
		next unless $head =~ /\ACONNECT \Q$STS\E:443 /;

		my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
			PeerPort => $t->port(8090)) or next;
		syswrite $c, "HTTP/1.1 200 OK\r\n\r\n";

		my $select = IO::Select->new($c, $s);
		COPY: while (my @ready = $select->can_read) {
			for my $from (@ready) {
				sysread $from, my $data, 65536 or last COPY;
				syswrite $from == $c ? $s : $c, $data;
			}
		}
	}
}

###############################################################################
