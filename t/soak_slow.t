#!/usr/bin/perl

# A soak: credentials that live a few seconds, under load, while workers are
# killed, reloads come, and the issuer is down a third of the time.  No request
# may fail for want of a credential, and no fetch may be superfluous.
#
# SOAK_SECONDS says how long, SOAK_SEED repeats the dice of a run.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;
use Test::COS::Load;

use Time::HiRes qw/ sleep time /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $SECONDS = $ENV{SOAK_SECONDS} || (($ENV{CI} || '') eq 'true' ? 60 : 20);
my $SEED = $ENV{SOAK_SEED} || int(time() * 1000) % 1000000;

my $LIFE = 12;		# of a credential, of which the second half is for renewal
my $DOWN = 3;		# the longest time without the issuer
my $STALL = 0.2;	# what a fetch takes, for it to be interrupted
my $TIMEOUT = 1;

my $BIG = join '', map { sprintf '%07d,', $_ } 0 .. 8191;
my %SOURCE = (i => 'http', v => 'AssumeRole');

my $t = Test::COS->new(timeout => 2 * $SECONDS + 120);
$t->needs('slice')->plan(8);
$t->allow_alerts(qr/worker process \d+ exited on signal 9/);
$t->allow_alerts(qr/shared memory zone "\w+" was locked by/);

$t->cos();
$t->store_put($_, 'big', $BIG) for 'images-1250000000', 'videos-1250000000';
$t->issuer(life => $LIFE);
$t->issuer_control({ rules => [{ stall => $STALL }] });

my $url = $t->issuer_url;
my $renew = "timeout ${TIMEOUT}s; refresh_before " . $LIFE / 2 . 's;';
my $locations = join "\n", map { my ($c, $bucket) = @$_; <<"EOF" }
        location /$c/get/ { cos_pass $bucket/ credentials=$c; }
        location /$c/cache/ {
            cos_pass $bucket/ credentials=$c;
            proxy_cache one;
            proxy_cache_valid 200 1s;
        }
        location /$c/slice/ {
            cos_pass $bucket/ credentials=$c;
            slice 16k;
            proxy_set_header Range \$slice_range;
            proxy_cache one;
            proxy_cache_key \$uri\$slice_range;
            proxy_cache_valid 200 206 1s;
        }
EOF
	['i', 'images-1250000000'], ['v', 'videos-1250000000'];

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 4;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    access_log off;
    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m inactive=7d;
    cos_credentials i { provider http $url/sts.php; $renew }
    cos_credentials v { provider assume_role
                            qcs::cam::uin/100000000001:roleName/gateway;
                        base own; endpoint $url; $renew }
    cos_credentials own { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=i;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 credentials=v;
    cos_allow read write;
    server {
        listen 127.0.0.1:8080;
$locations
    }
}
EOF
$t->run();

is(http_get("/$_/get/big")->status, 200, "first credential of $_")
	for sort keys %SOURCE;

###############################################################################

note("SOAK_SECONDS=$SECONDS SOAK_SEED=$SEED");
srand $SEED;

my (@asked, @killed, @stopped, @refused, %used);
my ($reloads, $downs, $provoked) = (0, 0, 0);

for my $n (1 .. 4) {
	$t->load(sub { ask($n, @_) }, seed => $SEED + $n, pause => 0.04);
}

my $end = time() + $SECONDS;
my $kill = time() + 1;
my $reload = time() + 2;
my ($down, $up) = (time() + 2 + rand 4);

while (time() < $end || $up) {

	my $fetch = collect();

	# also, and above all, amid a fetch
	my $dice = $fetch ? rand : 1;
	sleep rand $STALL if $dice < 0.7;
	$provoked++ if $dice < 0.7;

	if ($dice < 0.35 || time() > $kill) {
		kill_worker($dice < 0.35 || rand() < 0.3);
		$kill = time() + 0.5 + rand 2;
	}
	if ($dice >= 0.35 && $dice < 0.7 || time() > $reload) {
		kill 'HUP', $t->master_pid;
		$reloads++;
		$reload = time() + 1 + rand 3;
	}

	if ($up && time() > $up) {
		$t->issuer_control({ rules => [{ stall => $STALL }] });
		undef $up;
	} elsif (!$up && time() > $down) {
		my $seconds = 1 + rand($DOWN - 1);
		break_issuer();
		$up = time() + $seconds;
		$down = $up + 2 * $seconds;
		$downs++;
	}

	sleep 0.02;
}

# what came last is used, too

$t->wait_until(sub { collect(); !grep { !$used{$_->{issued}} } last_fetches() },
	20);
my $load = $t->load_end;
collect();

ok($t->wait_until(sub { 4 == workers() }, 5), 'old workers exited');

###############################################################################

my $done = $load->{done};
my @cut = @{$load->{cut}};

is(join("\n", splice @{$load->{failed}}, 0, 20), '', 'no request failed');
is(join("\n", map { "@$_" } grep { !cut_by_kill(@$_) } @cut), '',
	'only those of killed workers were cut');
