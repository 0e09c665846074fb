#!/usr/bin/perl

# Tests for proxy_cache and keys of clients that encrypt an object.

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

my $t = Test::COS->new()->needs(qw/ proxy cache /)->needs_cos()->plan(34);

$t->cos();
$t->store_put('images-1250000000', $_, "content $_") for qw/ a b c d /;

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache one;
    proxy_cache_valid any 1m;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read sse;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
        }
    }

    server {
        listen 127.0.0.1:8082;
        proxy_cache_key key$cos_key;

        location / {
            cos_pass images-1250000000;
        }
    }
}
EOC

$t->run();

###############################################################################

my $prefix = 'x-cos-server-side-encryption-customer';
my %algorithm = ("$prefix-algorithm" => 'AES256');
my %key = ("$prefix-key" => 'MDEyMzQ1Njc4OUFCQ0RFRjAxMjM0NTY3ODlBQkNERUY=',
	"$prefix-key-MD5" => 'U5L61r7jcwdNvT7frmUG8g==');

for my $port (8080, 8082) {
	get($port, '/a', 'BYPASS', 'with a key', %algorithm, %key);
	get($port, '/a', 'MISS', 'then without');
	get($port, '/a', 'HIT', 'without, kept');
	get($port, '/a', 'BYPASS', 'with a key, not from cache', %algorithm, %key);
	get($port, '/a', 'BYPASS', 'a key alone', %key);
	get($port, '/a', 'BYPASS', 'an algorithm alone', %algorithm);
	get($port, '/a', 'BYPASS', 'upper case', map { uc, $key{$_} } keys %key);
	get($port, '/a', 'HIT', 'without, left as it was');
}

# those that COS keeps itself are not asked for by clients that read

is(scalar(my @files = grep { -f } glob $t->path('cache') . '/*'), 2,
	'two entries');
is(scalar(grep { $t->read_file($_) =~ /MDEyMzQ1|U5L61r/ } @files), 0,
	'no key in them');

###############################################################################

sub get {
	my ($port, $uri, $state, $name, %headers) = @_;
	$t->journal_clear;
	my $r = http_request(uri => $uri, port => $port, headers => \%headers);
	is($r->status . ' ' . $r->header('X-Cache'), "200 $state", "$port, $name")
		or diag "$r";
	my @e = $t->journal;
	is(join(' ', map { "$_->{verified} " . grep { lc $_->[0]
		eq "$prefix-key" } @{$_->{headers}} } @e), $state eq 'HIT' ? ''
		: '1 ' . (grep({ lc eq "$prefix-key" } keys %headers) ? 1 : 0),
		"$port, $name, sent");
}

###############################################################################
