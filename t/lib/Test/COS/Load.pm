package Test::COS::Load;

=head1 NAME

Test::COS::Load - clients that ask on and on

=head1 SYNOPSIS

 use Test::COS; use Test::COS::Load;

 my $t = Test::COS->new()->plan(2);
 ...
 $t->load(sub { my ($i) = @_; return ('get', http_get('/a.txt'),
     sub { $_[0]->status == 200 }) });
 ...
 my $load = $t->load_end;
 is(join("\n", @{$load->{failed}}), '', 'no request failed');

=head1 METHODS

Added to Test::COS.

 load($code, %opt)   starts a client.  $code->($i) makes the request number $i
                     and returns what it is called, the response, and a sub
                     that says whether the response is good.  A request whose
                     connection was lost is made again.  pause => S between
                     requests, at most, at random; seed => N
 load_end            ends all clients: a hash of done => { name => number of
                     requests }, failed => [what has gone wrong, a line each],
                     cut => [[from, to, name], ...], the lost connections

=cut

use strict;
use warnings;

use Test::COS ();

use IO::Handle ();
use Time::HiRes qw/ sleep time /;

use constant TRIES => 20;

{
	no strict 'refs';
	*{"Test::COS::$_"} = \&$_ for qw/ load load_end /;
}

sub load {
	my ($t, $code, %opt) = @_;

	my $file = $t->path('load-' . (1 + @{$t->{load} || []}));
	push @{$t->{load}}, { file => $file,
		process => $t->run_daemon(sub { _client($file, $code, %opt) }) };
	return $t;
}

sub _client {
	my ($file, $code, %opt) = @_;
	my ($stop, $i, %done) = (0, 0);

	local $SIG{TERM} = sub { $stop = 1 };
	srand $opt{seed} if defined $opt{seed};
	open my $log, '>>', $file or die "cannot open $file: $!\n";
	$log->autoflush;

	until ($stop) {
		my ($name, $r, $good);

		for (1 .. TRIES) {
			my $from = time();
			($name, $r, $good) = $code->($i);
			last if $r->status && !$r->truncated;
			print {$log} "cut $from ", time(), " $name\n";
		}

		$i++;
		$done{$name}++;
		print {$log} "failed $name ", join(' ', map { defined $_ ? $_ : '-' }
			$r->status, $r->code, $r->error), sprintf(" at %.3f\n",
			time() - $^T) unless $good->($r);
		sleep rand $opt{pause} if $opt{pause};
	}

	print {$log} "done $_ $done{$_}\n" for keys %done;
}

sub load_end {
	my ($t) = @_;
	my %all = (done => {}, failed => [], cut => []);

	for my $client (splice @{$t->{load}}) {
		$client->{process}->stop('TERM', KILL => 30);
		for my $line (split /\n/, $t->read_file($client->{file})) {
			my ($what, @rest) = split ' ', $line;
			if ($what eq 'done') {
				$all{done}{$rest[0]} += $rest[1];
			} else {
				push @{$all{$what}}, $what eq 'cut' ? \@rest : $line;
			}
		}
	}

	return \%all;
}

1;
