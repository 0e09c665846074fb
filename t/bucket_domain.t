#!/usr/bin/perl

# Tests for what COS receives as Host: domain templates of cos_bucket.

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

my $t = Test::COS->new();

# bucket, region, parameters, Host

my @cases = (

# defaults

['a-1', 'ap-guangzhou', '', 'a-1.cos.ap-guangzhou.myqcloud.com'],
['b-c-1', 'r', 'alias=b', 'b-c-1.cos.r.myqcloud.com'],
['acc-1', 'ap-guangzhou', 'use_accelerate',
	'acc-1.cos.accelerate.myqcloud.com'],
['old1-1', 'cn-south', '', 'old1-1.cn-south.myqcloud.com'],
['old2-1', 'cn-south-2', '', 'old2-1.cn-south-2.myqcloud.com'],
['old3-1', 'cn-north', '', 'old3-1.cn-north.myqcloud.com'],
['old4-1', 'cn-east', '', 'old4-1.cn-east.myqcloud.com'],
['old5-1', 'cn-southwest', '', 'old5-1.cn-southwest.myqcloud.com'],
['old6-1', 'sg', '', 'old6-1.sg.myqcloud.com'],
['new1-1', 'cn-south-1', '', 'new1-1.cos.cn-south-1.myqcloud.com'],
['new2-1', 'cn', '', 'new2-1.cos.cn.myqcloud.com'],
['acc2-1', 'cn-south', 'use_accelerate', 'acc2-1.cos.accelerate.myqcloud.com'],

# placeholders

['p1-12', 'r', 'domain={Bucket}.x.com', 'p1-12.x.com'],
['p2-12', 'r', 'domain={{Bucket}}.x.com', 'p2.x.com'],
['p3-12', 'r', 'domain={{Bucket}}-{{AppId}}.{{Region}}.x.com', 'p3-12.r.x.com'],
['p4-12', 'r', 'domain={BucketName}.{AppId}.x.com', 'p4.12.x.com'],
['p-5-12', 'r', 'domain={BucketName}.x.com', 'p-5.x.com'],
['p6-12', 'r', 'domain={Bucket}.{Region}.x.com', 'p6-12.r.x.com'],
['p7-12', 'r', 'use_accelerate domain={Bucket}.{Region}.x.com',
	'p7-12.accelerate.x.com'],
['p8-12', 'r', 'domain={{Bucket}}.{{Region}}.x.com use_accelerate',
	'p8.accelerate.x.com'],
['p9-12', 'r', 'domain={bucket}.{REGION}.{appid}.x.com', 'p9-12.r.12.x.com'],
['p10-12', 'r', 'domain={{BUCKET}}.{{region}}.{{APPID}}.x.com',
	'p10.r.12.x.com'],
['p11-12', 'r', 'domain={bucketname}.x.com', 'p11.x.com'],
['p12-12', 'r', 'domain={Bucket}.{Bucket}.x.com', 'p12-12.p12-12.x.com'],
['p13-12', 'r', 'domain=Files-{Bucket}.X.Com', 'files-p13-12.x.com'],
['p14-12', 'r', 'domain={Bucket}', 'p14-12'],
['p15-12', 'cn-south', 'domain={Bucket}.{Region}.x.com',
	'p15-12.cn-south.x.com'],

# ports: the usual one is left out, as clients do

['port1-1', 'r', 'domain={Bucket}.x.com:8000', 'port1-1.x.com:8000'],
['port2-1', 'r', 'domain={Bucket}.x.com:80', 'port2-1.x.com'],
['port3-1', 'r', 'domain={Bucket}.x.com:443', 'port3-1.x.com:443'],
);

$t->plan(5 * @cases + 2);

my $conf = '';
for my $case (@cases) {
	my ($bucket, $region, $params) = @$case;
	$params =~ s/(domain=\S+)/"$1"/;
	$conf .= "cos_bucket $bucket $region protocol=http"
		. " endpoint=127.0.0.1:8081 $params;\n";
}

$t->cos(buckets => [ map { { name => $_->[0], region => $_->[1],
	hosts => [$_->[3] =~ s/:\d+$//r] } } @cases ]);

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $conf

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass path_style;
            add_header X-Host "\$cos_host|\$cos_bucket|\$cos_region" always;
        }
    }
}

EOF

$t->run();

for my $case (@cases) {
	my ($bucket, $region, $params, $host) = @$case;

	$t->store_put($bucket, 'a.txt', $bucket);
	$t->journal_clear;
	my $r = http_get("/$bucket/a.txt");
	my ($e) = $t->journal;

	is($r->body, $bucket, "$bucket $region $params");
	is($r->header('x-host'), "$host|$bucket|$region", "$bucket variables");
	is("$e->{verified} $e->{target}", '1 /a.txt', "$bucket request");
	is($e->{host}, $host, "$bucket host");
	like($e->{http_string}, qr/^host=\Q@{[$host =~ s!:!%3A!r]}\E$/m,
		"$bucket signed");
}

# by its alias, and by no other name

is(http_get('/b/a.txt')->body, 'b-c-1', 'alias');
is(http_get('/a/a.txt')->code, 'NoSuchBucket', 'short name is no alias');

###############################################################################
