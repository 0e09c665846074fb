#!/usr/bin/perl

# Tests for provider http: sts.php of the user.

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

my $t = Test::COS->new()->plan(28);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->store_put('videos-1250000000', 'a.txt', 'video');
$t->issuer(require => { 'X-Secret' => 'open sesame' }, paths => [qr!^/!]);
$t->issuer(port => 8090, tls => 1);
$t->issuer(port => 8091, tls => 'expired');
$t->issuer(port => 8092, tls => 'wrong_name');
$t->issuer(port => 8093, tls => 'unknown_ca');

my $url = $t->issuer_url;
my ($blocks, $locations) = ('', '');
my %tls = (good => 8090, expired => 8091, name => 8092, ca => 8093,
	untrusted => 8090, plain => 8090);
for my $name (sort keys %tls) {
	my $source = $t->issuer_url($tls{$name});
	$source =~ s/https/http/ if $name eq 'plain';
	my $trusted = $name eq 'untrusted' ? ''
		: 'trusted_certificate ' . $t->issuer_ca($tls{$name}) . ';';
	$blocks .= "cos_credentials $name { provider http $source/sts.php;"
		. " $trusted }\n";
	$locations .= "location /$name/ { cos_pass images-1250000000/ "
		. "credentials=$name; }\n";
}

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials php {
        provider http "$url/{Region}/sts.php?b={Bucket}&r={Region}&x=%20";
        header "X-Secret: open sesame";
        header "X-Other: 1";
    }
    cos_credentials wrong { provider http "$url/wrong";
                            header "X-Secret: shut"; }
    $blocks
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=php;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081 credentials=php;
    cos_wait 3s;
    server {
        listen 127.0.0.1:8080;
        cos_allow read list;
        location / { cos_pass images-1250000000; }
        location /videos/ { cos_pass videos-1250000000; }
        location /wrong/ { cos_pass images-1250000000/ credentials=wrong;
                           cos_wait 0; }
        $locations
    }
}
EOF
$t->run();

is(http_get('/a.txt')->body, 'hello', 'read');
is(http_get('/videos/a.txt')->body, 'video', 'another bucket');
my @used = map { $_->{secret_id} } $t->journal;
is(scalar(grep { !$_->{verified} } $t->journal), 0, 'verified');
isnt($used[0], $used[1], 'each has its own');

my @php = sort { $a->{target} cmp $b->{target} }
	grep { $_->{target} =~ /sts/ } $t->issuer_journal;
is(scalar @php, 2, 'two fetches');
is($php[0]{target},
	'/ap-guangzhou/sts.php?b=images-1250000000&r=ap-guangzhou&x=%20',
	'placeholders');
is($php[1]{target},
	'/ap-shanghai/sts.php?b=videos-1250000000&r=ap-shanghai&x=%20',
	'placeholders of the other');
is(header($php[0], 'X-Secret'), 'open sesame', 'header');
is(header($php[0], 'X-Other'), 1, 'another header');
is($php[0]{method}, 'GET', 'method');

is(http_get('/wrong/a.txt')->status, 503, 'wrong header');
ok($t->waitforlog(qr/"wrong" could not be updated from "http": status 401/),
	'status 401');

# TLS

is(http_get('/good/a.txt')->body, 'hello', 'https') or diag $t->error_log;
is(($t->journal)[-1]{verified}, 1, 'https verified');
for my $name (qw/ expired name ca untrusted plain /) {
	my $re = qr/"$name" could not be updated from "http": (.*), next/;
	ok($t->waitforlog($re, 3), "$name: refused");
	my ($reason) = $t->error_log =~ $re;
	like($reason || '', $name eq 'plain' ? qr/./ : qr/SSL|certificate/i,
		"$name: reason");
}
is(join(' ', map { $t->issuer_journal($_) } 8091 .. 8093), '',
	'nothing asked of a stranger');
is(scalar(() = $t->issuer_journal(8090)), 1, 'but of the right one');
is(join(' ', map { $_->status }
	map { http_get("/$_/a.txt") } qw/ expired /), 503, 'and no request');
unlike($t->error_log, qr/open sesame/, 'header is not in the log');

###############################################################################

sub header {
	my ($entry, $name) = @_;
	my ($value) = map { $_->[1] } grep { lc $_->[0] eq lc $name }
		@{$entry->{headers}};
	return $value;
}

###############################################################################
