#!/usr/bin/perl

# Tests for path_style, host_style and service.

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

my $t = Test::COS->new()->needs_cos()->plan(63);

$t->cos();
$t->store_put('images-1250000000', 'a', 'images a');
$t->store_put('videos-1250000000', 'a', 'videos a');
$t->store_put('images-1250000000', 'videos/a', 'videos folder');

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai alias=videos protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read list;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass path_style;
        }

        location /cos/ {
            cos_pass path_style;
        }

        location /bare {
            cos_pass path_style;
        }

        location /some/ {
            cos_pass path_style images-1250000000;
        }

        location /alias/ {
            cos_pass path_style videos;
        }
    }

    server {
        listen 127.0.0.1:8082;

        location / {
            cos_pass host_style;
        }

        location /some/ {
            cos_pass host_style videos-1250000000;
        }
    }

    server {
        listen 127.0.0.1:8083;

        location / {
            cos_pass service protocol=http endpoint=127.0.0.1:8081;
        }

        location /buckets {
            cos_pass service protocol=http endpoint=127.0.0.1:8081
                     domain=cos.ap-guangzhou.myqcloud.com;
        }

        location /all/ {
            cos_pass  service protocol=http endpoint=127.0.0.1:8081;
            cos_allow read write list delete PutBucket DeleteBucket
                      GetBucketACL acl;
        }

        location /default/ {
            cos_pass  service protocol=http endpoint=127.0.0.1:8081;
            cos_allow read;
        }
    }
}

EOC

$t->run();

my %host = ('images-1250000000' => '.cos.ap-guangzhou.myqcloud.com',
	'videos-1250000000' => '.cos.ap-shanghai.myqcloud.com');
my $root = 'GetBucket';

###############################################################################

# path style

is(path('/images-1250000000/a'), 'images-1250000000 a', 'bucket');
is(path('/videos-1250000000/a'), 'videos-1250000000 a', 'other bucket');
is(path('/videos/a'), 'videos-1250000000 a', 'alias');
is(path('/images-1250000000/videos/a'), 'images-1250000000 videos/a',
	'an alias within a key');
is(path('/%69mages-1250000000/a'), 'images-1250000000 a', 'escaped');
is(path('/videos%2Fa'), 'videos-1250000000 a', 'escaped slash');
is(path('/cos/videos/a/b'), 'videos-1250000000 a/b', 'below a location');
is(path('/bare/videos/a'), 'videos-1250000000 a', 'below a bare location');
is(path('/some/images-1250000000/a'), 'images-1250000000 a', 'in the list');
is(path('/alias/videos-1250000000/a'), 'videos-1250000000 a',
	'alias in the list');

is(path('/videos/'), "videos-1250000000 $root", 'root');
is(path('/videos'), "videos-1250000000 $root", 'root without a slash');
is(path('/cos/videos'), "videos-1250000000 $root", 'root below a location');
is(path('/videos?prefix=a'), "videos-1250000000 $root", 'root and query');
is(($t->journal)[-1]{target}, '/?prefix=a', 'root target');

is(path($_), '404 NoSuchBucket', "$_ unknown") for '/', '/unknown-1250000000/a',
	'/images/a', '/images-125000000/a', '/images-12500000000/a',
	'/IMAGES-1250000000/a', '/Videos/a', '/images-1250000000x/a',
	'/images-1250000000%20/a', '/images-1250000000.cos/a', '/cos/',
	'/cos/unknown-1250000000/a', '/some/videos/a', '/some/', '/$cos_bucket/a',
	'/some/videos-1250000000/a', '/alias/images-1250000000/a', '/.../a';
is(path('/cos'), '301 ', 'redirected by nginx');
is(path('/images-1250000000/../videos/a'), '400 InvalidURI',
	'from bucket to bucket');

# host style

is(host('/a', 'images-1250000000.example.com'), 'images-1250000000 a',
	'label');
