#!/usr/bin/perl

# Tests for HTTP/2 clients.

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

my $t = Test::COS->new()->needs(qw/ proxy cache slice ssl http_v2 /)
	->needs_cos();

my $curl = `curl -q --version 2>/dev/null` || '';
$t->skip_all('no curl with HTTP/2') unless $curl =~ /^Features:.*\bHTTP2\b/m;

$t->plan(40);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'of images',
	'Content-Type' => 'text/plain');
$t->store_put('videos-1250000000', 'a.txt', 'of videos');
$t->store_put('images-1250000000', 'long', join '', map { sprintf '%04d', $_ }
	0 .. 999);

my $tls = $t->make_ca(names => ['localhost']);
my ($listen, $on) = $t->version_at_least('1.25.1') ? ('', 'http2 on;')
	: (' http2', '');

$t->write_conf(<<"EOC");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou alias=images protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai alias=videos protocol=http
               endpoint=127.0.0.1:8081;

    log_format conn 'h2 \$connection \$server_protocol \$uri';
    access_log %%TESTDIR%%/access.log conn;

    server {
        listen 127.0.0.1:8080$listen;
        listen 127.0.0.1:8082 ssl$listen;
        $on
        ssl_certificate $tls->{cert};
        ssl_certificate_key $tls->{key};

        location / {
            cos_pass path_style;
            cos_allow read write;
        }

        location /unbuffered/ {
            proxy_request_buffering off;
            cos_pass images-1250000000/;
            cos_allow read write;
        }

        location /host/ {
            cos_pass host_style;
        }

        location /slice/ {
            slice 1000;
            proxy_set_header Range \$slice_range;
            proxy_cache one;
            proxy_cache_key \$cos_key\$slice_range;
            proxy_cache_valid 200 206 1m;
            cos_pass images-1250000000/;
        }
    }
}
EOC

$t->run();

my $url = 'http://127.0.0.1:' . $t->port(8080);

###############################################################################

my $r = curl("$url/images/a.txt");
is($r->{body}, 'of images', 'get');
is($r->{version}, '2', 'get, version');
is(sent(), 'images GET /a.txt', 'get, sent');

$r = curl('-I', "$url/images/a.txt");
is($r->{status}, 200, 'head');
is($r->{headers}{'content-length'}, 9, 'head, length');
is(sent(), 'images HEAD /a.txt', 'head, sent');

$r = curl('-H', 'Range: bytes=3-', "$url/images/a.txt");
is($r->{status} . $r->{body}, '206images', 'range');
sent();

# errors, with and without a body

$r = curl("$url/images/nope");
is($r->{status}, 404, 'nothing there');
like($r->{body}, qr/NoSuchKey/, 'nothing there, body');
sent();

$r = curl('-X', 'DELETE', "$url/images/a.txt");
is($r->{status}, 403, 'refused');
like($r->{body}, qr/<Code>AccessDenied/, 'refused, body');
ok($r->{headers}{'x-cos-request-id'}, 'refused, id');

$r = curl('-I', "$url/nope/a.txt");
is($r->{status} . $r->{body}, '404', 'refused head');
is(sent(), '', 'refused, nothing sent');

# uploads: known length, unknown length, long, unbuffered

$t->write_file('small', 'small body');
$t->write_file('big', join '', map { sprintf '%08d', $_ } 1 .. 100_000);

for my $where ('images', 'unbuffered') {
	for my $file ('small', 'big') {
		my $path = $t->path($file);
		$r = curl('-T', $path, "$url/$where/$file-known");
		is($r->{status}, 200, "put $file, $where");
		$r = curl('-T', '-', '-H', 'x-cos-meta-a: b', '-H',
			'Content-Type: a/b', "$url/$where/$file-unknown", "<$path");
		is($r->{status}, 200, "put $file of unknown length, $where");
		is(sent(), "images PUT /$file-known, images PUT /$file-unknown",
			"put $file, $where, sent");
		ok($t->store_get('images-1250000000', "$file-known")
			eq $t->read_file($file)
			&& $t->store_get('images-1250000000', "$file-unknown")
			eq $t->read_file($file), "put $file, $where, stored");
		$t->store->delete('images-1250000000', "$file-$_")
			for 'known', 'unknown';
	}
}

