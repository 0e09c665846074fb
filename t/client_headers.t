#!/usr/bin/perl

# Tests for headers that do not pass: the client's secrets never reach COS,
# ours never reach the client.

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

my $token = 'ExampleSecurityTokenOfTheClientTests';

my $t = Test::COS->new()->needs(qw/ proxy rewrite /)->needs_cos()->plan(52);

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY,
	token => $token }]);
$t->store_put('images-1250000000', 'a.txt', 'see this');

my $conf = <<'EOC';
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; token %%TOKEN%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write list;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass path_style;
        }

        location /none/ {
            proxy_pass_request_headers off;
            cos_pass images-1250000000/;
        }

        location /set/ {
            proxy_set_header X-Other 1;
            cos_pass images-1250000000/;
        }

        location /if/ {
            if ($http_authorization) {
                add_header X-If 1;
            }
            cos_pass images-1250000000/;
        }

        location /underscores/ {
            cos_pass images-1250000000/;
        }
    }

    server {
        listen 127.0.0.1:8082;
        underscores_in_headers on;

        location / {
            cos_pass images-1250000000/;
        }
    }
}
EOC

$conf =~ s/%%TOKEN%%/$token/;
$t->write_conf($conf);
$t->run();

###############################################################################

my %secret = (
	'Authorization' => 'q-sign-algorithm=sha1&q-ak=CLIENTSECRET',
	'x-cos-security-token' => 'CLIENTSECRET',
	'X-Ci-Security-Token' => 'CLIENTSECRET',
	'token' => 'CLIENTSECRET',
	'clientIP' => '192.0.2.1 CLIENTSECRET',
	'clientUA' => 'CLIENTSECRET',
	'Cookie' => 'a=CLIENTSECRET',
);

# each of them, in each kind of location

for my $uri (qw!/images-1250000000/a.txt /none/a.txt /set/a.txt /if/a.txt!) {
	for my $name (sort keys %secret) {
		my ($r, $e) = ask(uri => $uri, headers => { $name, $secret{$name} });
		ok($r->body eq 'see this' && $e->{verified}
			&& !grep({ $_->[1] =~ /CLIENTSECRET/ } @{$e->{headers}}),
			"$name to $uri");
	}
}

# all of them in other letters, with a body

my ($r, $e) = ask(method => 'PUT', uri => '/set/b.txt', body => 'body',
	headers => { map { uc $_ => $secret{$_} } keys %secret });
ok($r->status == 200 && $e->{verified}, 'all of them');
is(join(' ', grep { /CLIENTSECRET/ } map { $_->[1] } @{$e->{headers}}), '',
	'all of them, not sent');
is($e->{header_list}, 'host;x-cos-security-token', 'all of them, signed');
is(join(' ', map { $_->[1] } grep { lc $_->[0] eq 'x-cos-security-token' }
	@{$e->{headers}}), $token, 'all of them, one token');
is(scalar(grep { lc $_->[0] eq 'authorization' } @{$e->{headers}}), 1,
	'all of them, one signature');

# a real signature of a client: not used, though it is valid

($r, $e) = ask(uri => '/images-1250000000/a.txt?response-expires=1',
	sign => { secret_id => 'CLIENTSECRET', secret_key => 'k' x 32 });
is($r->status, 403, 'signed, and refused');
is($e, undef, 'signed, and refused, nothing sent');
($r, $e) = ask(uri => '/images-1250000000/?prefix=a',
	presign => { secret_id => 'CLIENTSECRET', secret_key => 'k' x 32,
	token => 'CLIENTSECRET' });
is($r->status, 200, 'presigned');
is($e->{target}, '/?prefix=a', 'presigned, not sent');
is($e->{param_list}, 'prefix', 'presigned, signed anew');

# what it says about the type of nothing, hop by hop, and twice

($r, $e) = ask(uri => '/none/a.txt', headers => { 'x-cos-meta-a' => 'b',
	'Content-Type' => 'a/b', Range => 'bytes=0-2', 'X-Any' => '1' });
is($r->status . $r->body, '200see this', 'no headers are passed');
is($e->{header_list}, 'host;x-cos-security-token',
	'no headers are passed nor signed');

($r, $e) = ask(uri => '/set/a.txt', headers => { 'x-cos-meta-a' => 'b',
	Connection => 'close, x-cos-meta-a', TE => 'trailers',
	'Keep-Alive' => '1', Upgrade => 'h2c' });
is($r->status, 200, 'hop by hop');
is(join(' ', grep { /^(?:te|keep-alive|upgrade)$/i } map { $_->[0] }
	@{$e->{headers}}), '', 'hop by hop, not sent');

($r, $e) = ask(uri => '/set/a.txt', headers => [['x-cos-meta-a', 'b'],
	['X-Cos-Meta-A', 'c']]);
is($r->status, 400, 'twice');
is($e, undef, 'twice, nothing sent');

# white space around a value is no part of it

($r, $e) = ask(method => 'PUT', uri => '/set/b.txt', body => 'body',
	headers => { 'x-cos-meta-a' => "  b c  ", 'Content-Type' => ' a/b ' });
ok($r->status == 200 && $e->{verified}, 'spaces around');
($r, $e) = ask(method => 'PUT', uri => '/set/b.txt', body => 'body',
	headers => { 'x-cos-meta-a' => "\tb\tc\t" });
ok($r->status == 400 && !$e || $r->status == 200 && $e->{verified},
	'tabs around') or diag $r;
($r, $e) = ask(method => 'PUT', uri => '/set/b.txt', body => 'body',
	headers => { 'x-cos-meta-a' => '', 'x-cos-meta-b' => ' ' });
ok($r->status == 200 && $e->{verified}, 'empty values') or diag $r;
($r, $e) = ask(method => 'PUT', uri => '/set/b.txt', body => 'body',
	headers => { 'x-cos-meta-a' => "\xe4\xb8\xad %20+&=\"'" });
ok($r->status == 200 && $e->{verified}, 'other bytes') or diag $r;

# underscores

($r, $e) = ask(method => 'PUT', uri => '/underscores/b.txt', body => 'body',
	headers => { 'x-cos-meta-a_b' => 'c', 'x_cos_acl' => 'public-read' });
ok($r->status == 200 && $e->{verified}
	&& !grep({ $_->[0] =~ /_/ } @{$e->{headers}}), 'underscores');
($r, $e) = ask(method => 'PUT', uri => '/b.txt', body => 'body', port => 8082,
	headers => { 'x-cos-meta-a_b' => 'c' });
ok($r->status == 200 && $e->{verified}
	&& $e->{header_list} eq 'host;x-cos-meta-a_b;x-cos-security-token',
	'underscores wanted') or diag $r;

# nothing of ours in any answer

my $answers = '';
for my $uri (qw!/images-1250000000/a.txt /set/a.txt /set/nope /set/a.txt?acl
	/images-1250000000/ /nope/a!)
{
	$answers .= http_get($uri) . http_head($uri) . http_put($uri, 'body');
}
$t->control({ rules => [{ expire => 1 }] });
$answers .= http_get('/set/a.txt');
unlike($answers, qr/q-signature|q-sign-algorithm|authorization:/i,
	'no signature to the client');
unlike($answers, qr/\Q${\SECRET_ID}\E|\Q${\SECRET_KEY}\E|\Q$token\E/,
	'nothing secret to the client');

###############################################################################

# the response, and the journal entry if there is one

sub ask {
	my (%a) = @_;
	$t->journal_clear();
	my $r = http_request(%a);
	return ($r, ($t->journal)[0]);
}

###############################################################################
