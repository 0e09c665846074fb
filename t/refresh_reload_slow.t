#!/usr/bin/perl

# Tests for reloads amid a fetch: the source is not asked twice, and old workers
# do not stay for it.

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

my $t = Test::COS->new()->plan(25);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->control({ rules => [{ path_re => '/slow', stall => 3 }] });
$t->issuer(life => 600);

my $url = $t->issuer_url;
my $conf = <<"EOF";
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials a { provider http $url/sts.php?0; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    server { listen 127.0.0.1:8080; location / { cos_pass images-1250000000; } }
}
EOF
$t->write_conf($conf);
$t->run();
is(http_get('/a.txt')->body, 'hello', 'first');

# what the old owner has begun is for the new one

my $n = 0;
another();
my @old = amid(0.7);
ok($t->reload, 'reload amid a fetch');
gone('old workers');
is(http_get('/a.txt')->body, 'hello', 'read');
is(fetches(), 1, 'one fetch');
is(used(), last_issued(), 'by the old owner');

# so it is after a second reload, and for a worker with a request

another();
@old = amid(0.7);
my $c = http_connect();
$c->send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
ok($t->reload, 'reload amid a fetch, with a request');
ok($t->reload, 'and another one');
is(http_get('/a.txt')->body, 'hello', 'read');
is(fetches(), 1, 'one fetch');
is($c->read_response->status, 404, 'request ends');
gone('old workers');

# a source that takes its time does not keep them

another();
@old = amid(20);
ok($t->reload, 'reload amid a long fetch');
gone('old workers, which gave up,');
is(http_get('/a.txt')->body, 'hello', 'read');
is(fetches(), 2, 'the new owner has asked');
is(used(), last_issued(), 'and has the answer');

# of a source that has changed an old answer is of no use

another();
@old = amid(0.7);
my $target = "/sts.php?$n";
$n++;
(my $next = $conf) =~ s/\?0;/?$n;/;
$t->write_conf($next);
ok($t->reload, 'reload with another source amid a fetch');
is(http_get('/a.txt')->body, 'hello', 'read');
is(join(' ', map { $_->{target} } $t->issuer_journal), "$target /sts.php?$n",
	'both were asked');
is(used(), last_issued(), 'the new one is used');
gone('old workers');
is(used(), last_issued(), 'and stays in use');

# at once is at once

another();
amid(20);
my $start = time();
ok($t->stop('TERM'), 'stop amid a fetch');
cmp_ok(time() - $start, '<', 3, 'promptly');

###############################################################################

# Another source is asked anew; its first answer takes some seconds.

sub another {
	$n++;
	$t->issuer_journal_clear;
	(my $next = $conf) =~ s/\?0;/?$n;/;
	$t->write_conf($next);
}

sub amid {
	my ($stall) = @_;
	$t->issuer_control({ rules => [{ stall => $stall, times => 1 }] });
	$t->reload;
	$t->wait_until(sub { fetches() }) or die "no fetch\n";
	return $t->worker_pids;
}

sub gone {
	my ($what) = @_;
	ok($t->wait_until(sub { !grep { kill 0, $_ } @old }, 3), "$what gone");
}

sub fetches {
	my @fetches = $t->issuer_journal;
	return scalar @fetches;
}

sub last_issued { return ($t->issuer_journal)[-1]{issued} }

sub used {
	http_get('/a.txt');
	return ($t->journal)[-1]{secret_id};
}

###############################################################################
