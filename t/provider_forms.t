#!/usr/bin/perl

# Tests for the forms of an answer: times, letter cases, what is around it.

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

my @cases = map { my $form = $_; map { ["$form-$_->[0]", { form => $form,
	%{$_->[1]} }] }
	['seconds', { expiry => 'numeric' }],
	['text', { expiry => 'iso' }],
	['east', { expiry => 'iso', zone => '+08:00' }],
	['west', { expiry => 'iso', zone => '-05:30' }],
	['fraction', { expiry => 'iso', zone => '.123Z' }],
	['lower', { case => 'lower' }],
	['upper', { case => 'upper' }],
	['lower-text', { case => 'lower', expiry => 'iso' }],
	['no-start', { without => 'start' }],
} qw/ sts_php sts response metadata /;

my $t = Test::COS->new()->plan(3 * @cases + 3);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(life => 4321);
$t->issuer_control({ rules => [map { { path_re => qr/=$_->[0]$/, %{$_->[1]} } }
	@cases] });

my $url = $t->issuer_url;
my ($blocks, $locations) = ('', '');
for my $name (map { $_->[0] } @cases) {
	$blocks .= "cos_credentials $name { provider http $url/sts.php?x=$name; }\n";
	$locations .= "location /$name/ { cos_pass images-1250000000/ "
		. "credentials=$name; }\n";
}

$t->write_conf(<<"EOC");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    add_header X-Expire \$cos_credentials_expire;
    $blocks
    cos_credentials perm { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=perm;
    server { listen 127.0.0.1:8080; $locations }
}
EOC
$t->run();

my %expire;
for my $name (map { $_->[0] } @cases) {
	my $r = http_get("/$name/a.txt");
	is($r->body, 'hello', $name);
	$expire{$name} = $r->header('X-Expire');
}

my %asked = map { $_->{query}{x} => $_ } $t->issuer_journal;
for my $name (map { $_->[0] } @cases) {
	is($expire{$name}, $asked{$name}{expires}, "$name: when it expires");
	like($t->error_log, qr/"$name" updated from "http", valid for 43\d\d s/,
		"$name: so long");
}

is(scalar(() = $t->issuer_journal), scalar @cases, 'each was asked for once');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');
unlike($t->error_log, qr/could not be updated/, 'no error');

###############################################################################