# keys that have to be escaped

my $key = "a b+c%?&#'()!*@=~,;:\$/\xe4\xb8\xad";
my $escaped = join '', map { /[A-Za-z0-9\/]/ ? $_ : sprintf '%%%02X', ord }
	split //, $key;

$r = curl('-T', $t->path('small'), "$url/images/$escaped");
is($r->{status}, 200, 'put of a key to escape');
is($t->store_get('images-1250000000', $key), 'small body',
	'put of a key to escape, stored');
$r = curl("$url/images/$escaped");
is($r->{body}, 'small body', 'get of a key to escape');
sent();

# the bucket by :authority

$r = curl('-H', 'Host: videos.example.com', "$url/host/a.txt");
is($r->{body}, 'of videos', 'host style');
is(sent(), 'videos GET /a.txt', 'host style, sent');

# streams of one connection do not mix

$url = 'https://127.0.0.1:' . $t->port(8082);
my $out = run('--parallel', '--no-progress-meter', map { ("$url$_", '-o', '-') }
	(qw! /images/a.txt /videos/a.txt /slice/long !) x 5);
is(join(' ', map { scalar(() = $out =~ /$_/g) } 'of images', 'of videos',
	'09990?'), '5 5 5', 'streams');
my %h2 = map { $_ => 1 } $t->access_log =~ /^(h2 \d+) \S+ .slice.long/mg;
is(scalar(keys %h2), 1, 'streams of one connection');
my @j = $t->journal;
is(scalar(grep { !$_->{verified} } @j), 0, 'streams, signed');
is(scalar(grep { $_->{key} eq 'a.txt' } @j), 10, 'streams, sent');
cmp_ok(scalar(grep { $_->{key} eq 'long' } @j), '>=', 4,
	'streams, slices sent');

###############################################################################

# what curl prints; the last argument may be "<FILE" for its input

sub run {
	my @args = @_;
	my $stdin = $args[-1] =~ /\A</ ? substr pop @args, 1 : '/dev/null';

	open my $save, '<&', \*STDIN or die "cannot keep the input: $!\n";
	open STDIN, '<', $stdin or die "cannot read $stdin: $!\n";
	open my $fh, '-|', 'curl', '-q', '-sS', '-k', '--noproxy', '*',
		'--path-as-is', '-m', '20', grep({ /\Ahttps:/ } @args)
		? '--http2' : '--http2-prior-knowledge', @args
		or die "cannot run curl: $!\n";
	my $text = do { local $/; readline $fh };
	close $fh;
	open STDIN, '<&', $save or die "cannot restore the input: $!\n";

	return defined $text ? $text : '';
}

sub curl {
	my $text = run($_[0] eq '-I' ? () : ('-D', '-'), '-w',
		'\n%{http_code} %{http_version}', @_);
	my %r = (headers => {});
	@r{qw/ status version /} = ($1, $2)
		if $text =~ s/\n(\d+) ([\d.]+)\z//;
	while ($text =~ s!\AHTTP/[\d.]+ \d+[^\n]*\n(.*?)\r\n\r\n!!s) {
		$r{headers} = { map { /\A([^:]+):\s*(.*?)\s*\z/ ? (lc $1 => $2) : () }
			split /\r\n/, $1 };
	}
	$r{body} = $text;
	return \%r;
}

sub sent {
	my @j = $t->journal;
	$t->journal_clear();
	return join ', ', map { ($_->{bucket} =~ /^(\w+)/)[0] . ($_->{verified}
		? '' : ' unsigned') . " $_->{method} $_->{target}" } @j;
}

###############################################################################
