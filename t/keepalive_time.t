#!/usr/bin/perl

# Tests for the times after which idle connections to COS are closed.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Shim;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(8);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0),
	SHIM_MONOTONIC => 1);

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass images-1250000000; }
    }
}

EOF

$t->run();

###############################################################################

# idle for almost as long as it may be, and for longer

my $now = 0;
my $first = conn();
pass_time(55);
is(conn(), $first, 'idle for less than a minute');
pass_time(55);
is(conn(), $first, 'and again');
pass_time(61);
my $second = conn();
isnt($second, $first, 'idle for more than a minute');

# in use all the time, for almost an hour, and for longer

my %seen;
while ($now < 171 + 3540) {
	pass_time(50);
	$seen{conn()}++;
}
is(join(' ', keys %seen), $second, 'in use for less than an hour');

# the request that is over after an hour is the last one

pass_time(50);
is(conn(), $second, 'the last one');
pass_time(50);
isnt(conn(), $second, 'in use for more than an hour');

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all are signed');
unlike($t->error_log, qr/upstream/, 'nothing has failed');

###############################################################################

sub pass_time {
	my ($seconds) = @_;
	$now += $seconds;
	$t->control({ clock_offset => $now });
	$t->shim_number('clock', $now);
}

# the number of the connection that a request goes over

sub conn {
	my $r = http_get('/a.txt');
	return $r->body eq 'hello' ? ($t->journal)[-1]{conn} : "error\n$r";
}

###############################################################################
