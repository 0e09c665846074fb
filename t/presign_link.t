#!/usr/bin/perl

# Tests for $cos_presigned_url: links that COS takes.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

use JSON::PP ();

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();
$t->needs('auth_request')->plan(61);

$t->cos(buckets => [
	{ name => 'images-1250000000', region => 'ap-guangzhou' },
	{ name => 'videos-1250000000', region => 'ap-shanghai',
		hosts => ['{Bucket}.private.example.com'] },
	{ name => 'old-1250000000', region => 'ap-beijing', path_style => 1 }]);
for my $bucket (qw/ images videos old /) {
	$t->store_put("$bucket-1250000000", $_, "$bucket $_") for 'a.txt',
		'a b+c%.txt', 'dir/a.txt';
}
$t->issuer(life => 300, token_size => 1500);

my $url = $t->issuer_url;
$t->write_conf(<<"EOF" =~ s/PORT/$t->port(8081)/er);
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    access_log off;
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials sts { provider http $url/sts.php; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http alias=images
               endpoint=127.0.0.1:8081 credentials=app;
    cos_bucket videos-1250000000 ap-shanghai protocol=http alias=videos
               endpoint=127.0.0.1:8081 credentials=sts
               "domain={Bucket}.private.example.com:PORT";
    cos_bucket old-1250000000 ap-beijing protocol=http alias=old
               endpoint=127.0.0.1:8081 credentials=app force_path_style;
    cos_allow read response_override;
    server {
        listen 127.0.0.1:8080;
        location /all/ { cos_pass path_style; return 302 \$cos_presigned_url; }
        location /host/ { cos_pass host_style;
                          return 302 \$cos_presigned_url; }
        location /under/ { cos_pass images/dir; return 307 \$cos_presigned_url; }
        location ~ ^/key/(?<name>.*) { cos_pass images/\$name;
                                       return 302 \$cos_presigned_url; }
        location = /fixed { cos_pass images/a.txt;
                            return 302 \$cos_presigned_url; }
        location /other/ { cos_pass images/ credentials=sts;
                           return 302 \$cos_presigned_url; }
        location /json/ { cos_pass videos/; default_type application/json;
                          return 200 '{"url":"\$cos_presigned_url"}'; }
        location /header/ { cos_pass images/;
                            add_header X-Link \$cos_presigned_url; }
        location /public/ { cos_pass images/; cos_sign off;
                            return 302 \$cos_presigned_url; }
        location /unless/ { cos_pass images/; cos_sign unless_signed;
                            return 302 \$cos_presigned_url; }
        location /set/ { cos_pass images/; set \$link \$cos_presigned_url;
                         return 302 \$link; }
        location /if/ { cos_pass images/; if (\$arg_versionId = 7) {
                        return 302 \$cos_presigned_url; } }
        location /rewritten/ {
            cos_pass images/;
            rewrite ^/rewritten/(.*) /dir/\$1;
            return 302 \$cos_presigned_url;
        }
        location /two/ { cos_pass videos/; set \$one \$cos_presigned_url;
                         rewrite ^/two(/.*) /fixed last; }
        location /guarded/ { auth_request /login;
                             try_files /nothing \@link; }
        location \@link { cos_pass images; rewrite ^/guarded(/.*) \$1;
                         return 302 \$cos_presigned_url; }
        location = /login { if (\$http_authorization = "") { return 401; }
                            return 204; }
        location /short/ { cos_pass images/; cos_presign_expires 1m;
                           return 302 \$cos_presigned_url; }
        location /long/ { cos_pass images/ credentials=sts;
                          cos_presign_expires 1d;
                          return 302 \$cos_presigned_url; }
    }
}
EOF
$t->run();

# a link does not wait for the first credential

$t->wait_until(sub { http_get('/all/videos/dir/a.txt')->status == 302 }, 10);

# each of them is fetched

my $images = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my $videos = 'videos-1250000000.private.example.com:' . $t->port(8081);

