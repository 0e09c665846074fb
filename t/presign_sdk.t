#!/usr/bin/perl

# Tests that the official Node.js SDK makes the same links.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib', 'sdk';
use Test::COS;
use Node;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos());
$t->plan(33);

my $token = 'token-_' . 'x' x 1500;

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
		{ secret_id => 'AKIDtemporary_-1', secret_key => 'TemporaryKey',
			token => $token }],
	buckets => [{ name => 'images-1250000000', region => 'ap-guangzhou' },
		{ name => 'videos-1250000000', region => 'ap-shanghai',
			hosts => ['{Bucket}.private.example.com'] }]);

$t->write_conf(<<'EOF' =~ s/TOKEN/$token/r);
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    access_log off;
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials temporary { provider static; token TOKEN;
                                secret_id AKIDtemporary_-1;
                                secret_key TemporaryKey; }
    cos_bucket images-1250000000 ap-guangzhou credentials=app
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 credentials=temporary
               "domain={Bucket}.private.example.com";
    cos_allow read image response_override;
    server {
        listen 127.0.0.1:8080;
        location /images/ { cos_pass images-1250000000/;
                            return 302 $cos_presigned_url; }
        location /videos/ { cos_pass videos-1250000000/;
                            return 302 $cos_presigned_url; }
    }
}
EOF
$t->run();

my %of = (
	images => { secretId => SECRET_ID, secretKey => SECRET_KEY,
		bucket => 'images-1250000000', region => 'ap-guangzhou',
		protocol => 'https:' },
	videos => { secretId => 'AKIDtemporary_-1', secretKey => 'TemporaryKey',
		bucket => 'videos-1250000000', region => 'ap-shanghai',
		protocol => 'http:', domain => '{Bucket}.private.example.com',
		token => $token },
);

my $utf8 = "\x{4e2d}\x{6587} \x{1f600}";
my @requests = map { my $dir = $_; map { [$dir, @$_] }
	['GET', 'a.jpg'],
	['HEAD', 'a.jpg'],
	['GET', "$utf8/a b+c%&=#?(1)!*'~.jpg"],
	['GET', 'a.jpg', 'response-content-type' => 'text/plain; charset=utf-8',
		'response-content-disposition' => "attachment; filename=\"$utf8\""],
	['GET', 'a.jpg', 'imageMogr2/thumbnail/!50p|watermark/2' => ''],
	['GET', 'a.jpg', versionId => 'MTg0NDUx', 'imageView2/1/w/100' => '',
		'response-expires' => 'Thu, 01 Dec 1994 16:00:00 GMT'],
	['GET', 'a.jpg', 'ci-process' => 'snapshot', time => '1.5'],
} qw/ images videos /;

my (@cases, @got, @times);

for my $request (@requests) {
	my ($dir, $method, $key, %query) = @$request;
	my $uri = "/$dir/" . escape($key) =~ s/%2F/\//gr;
	$uri .= '?' . join '&', map { escape($_) . ($query{$_} eq '' ? ''
		: '=' . escape($query{$_})) } sort keys %query if %query;

	push @times, time();
	my $r = http_request(method => $method, uri => $uri);
	push @times, time();
	my $link = $r->header('Location');
	push @got, $link;

	my $token = $of{$dir}{token};
	$query{'x-cos-security-token'} = $token if $token;
	push @cases, { %{$of{$dir}}, key => $key, method => $method,
		query => \%query,
		keyTime => $link =~ /q-key-time=(\d+)%3B(\d+)/ ? "$1;$2" : '1;2' };
}

my $expected = Node::run($t, 'presign.js', \@cases);

for my $n (0 .. $#requests) {
	my $name = substr join(' ', @{$requests[$n]}), 0, 60;
	$name =~ s/[^ -~]/?/g;
	my ($got, $want) = ($got[$n], $expected->[$n]{url});
	is($got =~ s/\?.*//r, ($want || '') =~ s/\?.*//r, "$name, address");
	is_deeply(query($got), query($want), "$name, query")
		or diag explain $expected->[$n];
}

$cases[0]{key} .= 'x';
isnt(query(Node::run($t, 'presign.js', [$cases[0]])->[0]{url})
	->{'q-signature'}, query($got[0])->{'q-signature'}, 'another key');

# what Node leaves as it is or writes in lower case is the same when decoded

like($got[0], qr/^[\w.~:\/?&=%-]+$/, 'characters of a URL');

my ($start, $end) = $got[0] =~ /q-sign-time=(\d+)%3B(\d+)/;
is($end - $start, 960, 'fifteen minutes, and one in the past');
ok($start + 60 >= $times[0] - 1 && $start + 60 <= $times[1] + 1, 'from then');
like($got[7], qr/x-cos-security-token=\Q$token\E(?:&|$)/, 'token');

###############################################################################

sub escape {
	my ($text) = @_;
	utf8::encode($text);
	return $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger;
}

sub query {
	my ($url) = @_;
	my %query;
	for my $pair (split /&/, ($url || '') =~ s/^[^?]*\??//r) {
		my ($name, $value) = map { s/%([0-9A-Fa-f]{2})/chr hex $1/ger }
			split(/=/, $pair, 2), '';
		$query{$name} = exists $query{$name} ? 'twice' : $value;
	}
	return \%query;
}

###############################################################################
