#!/usr/bin/perl

# Tests for lists in locations with a PREFIX: nothing outside of it, and names
# as the clients of the location have them.

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

my $t = Test::COS->new()->needs('proxy', 'cache')->needs_cos()->plan(67);

$t->cos();

$t->write_conf(<<'EOC' =~ s/WIDE/\xe4\xb8\xad/gr);

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        cos_allow read write list;

        location /ss/ {
            cos_pass images-1250000000/pub/;
        }

        location /sn/ {
            cos_pass images-1250000000/pub;
        }

        location /nn {
            cos_pass images-1250000000/pub;
        }

        location /wide/ {
            cos_pass "images-1250000000/a b&WIDE/";
        }

        location /small/ {
            proxy_buffer_size 256;
            proxy_buffers 4 256;
            proxy_busy_buffers_size 256;
            cos_pass images-1250000000/pub/;
        }

        location /cache/ {
            proxy_cache one;
            proxy_cache_valid 1h;
            add_header X-Cache $upstream_cache_status always;
            cos_pass images-1250000000/pub/;
        }

        location /deep/ {
            proxy_cache one;
            proxy_cache_valid 1h;
            add_header X-Cache $upstream_cache_status always;
            cos_pass images-1250000000/pub/d/;
        }

        location /read/ {
            cos_pass  images-1250000000/pub/;
            cos_allow read;
        }

        location ~ ^/key/(.*)$ {
            cos_pass images-1250000000/$1;
        }

        location /bucket/ {
            cos_pass images-1250000000;
        }
    }
}

EOC

$t->run();

$t->store_put('images-1250000000', $_, 'x') for 'a', 'pub', 'pub/a', 'pub/b c',
	'pub/d/1', 'pub/d/2', 'pub/e<&>', 'public/a', 'z', 'a b', 'a b&',
	"a b&\xe4\xb8\xad/k+ %/x", "a b&\xe4\xb8\xad/k+ %/y";

###############################################################################

# everything below PREFIX, and nothing else

my $all = 'a|b c|d/1|d/2|e<&>';

for my $uri (qw! /ss/ /sn/ /nn/ /small/ !) {
	is(keys_of("$uri?prefix="), $all, "$uri keys");
	is(sent(), 'GET /?prefix=pub%2F 1', "$uri sent");
	is(keys_of("$uri?max-keys=1000"), $all, "$uri without a prefix");
	is(sent(), 'GET /?max-keys=1000&prefix=pub%2F 1', "$uri prefix added");
}

# the root alone is an object as before

is(http_get('/ss/')->code, 'NoSuchKey', 'root');
is(sent(), 'GET /pub/ 1', 'root sent');
$t->store_put('images-1250000000', 'pub/', 'index');
is(http_get('/ss/')->body, 'index', 'root, there');
is(sent(), 'GET /pub/ 1', 'root, there, sent');

# an object whose name is PREFIX has none here

is(keys_of('/ss/?prefix'), "|$all", 'object of the root');
sent();
$t->store->delete('images-1250000000', 'pub/');

# all parameters, and the names in the answer

my $r = http_get('/ss/?prefix=d&delimiter=/&encoding-type=url&max-keys=9');
is(join('|', map { COS::XML::element($r->body, $_) } qw/ Prefix Delimiter
	MaxKeys CommonPrefixes /), 'd|/|9|<Prefix>d/</Prefix>', 'grouped');
is(sent(), 'GET /?prefix=pub%2Fd&delimiter=%2F&encoding-type=url&max-keys=9 1',
	'grouped, sent');

# page by page

my ($marker, @pages) = ('');
for (1 .. 9) {
	$r = http_get("/ss/?max-keys=2&marker=$marker");
	push @pages, join ',', map { COS::XML::xml_unescape($_) }
		COS::XML::elements($r->body, 'Key');
	is(COS::XML::element($r->body, 'Marker'), $marker =~ s/%20/ /r,
		"marker $marker");
	$marker = COS::XML::element($r->body, 'NextMarker');
	last unless defined $marker;
	$marker =~ s/ /%20/g;
}
is(join('|', @pages), 'a,b c|d/1,d/2|e<&>', 'pages');
is(sent(-1), 'GET /?max-keys=2&marker=pub%2Fd%2F2&prefix=pub%2F 1',
	'page sent');

# a prefix that escapes has nowhere to go

