#!/usr/bin/perl

# Tests for two hundred requests at once when a credential is missing, due, or
# has expired: one fetch.

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

my $N = 200;

my $t = Test::COS->new()->plan(13);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer();
$t->issuer_control({ rules => [{ stall => 1 }] });

my $url = $t->issuer_url;
my $conf = <<"EOF";
%%TEST_GLOBALS%%
worker_processes 4;
events { worker_connections 1024; }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php?a; refresh_before 7s; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_wait 20s;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->write_conf($conf);
$t->run();

# the first one

my @c = ask();
is(answers()->{200}, $N, 'the first credential is waited for');
is(fetches(), 1, 'one fetch');

# renewal: they come while the source is asked, and go on with what there is

$t->issuer_control({ life => 14, rules => [{ stall => 1 }] });
(my $next = $conf) =~ s/sts\.php\?a/sts.php?b/;
$t->write_conf($next);
$t->reload;
ok($t->wait_until(sub { fetches() == 3 }, 20), 'asked again');
$t->issuer_control({ rules => [{ status => 500 }] });
$t->journal_clear;
@c = ask();
is(answers()->{200}, $N, 'nobody waits for a renewal');
is(fetches(), 3, 'one fetch');
my (undef, @issued) = map { $_->{issued} } $t->issuer_journal;
my %used = map { $_->{secret_id} => 1 } $t->journal;
delete @used{grep { defined } @issued};
is(join(' ', keys %used), '', 'the old credential, and then the new one');

# the moment of expiry: the source is down since

ok($t->wait_until(sub { http_get('/a.txt')->status == 503 }, 20), 'expired');
$t->journal_clear;
@c = ask();
is(answers()->{503}, $N, 'refused at once');
is(scalar(() = $t->journal), 0, 'nothing sent');

# and is up again

$t->issuer_control({ rules => [{ stall => 0.3 }] });
ok($t->wait_until(sub { @c = ask(); answers()->{200} }, 20), 'up again');
@c = ask();
is(answers()->{200}, $N, 'all have it');
is(fetches(), 4, 'one fetch');
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');

###############################################################################

# all connections first, then all requests at once

sub ask {
	my @conn = map { http_connect() } 1 .. $N;
	$_->send("GET /a.txt HTTP/1.1\r\nHost: localhost\r\n"
		. "Connection: close\r\n\r\n") for @conn;
	return @conn;
}

sub answers {
	my %answers;
	$answers{$_->read_response->status}++ for @c;
	return \%answers;
}

sub fetches {
	my @fetches = grep { $_->{issued} } $t->issuer_journal;
	return scalar @fetches;
}

###############################################################################
