#!/usr/bin/perl

# Tests for secrets that were replaced: they are in no worker's memory.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;
use Test::COS::Memory;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $ARN = 'qcs::cam::uin/100000000001:roleName/cos-proxy';

my $POLICY = '{"version":"2.0","statement":[{"effect":"allow",'
	. '"action":["name/cos:GetObject"],"resource":["*"]}]}';

my $t = Test::COS->new();
$t->skip_all('no memory of other processes')
	unless defined eval { Test::COS::Memory::find($$, 'x') };
$t->plan(36);

# long lives, so that all there is can be looked at in peace

my @file = map { { secret_id => "AKIDfile$_", secret_key => "filesecretkey$_"
	x 3, token => "file-session-token-$_" x 20 } } 1, 2;
$t->cos(credentials => [@file,
	{ secret_id => SECRET_ID, secret_key => SECRET_KEY }]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 4, web_identity_token_file => 'identity');
$t->issuer(port => 8090, tls => 1, life => 4);
$t->write_file('identity', 'first.identity.token' x 10);
$t->env(TKE_PROVIDER_ID => 'tke-1', TKE_ROLE_ARN => $ARN,
	TKE_WEB_IDENTITY_TOKEN_FILE => $t->path('identity'));

my @names = qw/ cvm php tls role fed pod /;
my ($url, $tls, $ca) = ($t->issuer_url, $t->issuer_url(8090),
	$t->issuer_ca(8090));
my $locations = join '', map { "location /$_/ { cos_pass "
	. "images-1250000000/ credentials=$_; }\n" } @names, 'json', 'ini';

write_file(0);
$t->write_conf(<<"EOC");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials cvm { provider cvm; endpoint $url; }
    cos_credentials php { provider http $url/sts.php; }
    cos_credentials tls { provider http $tls/sts.php;
                          trusted_certificate $ca; }
    cos_credentials role { provider assume_role $ARN; base cvm;
                           endpoint $url; }
    cos_credentials fed { provider federation; base php; endpoint $url;
                          policy '$POLICY'; }
    cos_credentials pod { provider tke; endpoint $url; }
    cos_credentials json { provider file json; }
    cos_credentials ini { provider file ini; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=json;
    server { listen 127.0.0.1:8080; $locations }
}
EOC
$t->run();

for my $name (@names, 'json', 'ini') {
	is(http_get("/$name/a.txt")->body, 'hello', $name)
		or diag $t->error_log;
}

# the second ones are there to stay

$t->issuer_control({ life => 600 });
$t->issuer_control({ life => 600 }, 8090);
$t->write_file('identity', 'second.identity.token' x 10);
write_file(1);
for my $name (@names, 'json', 'ini') {
	ok($t->waitforlog($name =~ /json|ini/
		? qr/"$name" updated from "file"/
		: qr/"$name" updated from "\w+", valid for (?:600|59\d) s/, 9),
		"$name: replaced") or diag $t->error_log;
	is(http_get("/$name/a.txt")->body, 'hello', "$name: used");
}

# nothing is left of the old ones, in workers that sign or do nothing

my (@old, @new, @tokens);
for my $cred ($t->issued) {
	push @{$cred->{expires} - $cred->{started} > 100 ? \@new : \@old},
		$cred->{secret_key};
}
cmp_ok(scalar @old, '>=', 6, 'old ones');
is(scalar @new, 6, 'new ones');

my @workers = $t->worker_pids;
is(scalar @workers, 2, 'workers');
for my $i (0 .. 1) {
	my ($pid, %found) = $workers[$i];
	my $clean = $t->wait_until(sub {
		%found = Test::COS::Memory::find($pid, @old, @new);
		return !grep { $found{$_} } @old;
	}, 2);
	ok($clean, "worker $i: no old key") or diag left(\%found, @old);

	# one in shared memory, one of the worker
	is(join(' ', map { scalar @{$found{$_} || []} } @new),
		join(' ', (2) x 6), "worker $i: new keys") or diag left(\%found, @new);
	%found = Test::COS::Memory::find($pid, $file[0]{secret_key});
	is(left(\%found, $file[0]{secret_key}), '', "worker $i: file");
	%found = Test::COS::Memory::find($pid, 'first.identity.token');
	is(left(\%found, 'first.identity.token'), '', "worker $i: identity");
}

my %found = Test::COS::Memory::find($workers[0], 'images-1250000000');
ok($found{'images-1250000000'}, 'there would be others');

###############################################################################

sub write_file {
	my ($n) = @_;
	my $cred = $file[$n];
	$t->write_file('new', qq({"secretId":"$cred->{secret_id}","secretKey":)
		. qq("$cred->{secret_key}","token":"$cred->{token}"}));
	rename $t->path('new'), $t->path('json');
	$t->write_file('new', "[default]\nsecret_id=$cred->{secret_id}\n"
		. "secret_key=$cred->{secret_key}\ntoken=$cred->{token}\n");
	rename $t->path('new'), $t->path('ini');
}

# where, but not what

sub left {
	my ($found, @keys) = @_;
	return join '', map { sprintf "key at %x in %s\n", $_->{at},
		$_->{mapping}{name} || 'anonymous memory' }
		map { @{$found->{$_} || []} } @keys;
}

###############################################################################
