package Bench::Count;

# Instructions of the worker for one request, and in which functions.

use strict;
use warnings;

use Bench::Callgrind;
use Bench::HTTP;
use Bench::Scenario;

use File::Path qw/ make_path /;

# of one measurement, and how often it is done: the median is taken, since an
# upstream connection that is closed a moment sooner or later counts a little
use constant { REQUESTS => 200, TIMES => 3 };

# what must not run when the cache answers, and must run when it does not
my $SIGNING = qr/:(?:cos_(?:sign|hmac|sha1|hex)\w*
	|ngx_http_cos_(?:sign_request|sign_key|authorization_variable))\z/x;
my $CRYPTO = qr/\A(?:libcrypto|libssl)\b/;

# [SIDE, URI] ...; { total, low, high, signing, crypto, self, inclusive } for
# each

sub run {
	my ($scenario, $targets, %opt) = @_;
	my $dir = "$scenario->{dir}/count";
	make_path($dir);
	unlink glob "$dir/callgrind.out*";

	my $front = $scenario->front(under => [Bench::Callgrind::command($dir)],
		%opt);
	$front->start;

	for my $target (@$targets) {
		my ($side, $uri) = @$target;
		my $http = Bench::HTTP->new($scenario->{$side});
		$http->get($uri) for 1 .. 50;
		for my $n (map { ($_, 2 * $_) } (REQUESTS) x TIMES) {
			$http->get('/mark');
			$http->get($uri) for 1 .. $n;
		}
		$http->get('/mark');
	}
	$front->stop;

	# The first part of each target is its warm-up, with what came before.  In the
	# others what they have of two marks cancels.

	my @parts = Bench::Callgrind::parts($dir);
	die "callgrind wrote " . @parts . " parts\n"
		if @parts != @$targets * (1 + 2 * TIMES);

	my @result;
	for (@$targets) {
		my @counts;
		shift @parts;
		for my $time (1 .. TIMES) {
			my ($one, $two) = map { Bench::Callgrind::read_part($_) }
				splice @parts, 0, 2;
			push @counts, Bench::Callgrind::difference($one, $two, REQUESTS);
		}
		@counts = sort { $a->{total} <=> $b->{total} } @counts;

		my $count = $counts[TIMES / 2];
		my $sum = sub {
			my ($pattern) = @_;
			my $sum = 0;
			$sum += $count->{self}{$_} for grep { /$pattern/ }
				keys %{$count->{self}};
			return $sum;
		};
		push @result, { %$count,
			low => $counts[0]{total}, high => $counts[-1]{total},
			signing => $sum->($SIGNING), crypto => $sum->($CRYPTO) };
	}
	return @result;
}

###############################################################################

# the pairs that exist in this tree; the name is that of the bound

sub cases {
	my ($scenario) = @_;
	my $uri = Bench::Scenario::OBJECT;
	my @cases = (
		[ 'miss', 'miss', "/miss/$uri" ],
		[ 'kept', 'miss, kept connection', "/kept/$uri" ],
		[ 'token', 'miss, 1.5 KB token, 10 parameters',
			"/token/$uri?" . Bench::Scenario::QUERY ],
		[ 'hit', 'cache hit', "/hit/$uri" ],
	);
	@cases = grep { $_->[0] ne 'kept' } @cases unless $scenario->{pool};

	return map { { name => $_->[0], title => $_->[1], uri => $_->[2] } } @cases;
}

# { NAME => { limit => 8000, percent => 0, crypto => 1 }, ... }; without
# "crypto", instructions of libcrypto are not counted

sub bounds {
	my ($file) = @_;
	my %bounds;
	open my $fh, '<', $file or die "cannot read $file: $!\n";
	while (my $line = readline $fh) {
		$line =~ s/#.*//;
		next unless $line =~ /\S/;
		$line =~ /\A(\w+)\s+(\d+)(%?)(\s+without\s+libcrypto)?\s*\z/
			or die "$file: $line";
		$bounds{$1} = { limit => $2, percent => $3, crypto => !$4 };
	}
	return \%bounds;
}

# what is wrong with a case, a sentence each

sub faults {
	my ($case, $plain, $cos, $bound) = @_;
	my @faults;

	my $limit = $bound->{limit};
	$limit *= $plain->{total} / 100 if $bound->{percent};
	my $more = $cos->{total} - $plain->{total};
	$more -= $cos->{crypto} - $plain->{crypto} unless $bound->{crypto};

	push @faults, sprintf '%s: %.0f instructions above proxy_pass%s, '
		. 'the bound is %.0f', $case->{title}, $more,
		$bound->{crypto} ? '' : ' without libcrypto', $limit
		if $more > $limit;

	if ($case->{name} eq 'hit') {
		push @faults, sprintf '%s: %.1f instructions of signing, '
			. '%.1f of libcrypto', $case->{title}, $cos->{signing},
			$cos->{crypto}
			if $cos->{signing} || $cos->{crypto} != $plain->{crypto};

	} elsif (!$cos->{signing} || !$cos->{crypto}) {
		# then the names above are no longer those of the functions
		push @faults, "$case->{title}: no function that signs was seen";
	}

	return @faults;
}

1;
