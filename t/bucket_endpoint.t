#!/usr/bin/perl

# Tests for endpoint, force_path_style and protocol of cos_bucket.

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

my $t = Test::COS->new()->plan(25);

my @bucket = map { { name => "$_-1250000000", region => 'ap-guangzhou',
	hosts => ["$_-1250000000.other.example.com"],
	$_ eq 'path' ? (path_style => 1) : $_ eq 'both' ? (path_style => 1,
		path_hosts => ['both-1250000000.cos.example.com']) : $_ eq 'gate'
		? (path_style => 1, path_hosts => ['cos.example.com']) : () } }
	qw/ addr name path gate both svc other /;

$t->cos(buckets => \@bucket);
$t->cos(port => 8082, dir => 8081, buckets => \@bucket);
$t->store_put($_->{name}, 'a.txt', $_->{name}) for @bucket;
$t->store_put($_->{name}, 'b/c d.txt', 'deep') for @bucket;

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket addr-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket name-1250000000 ap-guangzhou protocol=http
               endpoint=localhost:8081;
    cos_bucket path-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 force_path_style;
    cos_bucket gate-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 force_path_style
               domain=cos.example.com:8000;
    cos_bucket both-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 force_path_style
               "domain={Bucket}.cos.example.com";
    cos_bucket other-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1 "domain={Bucket}.other.example.com:%%PORT_8082%%";

    cos_allow read list;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass path_style;
        }

        location = /service {
            cos_pass service protocol=http endpoint=127.0.0.1:8081;
            cos_allow GetService;
        }

        location = /own {
            cos_pass service protocol=http endpoint=127.0.0.1:8081
                     domain=service.cos.tencentcos.cn;
            cos_allow GetService;
        }
    }
}

EOF

$t->run();

my $virtual = '1250000000.cos.ap-guangzhou.myqcloud.com';
my $port = $t->port(8082);

try('addr', "addr-$virtual", '/a.txt', 8081);
try('name', "name-$virtual", '/a.txt', 8081);

# the bucket is in the path, and what is signed is that path

try('path', 'cos.ap-guangzhou.myqcloud.com', '/path-1250000000/a.txt', 8081);
try('gate', 'cos.example.com:8000', '/gate-1250000000/a.txt', 8081);
try('both', 'both-1250000000.cos.example.com', '/both-1250000000/a.txt', 8081);

for my $name (qw/ path gate both /) {
	is(http_get("/$name-1250000000/b/c%20d.txt")->body, 'deep',
		"$name deep key");
	my $r = http_get("/$name-1250000000/?prefix=b%2F");
	like($r->body, qr!<Key>b/c d.txt</Key>!, "$name list");
	is(($t->journal)[-1]{target}, "/$name-1250000000/?prefix=b%2F",
		"$name list target");
}

# the port of the template when the endpoint has none

try('other', "other-1250000000.other.example.com:$port", '/a.txt', 8082);

# the service

for my $case (['/service', 'service.cos.myqcloud.com'],
	['/own', 'service.cos.tencentcos.cn'])
{
	$t->journal_clear;
	my $r = http_get($case->[0]);
	my ($e) = $t->journal;
	like($r->body, qr/<ListAllMyBucketsResult/, "$case->[0] service") or diag $r;
	is("$e->{verified} $e->{host} $e->{target}", "1 $case->[1] /",
		"$case->[0] host");
}

###############################################################################

sub try {
	my ($name, $host, $target, $cos) = @_;
	$t->journal_clear($cos);
	is(http_get("/$name-1250000000/a.txt")->body, "$name-1250000000", $name);
	my ($e) = $t->journal($cos);
	is("$e->{verified} $e->{host} $e->{target} $e->{header_list}",
		"1 $host $target host", "$name request");
}

###############################################################################