is(host('/a', 'videos.example.com'), 'videos-1250000000 a', 'alias label');
is(host('/a', 'videos'), 'videos-1250000000 a', 'only a label');
is(host('/a', 'VIDEOS.Example.com'), 'videos-1250000000 a', 'upper case');
is(host('/a', 'videos.example.com:8080'), 'videos-1250000000 a', 'port');
is(host('/a', 'videos.example.com.'), 'videos-1250000000 a', 'trailing dot');
is(host('/', 'videos.example.com'), "videos-1250000000 $root", 'host root');
is(host('/images-1250000000/a', 'videos.example.com'),
	'videos-1250000000 images-1250000000/a', 'path is the key');
is(host('/some/a', 'videos.example.com'), 'videos-1250000000 a',
	'host in the list');

is(host('/a', $_), '404 NoSuchBucket', "$_ unknown") for 'example.com',
	'127.0.0.1', '127.0.0.1:8080', '[::1]', 'unknown-1250000000.example.com',
	'x.videos.example.com', 'xvideos.example.com', 'videos-.example.com',
	'.videos.example.com';
is(host('/some/a', 'images-1250000000.example.com'), '404 NoSuchBucket',
	'host not in the list');

$t->journal_clear;
is(http("GET /a HTTP/1.0\r\n\r\n", port => 8082)->code, 'NoSuchBucket',
	'no host');
is(http("GET /a HTTP/1.1\r\nHost:\r\n\r\n", port => 8082)->status, 400,
	'empty host');
is(http("GET /a HTTP/1.1\r\nHost: videos\r\nHost: images-1250000000\r\n\r\n",
	port => 8082)->status, 400, 'two hosts');
is(scalar(my @none = $t->journal), 0, 'not sent');
is(http("GET http://videos.example.com/a HTTP/1.1\r\nHost: unknown\r\n"
	. "Connection: close\r\n\r\n", port => 8082)->body, 'videos a',
	'host of the absolute form');

# service

$t->journal_clear;
my $r = http_request(uri => '/', port => 8083);
like($r->body, qr!<ListAllMyBucketsResult>.*<Name>images-1250000000<!,
	'service');
http_request(uri => '/buckets?region=ap-shanghai&max-keys=9', port => 8083);
is(join(' ', map { "$_->{host}$_->{target} $_->{operation} $_->{verified}" }
	$t->journal), 'service.cos.myqcloud.com/ GetService 1 cos.ap-guangzhou'
	. '.myqcloud.com/?region=ap-shanghai&max-keys=9 GetService 1',
	'service signed');

my @refused = (['GET', '/default/'], ['GET', '/x'], ['GET', '/all/x'],
	['GET', '/all/images-1250000000/'], ['GET', '/all/?acl'],
	['GET', '/all/?prefix=a'], ['PUT', '/all/x'],
	map { [$_, '/all/'] } qw/ HEAD PUT POST DELETE OPTIONS PATCH /);
$t->journal_clear;
is_deeply([grep { !/\A40[035]\z/ } map { http_request(method => $_->[0],
	uri => $_->[1], port => 8083)->status } @refused], [],
	'service is GET / only');
is(scalar(@none = $t->journal), 0, 'nothing else sent');

###############################################################################

sub path {
	my ($uri) = @_;
	$t->journal_clear;
	return target(http_request(uri => $uri));
}

sub host {
	my ($uri, $host) = @_;
	$t->journal_clear;
	return target(http_request(uri => $uri, host => $host, port => 8082));
}

# bucket and key or operation, verified, sent to the host of the bucket

sub target {
	my ($r) = @_;
	my @sent = $t->journal;
	return $r->status . ' ' . ($r->code || '') unless @sent;
	my ($s) = @sent;
	return 'wrong' unless @sent == 1 && $s->{verified}
		&& $s->{host} eq $s->{bucket} . $host{$s->{bucket}};
	return "$s->{bucket} " . ($s->{key} eq '' ? $s->{operation} : $s->{key});
}
