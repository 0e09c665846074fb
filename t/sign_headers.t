#!/usr/bin/perl

# Tests for what is signed: in strict mode that is nearly all that is sent.

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

my $t = Test::COS->new()->needs_cos()->plan(27);

$t->cos(credentials => [{ secret_id => 'AKIDTMP',
	secret_key => 'TemporaryKey00004', token => 'TestToken_4-4' }]);
$t->store_put('images-1250000000', 'a', 'hello');

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app {
        provider   static;
        secret_id  AKIDTMP;
        secret_key TemporaryKey00004;
        token      TestToken_4-4;
    }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow read write;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
        }

        location /more/ {
            cos_pass         images-1250000000;
            cos_sign_headers Cache-Control X-Custom content-disposition;

            location /more/less/ {
                cos_pass         images-1250000000;
                cos_sign_headers x-other;
            }

            location /more/same/ {
                cos_pass images-1250000000;
            }
        }

        location /set/ {
            cos_pass         images-1250000000;
            cos_sign_headers x-custom;
            proxy_set_header X-Custom "set $arg_versionId";
            proxy_set_header x-cos-meta-set $http_x_from;
            proxy_set_header Content-Type text/set;
        }

        location /drop/ {
            cos_pass         images-1250000000;
            proxy_set_header x-cos-meta-a "";
            proxy_set_header Content-Type "";
        }

        location /nopass/ {
            cos_pass images-1250000000;
            proxy_pass_request_headers off;
        }
    }
}

EOC

$t->run();

###############################################################################

my @base = ('host', 'x-cos-security-token');

# the least

is(http_get('/a')->body, 'hello', 'get');
signed(@base, 'get');

# all of COS, and what it takes as a check

http_put('/x', 'x', 'Content-Type' => 'text/plain; charset=utf-8',
	'Content-MD5' => 'ndTkYSaMgDT1yFZOFVxnpg==', 'X-Cos-Meta-A' => 'b+c d%',
	'x-cos-meta-utf8' => "\xe4\xb8\xad\xff", 'x-cos-storage-class' =>
	'STANDARD_IA', 'x-cos-traffic-limit' => '819200',
	'x-cos-forbid-overwrite' => 'true', 'x-cos-sdk-retry' => 'true');
signed('content-md5', 'content-type', $base[0], 'x-cos-forbid-overwrite',
	'x-cos-meta-a', 'x-cos-meta-utf8', 'x-cos-sdk-retry', $base[1],
	'x-cos-storage-class', 'x-cos-traffic-limit', 'put');
like(($t->journal)[-1]{http_string}, qr/&x-cos-meta-a=b%2Bc%20d%25&x-cos-meta/,
	'value escaped');
like(($t->journal)[-1]{http_string}, qr/x-cos-meta-utf8=%E4%B8%AD%FF&/,
	'bytes escaped');

# never what nginx may change

http_request(method => 'PUT', uri => '/x', body => 'x' x 10, headers => {
	'If-Match' => '"x"', 'If-None-Match' => '"x"', Range => 'bytes=0-1',
	'If-Range' => '"x"', Expires => 'x', Origin => 'x', Cookie => 'a=b',
	'User-Agent' => 'x', 'Accept-Encoding' => 'gzip', TE => 'x',
	'X-Forwarded-For' => 'x' });
signed(@base, 'put with others');
http_request(method => 'PUT', uri => '/x', body => 'x' x 10, chunked => 1,
	wait_continue => 1);
signed(@base, 'chunked put');

# on demand

http_get('/more/a', 'cache-control' => 'no-cache', 'X-CUSTOM' => 'a  b');
signed('cache-control', $base[0], 'x-cos-security-token', 'x-custom', 'more');
http_get('/more/a', 'x-other' => 'x');
signed(@base, 'more, not there');
http_get('/more/less/a', 'X-Other' => 'x', 'X-Custom' => 'y');
signed(@base, 'x-other', 'nested');
http_get('/more/same/a', 'X-Custom' => 'y');
signed(@base, 'x-custom', 'inherited');

my $r = http_request(uri => '/more/a', headers => [['X-Custom', 1],
	['X-Custom', 2]]);
is($r->status, 400, 'twice what is signed');
$r = http_request(uri => '/a', headers => [['X-Custom', 1], ['X-Custom', 2]]);
is($r->status, 200, 'twice what is not');

# there is an end to it

my @many = map { ["x-cos-meta-$_", $_] } 1 .. 101;
is(http_request(method => 'PUT', uri => '/x', body => '', headers => \@many)
	->status, 400, 'more than 100');
pop @many;
is(http_request(method => 'PUT', uri => '/x', body => '', headers => \@many)
	->status, 200, 'not more');
signed($base[0], (sort map { $_->[0] } @many), $base[1], '100 signed');

# proxy_set_header: the value that is sent; without an argument it ends with
# a space, which no HTTP parser keeps

http_put('/set/x', 'x', 'Content-Type' => 'text/client', 'X-Custom' => 'c',
	'X-From' => 'f', 'X-Cos-Meta-Set' => 'c');
signed('content-type', $base[0], 'x-cos-meta-set', $base[1], 'x-custom',
	'set, space at the end');
like(($t->journal)[-1]{http_string}, qr/content-type=text%2Fset&.*
	&x-cos-meta-set=f&.*&x-custom=set\n/x, 'set values');
http_get('/set/a?versionId=7');
signed('content-type', @base, 'x-custom', 'set, an empty one is not sent');
like(($t->journal)[-1]{http_string}, qr/x-custom=set%207\n/, 'set by argument');
http_put('/drop/x', 'x', 'Content-Type' => 'text/client', 'x-cos-meta-a' => 1,
	'x-cos-meta-b' => 2);
signed($base[0], 'x-cos-meta-b', $base[1], 'dropped');
http_put('/nopass/x', 'x', 'Content-Type' => 'text/client',
	'x-cos-meta-a' => 1);
signed(@base, 'headers of the client not passed');

# what cannot be signed is a mistake

for my $name (qw/ Host Range if-none-match Content-Length Authorization /) {
	my ($status, $output) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
		. "http { cos_sign_headers $name; }");
	like($output, qr/header "\L$name\E" cannot be signed.*:\d+/, "no $name");
}

###############################################################################

# exactly these were signed, the strict COS took it, and all headers of COS
# that arrived are among them

sub signed {
	my $name = pop;
	my $s = ($t->journal)[-1];
	is("$s->{header_list} $s->{verified}", join(';', @_) . ' 1', $name);
}