for my $case (
	['/all/images/a.txt', "http://$images/a.txt", 'images a.txt'],
	['/all/images/a%20b%2bc%25.txt', "http://$images/a%20b%2Bc%25.txt",
		'images a b+c%.txt'],
	['/all/videos/dir/a.txt', "http://$videos/dir/a.txt", 'videos dir/a.txt'],
	['/all/old/a.txt', 'http://cos.ap-beijing.myqcloud.com/old-1250000000/a.txt',
		'old a.txt'],
	['/under/a.txt', "http://$images/dir/a.txt", 'images dir/a.txt'],
	['/key/dir/a.txt', "http://$images/dir/a.txt", 'images dir/a.txt'],
	['/fixed', "http://$images/a.txt", 'images a.txt'],
	['/other/a.txt', "http://$images/a.txt", 'images a.txt'],
	['/unless/a.txt', "http://$images/a.txt", 'images a.txt'],
	['/set/a.txt', "http://$images/a.txt", 'images a.txt'],
	['/if/a.txt?versionId=7', "http://$images/a.txt", 'images a.txt'],
	['/rewritten/a.txt', "http://$images/dir/a.txt", 'images dir/a.txt'],
	['/two/a.txt', "http://$images/a.txt", 'images a.txt'],
	['/short/a.txt', "http://$images/a.txt", 'images a.txt'],
	['/all/images/a.txt?q-ak=x&sign=y&x-cos-security-token=z',
		"http://$images/a.txt", 'images a.txt'],
) {
	my ($uri, $address, $body) = @$case;
	my $answer = http_get($uri);
	my $link = $answer->header('Location') || '';
	is($link =~ s/\?.*//r, $address, "$uri, address") or diag $answer;
	my ($r, $entry) = follow($link);
	is($r->body, $body, "$uri, fetched") or diag $r;
	is($entry->{source}, 'presigned', "$uri, by its signature");
}

my $r = http_get('/host/a.txt', Host => 'videos.example.com');
is((follow($r->header('Location')))[0]->body, 'videos a.txt', 'host style');

# the parameters of the request go along

my $link = http_get('/all/images/a.txt?response-content-type=text%2fx%2By'
	. '&response-cache-control=no-cache')->header('Location');
$r = (follow($link))[0];
is($r->header('Content-Type'), 'text/x+y', 'response-content-type');
is((follow($link =~ s/x%2By/html/r))[0]->status, 403, 'is signed');

# other ways to give it away

$r = http_get('/json/a.txt');
$link = eval { JSON::PP::decode_json($r->body)->{url} };
is((follow($link))[0]->body, 'videos a.txt', 'JSON');
$r = http_get('/header/a.txt');
is($r->body, 'images a.txt', 'header, body');
is((follow($r->header('X-Link')))[0]->body, 'images a.txt', 'header');
is(http_request(method => 'PUT', uri => '/header/a.txt', body => 'x')
	->header('X-Link'), undef, 'header of what is refused');
is(http_get('/public/a.txt?versionId=1')->header('Location'),
	"http://$images/a.txt?versionId=1", 'not signed');
is(http_get('/guarded/a.txt')->status, 401, 'guarded');
is((follow(http_get('/guarded/a.txt', Authorization => 'x')
	->header('Location')))[0]->body, 'images a.txt', 'guarded, let in');

# HEAD is signed as HEAD

$link = http_head('/fixed')->header('Location');
is((follow($link, 'HEAD'))[0]->status, 200, 'HEAD');
is((follow($link))[0]->status, 403, 'HEAD is not GET');

# the life: of the directive, never beyond that of the credential

is(life('/fixed'), 900, 'fifteen minutes');
is(life('/short/a.txt'), 60, 'cos_presign_expires');
my ($issued) = $t->issued;
$link = http_get('/long/a.txt')->header('Location');
is($link =~ /q-key-time=\d+%3B(\d+)/ && $1, $issued->{expires},
	'that of the credential');
like($link, qr/q-ak=\Q$issued->{secret_id}\E&/, 'its id');

###############################################################################

# What COS says to somebody who has the link and nothing else.

sub follow {
	my ($link, $method) = @_;

	my ($host, $target) = ($link || '') =~ m!^http://([^/]+)(/.*)!
		or return (Test::COS::Response->new, {});
	$t->journal_clear;
	my $r = http_request(method => $method || 'GET', uri => $target,
		port => 8081, headers => { Host => $host });
	return ($r, ($t->journal)[-1] || {});
}

sub life {
	my ($uri) = @_;

	my ($start, $end) = http_get($uri)->header('Location')
		=~ /q-key-time=(\d+)%3B(\d+)/;
	return $end - $start - 60;
}

###############################################################################
