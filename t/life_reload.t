#!/usr/bin/perl

# Tests for reloads under load: no request is lost, and none is unsigned.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;

use IO::Handle ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->plan(12);

$t->cos(credentials => [ map { { secret_id => "AKID$_",
	secret_key => "secretkey$_" } } 1 .. 2 ]);
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->secret('secretkey2');

my $conf = <<'EOF';

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id AKID1;
                          secret_key secretkey1; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    # more

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass path_style;
            cos_allow read write;
        }
    }
}

EOF

my $more = join "\n", map { "cos_credentials c$_ { provider static;"
	. " secret_id a; secret_key secretkey$_; }" } 10 .. 50;

$t->write_conf($conf);
$t->run();

my @clients = map { my $n = $_; $t->run_daemon(sub { client($n) }) } 1 .. 2;

for my $i (1 .. 6) {
	(my $next = $conf) =~ s/(AKID|secretkey)1/$1 . (1 + $i % 2)/ge;
	$next =~ s/ap-guangzhou prot/ap-guangzhou credentials=app prot/;
	$next =~ s/# more/$more/ if $i % 3 == 0;
	$t->write_conf($next);

	my $before = answers();
	ok($t->reload, "reload $i");
	$t->wait_until(sub { answers() > $before + 10 });
}

$_->stop('TERM') for @clients;

my %status;
for my $n (1 .. 2) {
	$status{$_}++ for split ' ', $t->read_file("client-$n");
}
is(join(' ', keys %status), '200', 'all answered')
	or diag join ' ', %status;

my @e = $t->journal;
is(scalar(grep { !$_->{verified} } @e), 0, 'all signed and verified');
my %id = map { $_->{secret_id} => 1 } @e;
is(join(' ', sort keys %id), 'AKID1 AKID2', 'both secrets');

# each client may have been stopped in the middle of a request

cmp_ok(abs(@e - answers()), '<=', 2, 'each sent once');
cmp_ok(answers(), '>', 60, 'load');
ok($t->stop, 'stopped');

###############################################################################

sub answers {
	return scalar map { split ' ', $t->read_file("client-$_") } 1 .. 2;
}

sub client {
	my ($n) = @_;
	my $i = 0;
	open my $fh, '>>', $t->path("client-$n");
	$fh->autoflush;
	while (1) {
		my $r = $i++ % 2 ? http_get('/images-1250000000/a.txt')
			: http_put("/images-1250000000/put-$n", 'x' x 1000);
		print {$fh} $r->status, ' ';
	}
}

###############################################################################
