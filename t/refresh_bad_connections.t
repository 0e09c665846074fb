#!/usr/bin/perl

# Tests for sources that cannot be reached any more, or are not who they were:
# a line in the log, and the old credential serves on.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $ARN = 'qcs::cam::uin/100000000001:roleName/cos-proxy';

my %tls = (expired => 8090, wrong_name => 8091, unknown_ca => 8092);
my %reason = (expired => qr/SSL.*certificate has expired/i,
	wrong_name => qr/SSL.*(?:subject name|name|does not match)/i,
	unknown_ca => qr/SSL.*(?:certificate|issuer)/i,
	refused => qr/connect/i, unknown_name => qr/resolve host/i,
	error => qr/error AuthFailure\.UnauthorizedOperation/);
my @names = sort keys %reason;

my $t = Test::COS->new();
$t->skip_all('must be root and have unshare')
	if $> || system('unshare -m true 2>/dev/null');
$t->plan(5 * @names + 1);

$t->cos();
$t->store_put('images-1250000000', "$_/a.txt", 'hello') for @names;
$t->issuer(life => 10);
$t->issuer(port => $_, tls => 1, life => 10) for values %tls;
$t->issuer(port => 8093, life => 10);

# made before, for it takes a while

mkdir $t->path('other');
my %cert = (expired => $t->make_ca(name => 'expired', expired => 1,
	names => ['127.0.0.1']),
	wrong_name => $t->make_ca(name => 'wrong', names => ['wrong.example']),
	unknown_ca => Test::COS::TLS::make($t->path('other'), name => 'unknown',
		names => ['127.0.0.1']));

# a label that is too long for DNS is known from a file or not at all, and no
# name server is asked for it

my $host = 'x' x 64 . '.example';
$t->write_file('hosts', "127.0.0.1 localhost $host\n");
my $binary = Test::COS::Nginx::binary();
$t->write_file('nginx.sh', "#!/bin/sh\nexec unshare -m sh -c '"
	. 'mount --bind "$0" /etc/hosts && exec "$@"\' '
	. $t->path('hosts') . " '$binary' \"\$\@\"\n");
chmod 0755, $t->path('nginx.sh');

my $url = $t->issuer_url;
my %source = ((map { $_ => 'provider http ' . $t->issuer_url($tls{$_})
	. '/sts.php; trusted_certificate ' . $t->issuer_ca($tls{$_}) }
	keys %tls),
	refused => 'provider http ' . $t->issuer_url(8093) . '/sts.php',
	unknown_name => "provider http http://$host:" . $t->port(8089)
		. '/sts.php',
	error => "provider assume_role $ARN; base perm; endpoint $url");
my $blocks = join '', map {
	"cos_credentials $_ { $source{$_}; refresh_before 9s; }\n" } @names;
my $locations = join '', map { "location /$_/ { cos_pass images-1250000000/$_ "
	. "credentials=$_; }\n" } @names;

$t->write_conf(<<"EOC");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    $blocks
    cos_credentials perm { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=perm;
    server { listen 127.0.0.1:8080; $locations }
}
EOC
{
	local $ENV{TEST_NGINX_BINARY} = $t->path('nginx.sh');
	$t->run();
}

is(http_get("/$_/a.txt")->body, 'hello', "$_: read") for @names;
my %first = used();

# all are there, so that all changes come before the first renewal

for my $kind (keys %tls) {
	$t->stop_issuer($tls{$kind});
	$t->issuer(port => $tls{$kind}, tls => $cert{$kind}, life => 10);
}
$t->issuer_control({ refuse => 1 }, 8093);
$t->issuer_control({ rules => [{ action => 'AssumeRole',
	error => 'AuthFailure.UnauthorizedOperation' }] });
$t->write_file('hosts', "127.0.0.1 localhost\n");

for my $name (@names) {
	my $re = qr/cos_credentials "$name" could not be updated from "(\w+)": /;
	ok($t->waitforlog($re, 9), "$name: message");
	my ($line) = $t->error_log =~ /(.*$re.*)/;
	like($line || '', qr/\[error\].*$re.*$reason{$name}.*, next attempt in \d+ ms/,
		"$name: reason");
	is(http_get("/$name/a.txt")->body, 'hello', "$name: serves on");
}
my %used = used();
is($used{$_}, $first{$_}, "$_: with the old one") for @names;

my ($lines, $asked);
ok($t->wait_until(sub {
	$lines = () = $t->error_log =~ /cos_credentials "error" (?:could|up)/g;
	$asked = grep { $_->{action} eq 'AssumeRole' } $t->issuer_journal;
	return $lines == $asked;
}), 'a line for each answer') or diag "$lines lines, $asked answers";

###############################################################################

# the last credential that COS saw of each, by the name in the key

sub used {
	return map { $_->{target} =~ m!\A/([^/]+)/! ? ($1 => $_->{secret_id}) : () }
		$t->journal;
}

###############################################################################