is(join("\n", @refused), '', 'nothing refused by COS');
is(scalar(grep { ($done->{$_} || 0) > $SECONDS } qw/ get head put cache slice /),
	5, 'load');

my @superfluous = map { superfluous($_) } sort values %SOURCE;
is(join("\n", @superfluous), '', 'no superfluous fetch')
	or diag map { sprintf "killed %s at %.3f\n", $_->{owner} ? 'owner'
		: 'worker', $_->{time} - $^T } @killed;

note(join ', ', (map { "$_ $done->{$_}" } sort keys %$done), scalar(@cut) . ' cut',
	scalar(@killed) . ' killed (' . grep({ $_->{owner} } @killed) . ' owners)',
	"$reloads reloads", "$provoked amid a fetch", "$downs times down",
	scalar(@asked) . ' questions',
	map { fetches($_) . " fetches of $_" } sort values %SOURCE);

###############################################################################

# Reads on in both journals; true if a source was asked.

sub collect {
	my @new = $t->journal_take(8089);
	push @asked, @new;

	for my $e ($t->journal_take(8081)) {
		$used{$e->{secret_id}} = 1 if $e->{verified};
		push @refused, "$e->{method} $e->{target} $e->{status} "
			. ($e->{error_code} || '') if !$e->{verified};
	}

	return scalar @new;
}

sub fetches {
	my ($source) = @_;
	my @fetches = grep { $_->{action} eq $source && $_->{issued} } @asked;
	return @fetches;
}

sub last_fetches { return map { (fetches($_))[-1] } values %SOURCE }

sub workers {
	return grep { Test::COS::Process::title($_) =~ /worker process/ }
		Test::COS::Process::children($t->master_pid);
}

# A worker with a second thread is the owner of the refresher.

sub kill_worker {
	my ($owner) = @_;

	my @pids = workers();
	my @owners = grep { threads($_) > 1 } @pids;
	@pids = @owners if $owner && @owners;
	return unless @pids;

	my $pid = $pids[rand @pids];
	my $is = threads($pid) > 1;
	push @killed, { time => time(), pid => $pid, owner => $is }
		if kill 'KILL', $pid;
}

sub threads {
	my @tasks = glob "/proc/$_[0]/task/*";
	return scalar @tasks;
}

sub break_issuer {
	my $how = int rand 4;
	push @stopped, { time => time() } if $how == 0;
	$t->issuer_control($how == 0 ? { refuse => 1 }
		: { rules => [$how == 1 ? { status => 500 }
			: $how == 2 ? { drop => 1 } : { status => 503, stall => 20 }] });
}

###############################################################################

# A fetch is superfluous if it came while the credential before was not due
# for renewal, that is, in the first half of its life; if another one was under
# way; or if nobody has used what it brought.  One that was cut, for its owner
# was killed or the issuer was stopped, could not be used; the issuer may have
# noticed it a little later.

sub superfluous {
	my ($source) = @_;
	my ($before, $last, @bad);

	for my $f (fetches($source)) {
		my $at = sprintf '%s at %.3f', $source, $f->{time} - $^T;
		push @bad, "$at is too early"
			if $before && $f->{time} < $before->{expires} - $LIFE / 2;
		push @bad, "$at is of no use" if !$used{$f->{issued}}
			&& !cut($f->{time}, $f->{time} + $STALL + 1);
		$before = $f if $used{$f->{issued}};
	}

	for my $e (grep { $_->{action} eq $source } @asked) {
		push @bad, sprintf '%s at %.3f while another is under way', $source,
			$e->{time} - $^T if $last && $e->{time} < $last->{time}
				+ ($last->{issued} ? $STALL
					: $last->{status} == 503 ? 0.9 * $TIMEOUT : 0)
				&& !cut($last->{time}, $e->{time});
		$last = $e;
	}

	return @bad;
}

sub cut {
	my ($from, $to) = @_;
	return scalar grep { $_->{time} > $from - 0.5 && $_->{time} < $to }
		@stopped, grep { $_->{owner} } @killed;
}

sub cut_by_kill {
	my ($from, $to) = @_;
	return scalar grep { $_->{time} > $from - 0.05 && $_->{time} < $to + 0.05 }
		@killed;
}

###############################################################################

sub ask {
	my ($n, $i) = @_;
	my $what = (qw/ get head put cache slice /)[($n + $i) % 5];
	my $c = (sort keys %SOURCE)[rand keys %SOURCE];

	return ($what, http_put("/$c/get/put-$n", 'x' x 1000),
		sub { $_[0]->status == 200 }) if $what eq 'put';
	return ($what, http_head("/$c/get/big"), sub { $_[0]->status == 200
		&& $_[0]->header('Content-Length') == length $BIG })
		if $what eq 'head';
	return ($what, http_get("/$c/$what/big"),
		sub { $_[0]->status == 200 && $_[0]->body eq $BIG });
}

###############################################################################
