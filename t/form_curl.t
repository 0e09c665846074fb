#!/usr/bin/perl

# Tests for forms that curl sends, with HTTP/1.1 and HTTP/2.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ ssl http_v2 /)->needs_cos();

my $curl = `curl -q --version 2>/dev/null` || '';
$t->skip_all('no curl with HTTP/2') unless $curl =~ /^Features:.*\bHTTP2\b/m;

$t->plan(64);

$t->cos();

my $tls = $t->make_ca(names => ['localhost']);
my ($listen, $on) = $t->version_at_least('1.25.1') ? ('', 'http2 on;')
	: (' http2', '');

$t->write_conf(<<"EOC");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 10m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow  PostObject;

    server {
        listen 127.0.0.1:8080;
        listen 127.0.0.1:8082 ssl$listen;
        $on
        ssl_certificate $tls->{cert};
        ssl_certificate_key $tls->{key};

        location /on/ {
            cos_pass  images-1250000000;
        }

        location /off/ {
            cos_pass  images-1250000000;
            proxy_request_buffering off;
        }
    }
}
EOC

$t->run();

my $bucket = 'images-1250000000';
my @files = (['empty', 0], ['preread', 60000],
	['large', 5000000]);
for my $file (@files) {
	$t->write_file($file->[0], join '', map { pack 'N', $_ * 2654435761
		% 4294967296 } 1 .. $file->[1] / 4);
}

$t->write_file('truncated', substr form_body([key => 'truncated'],
	$t->read_file('large')), 0, -4);

my @versions = (['--http1.1', 'http://127.0.0.1:' . $t->port(8080)],
	['--http2', 'https://127.0.0.1:' . $t->port(8082)]);

###############################################################################

for my $version (@versions) {
	my ($option, $url) = @$version;

	for my $where (qw/ on off /) {
		for my $file (map { $_->[0] } @files) {
			my $name = "$option $where $file";

			# with a length, and without

			my $path = $t->path($file);
			is(curl($option, '-F', "key=$name", '-F', "file=\@$path",
				"$url/$where/"), "204", $name);
			ok($t->store_get($bucket, $name) eq $t->read_file($file),
				"$name, stored");
			is(curl($option, '-H', 'Transfer-Encoding: chunked', '-H',
				'Content-Length:', '-F', "key=$name chunked", '-F',
				"file=\@$path", "$url/$where/"), '204', "$name chunked");
			ok($t->store_get($bucket, "$name chunked")
				eq $t->read_file($file), "$name chunked, stored");
		}
	}

	# what is bad

	my $path = $t->path('large');
	is(curl($option, '-F', 'key=a', '-F', "photo=\@$path", "$url/off/"),
		'400', "$option another name");
	is(curl($option, '-F', "file=\@$path", '-F', 'key=a', "$url/on/"),
		'400', "$option file first");
	for my $where (qw/ on off /) {
		is(curl($option, '-H', "Expect:", '-H', 'Content-Type: ' . form_type(),
			'--data-binary', '@' . $t->path('truncated'),
			"$url/$where/"), '400', "$option $where truncated");
		is(curl($option, '-H', 'Transfer-Encoding: chunked', '-H',
			'Content-Length:', '-H', 'Content-Type: ' . form_type(),
			'--data-binary', '@' . $t->path('truncated'),
			"$url/$where/"), '400', "$option $where truncated chunked");
	}
	is($t->store_get($bucket, 'truncated'), undef,
		"$option truncated, not stored");
}

my @j = grep { $_->{status} eq '204' } $t->journal;
is(scalar(@j), 24, 'sent');
is(scalar(grep { !$_->{verified} } @j), 0, 'signed');

###############################################################################

sub curl {
	open my $fh, '-|', 'curl', '-q', '-sS', '-k', '--noproxy', '*', '-m', '20',
		'-o', '/dev/null', '-w', '%{http_code} %{http_version}', @_
		or die "cannot run curl: $!\n";
	local $/;
	my $text = readline $fh;
	return '' unless defined $text;
	my $version = $_[0] eq '--http2' ? '2' : '1.1';
	return $text =~ s/ $version\z//r;
}

###############################################################################