for my $prefix ('../', '/', '..%2f..%2f', '%2e%2e/', 'lic/', '%00', 'x%0ay') {
	my $r = http_get("/sn/?prefix=$prefix");
	is(join('|', COS::XML::elements($r->body, 'Key')), '', "prefix $prefix");
}
is_deeply([grep { $_->{target} !~ m!\A/\?prefix=pub%2F! } $t->journal], [],
	'all confined');
is(http_get('/sn/?prefix=a&Prefix=b')->status, 400, 'two prefixes');
sent();

# escapes in PREFIX

is(keys_of('/wide/?prefix='), 'k+ %/x|k+ %/y', 'wide');
is(keys_of('/wide/?prefix=k%2b&encoding-type=url'),
	'k%2B%20%25/x|k%2B%20%25/y', 'wide, url');
is(sent(), 'GET /?prefix=a%20b%26%E4%B8%AD%2F 1|GET /?prefix=a%20b%26%E4%B8%AD'
	. '%2Fk%2B&encoding-type=url 1', 'wide, sent');

# versions

is(keys_of('/ss/?versions'), $all, 'versions');
$r = http_get('/ss/?versions&key-marker=d/1&max-keys=1');
is(join('|', map { COS::XML::element($r->body, $_) } qw/ Key KeyMarker
	NextKeyMarker /), 'd/2|d/1|d/2', 'versions, names');
is(sent(), 'GET /?versions&prefix=pub%2F 1|GET /?versions&key-marker=pub%2Fd%2F'
	. '1&max-keys=1&prefix=pub%2F 1', 'versions, sent');

# uploads

my %id = map { $_ => COS::XML::element(http_post("$_?uploads", '')->body,
	'UploadId') } '/bucket/other', '/ss/one', '/ss/two';
sent();
$r = http_get('/ss/?uploads&prefix=');
is(join('|', map { COS::XML::elements($r->body, $_) } qw/ Key UploadId /),
	"one|two|$id{'/ss/one'}|$id{'/ss/two'}", 'uploads');
$r = http_get('/ss/?uploads&key-marker=one');
is(join('|', map { COS::XML::elements($r->body, $_) } qw/ Key KeyMarker
	Prefix /), 'two|one|', 'uploads, names');
is(sent(), 'GET /?uploads&prefix=pub%2F 1'
	. '|GET /?uploads&key-marker=pub%2Fone&prefix=pub%2F 1', 'uploads, sent');

# what COS sends is cached, so different prefixes can share it

is(keys_of('/cache/?prefix=d/'), 'd/1|d/2', 'cached');
$r = http_get('/cache/?prefix=d/');
is($r->header('x-cache') . join('|', COS::XML::elements($r->body, 'Key')),
	'HITd/1|d/2', 'from the cache');
$r = http_get('/deep/?prefix=');
is($r->header('x-cache') . join('|', COS::XML::elements($r->body, 'Key')),
	'HIT1|2', 'from the cache, another prefix');
is(scalar(split /\|/, sent()), 1, 'cached, sent');
is($r->header('content-length'), undef, 'length is unknown');
is(http_get('/deep/?prefix=', Range => 'bytes=0-9')->status, 200, 'no ranges');

# names cannot be read in what is compressed

http_get('/ss/?prefix=', 'Accept-Encoding' => 'gzip', 'X-A' => 'b');
my %got = map { lc $_->[0] => $_->[1] } @{($t->journal)[-1]{headers}};
is(join('|', map { defined $got{$_} ? $got{$_} : '-' }
	qw/ accept-encoding x-a /), '-|b', 'Accept-Encoding');
sent();

# only where it is allowed, and only lists

is(http_get("/read/$_")->status, 403, "not allowed $_") for '?prefix=',
	'?versions', '?uploads', '?location', '?acl';
is(http_get("/ss/$_")->status, 403, "not known $_") for '?acl', '?location',
	'?cors', '?prefix=&unknown', 'a?prefix=', '?prefix=&uploads&versions';
is(http_get("/key/$_")->status =~ /\A40[03]\z/, 1, "variables $_") for
	'?prefix=', 'pub/?prefix=';
is(sent(), '', 'not sent');

###############################################################################

sub keys_of {
	my ($uri) = @_;
	my $r = http_get($uri);
	return $r->status unless $r->status == 200;
	return join '|', map { COS::XML::xml_unescape($_) }
		COS::XML::elements($r->body, 'Key');
}

sub sent {
	my ($i) = @_;
	my @sent = map { "$_->{method} $_->{target} $_->{verified}" } $t->journal;
	$t->journal_clear;
	return defined $i ? $sent[$i] : join '|', @sent;
}

###############################################################################
