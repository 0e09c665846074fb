#!/usr/bin/perl

# Tests for the longest secrets that STS hands out, and for secrets one byte longer.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(31);

my @cred = map { { secret_id => 'AKID' . $_ x 1020, secret_key => $_ x 1024,
	token => $_ . 't' x 4091 . "end$_" } } 'a' .. 'b';

$t->cos(credentials => \@cred);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_file('sts.json', qq({"credentials":{"tmpSecretId":)
	. qq("$cred[0]{secret_id}","tmpSecretKey":"$cred[0]{secret_key}",)
	. qq("sessionToken":"$cred[0]{token}"}}));
$t->env(TENCENTCLOUD_SECRET_ID => $cred[1]{secret_id},
	TENCENTCLOUD_SECRET_KEY => $cred[1]{secret_key},
	TENCENTCLOUD_TOKEN => $cred[1]{token});

my $conf = <<'EOC';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials literal {
        provider    static;
        secret_id   ID;
        secret_key  KEY;
        token       TOKEN;
    }

    cos_credentials file    { provider file sts.json; }
    cos_credentials env     { provider env; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=literal;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /literal/ { cos_pass images-1250000000; }
        location /file/    { cos_pass images-1250000000 credentials=file; }
        location /env/     { cos_pass images-1250000000 credentials=env; }
    }
}

EOC

# a word of a configuration is shorter than 4096 bytes

my %short = (%{$cred[1]}, token => 't' x 4000);
$short{secret_id} = 'x' . substr $short{secret_id}, 0, 1023;
$t->control({ credentials => [\%short] });

$t->write_conf(with($conf, \%short));
$t->run();

for my $name (qw/ literal file env /) {
	my $cred = $name eq 'literal' ? \%short : $cred[$name eq 'env'];

	is(http_get("/$name/a.txt")->body, 'hello', $name);
	my $e = ($t->journal)[-1];
	my @token = map { $_->[1] } grep { lc $_->[0] eq 'x-cos-security-token' }
		@{$e->{headers}};

	is($e->{verified}, 1, "$name verified");
	ok($e->{secret_id} eq $cred->{secret_id}, "$name id");
	is(scalar @token, 1, "$name one token");
	ok($token[0] eq $cred->{token}, "$name whole token");
	is($e->{header_list}, 'host;x-cos-security-token', "$name token signed");
}

# one byte more

my ($status, $text);

for my $part (qw/ secret_id secret_key /) {
	my %long = %short;
	$long{$part} .= 'x';

	($status, $text) = $t->try_conf(with($conf, \%long));
	is($status, 1, "long $part refused");
	like($text, qr/too long secret in cos_credentials "literal" in \S+conf:\d+/,
		"long $part message");
	unlike($text, qr/(?:aaaa|bbbb)/, "long $part not shown");
}

$t->env(TENCENTCLOUD_TOKEN => 't' x 4097);

($status, $text) = $t->try_conf(with($conf, \%short));
is($status, 1, 'long token refused');
like($text, qr/too long secret in cos_credentials "env" in \S+conf:\d+/,
	'long token message');
unlike($text, qr/tttt/, 'long token not shown');

# a file with a long token is refused as a whole

$t->write_file('sts.json', qq({"tmpSecretId":"AKIDlong","tmpSecretKey":"k",)
	. '"token":"' . 't' x 4097 . '"}');
$t->waitforlog(qr/too long secret in/);
like($t->error_log, qr/\[error\].* too long secret in "\S+sts\.json"/,
	'long token in file');
is(http_get('/file/a.txt')->body, 'hello', 'old secret serves on');
ok(($t->journal)[-1]{secret_id} eq $cred[0]{secret_id}, 'old id');
unlike($t->error_log, qr/ttttttt/, 'no token in log');

###############################################################################

sub with {
	my ($text, $cred) = @_;
	$text =~ s/ID;/$cred->{secret_id};/;
	$text =~ s/KEY;/$cred->{secret_key};/;
	$text =~ s/TOKEN;/$cred->{token};/;
	return $text;
}

###############################################################################
