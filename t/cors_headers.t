#!/usr/bin/perl

# Tests for cos_cors: the headers of all kinds of responses.

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

my $t = Test::COS->new()->plan(83);

$t->cos();
my %bucket = ('Access-Control-Allow-Origin' => 'https://bucket.example.com',
	'Access-Control-Allow-Credentials' => 'true',
	'Access-Control-Expose-Headers' => 'ETag', 'x-cos-meta-a' => 'b');
$t->store_put('images-1250000000', $_, $_) for qw/ a.txt c.txt dir\/a.txt /;
$t->control({ rules => [{ path_re => '^/a', headers => { %bucket,
	'Vary' => 'Origin, Access-Control-Request-Headers' } },
	{ headers => \%bucket }] });

$t->write_conf(<<'EOF');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http alias=images
               endpoint=127.0.0.1:8081;
    cos_bucket down-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8082;
    server {
        listen 127.0.0.1:8080;
        cos_cors https://a.example.com https://*.b.example.com:8443
                 capacitor://localhost;
        location / { cos_pass images; }
        location /any/ { cos_pass images/; cos_cors *; }
        location /off/ { cos_pass images/; cos_cors off; }
        location /cache/ { cos_pass images/; proxy_cache one;
                           proxy_cache_valid 200 1h;
                           add_header X-Cache $upstream_cache_status always; }
        location /link/ { cos_pass images/; return 302 $cos_presigned_url; }
        location /small/ { cos_pass images/; cos_allow write;
                           client_max_body_size 10; }
        location /page/ { cos_pass images/; error_page 413 403 404 /e.html;
                          proxy_intercept_errors on; cos_allow read write;
                          client_max_body_size 10; }
        location /named/ { cos_pass images/; error_page 403 404 = @named;
                           proxy_intercept_errors on; }
        location @named { return 200 'named'; }
        location = /e.html { internal; root %%TESTDIR%%; }
        location /deny/ { cos_pass images/; deny all; }
        location /except/ { cos_pass images/;
                            limit_except GET { deny all; } }
        location /down/ { cos_pass down-1250000000/; }
        location /if/ { if ($arg_versionId) { cos_pass images/dir; } }
        location /static/ { alias %%TESTDIR%%/; }
        location /signed/ { cos_pass images/; cos_sign_headers Origin; }
    }
}
EOF
$t->write_file('e.html', 'page');
$t->run();

my $A = 'https://a.example.com';

# one of the allowed ones, in everything that can come of a request

for my $case (
	['GET', '/a.txt', 200],
	['HEAD', '/a.txt', 200],
	['GET', '/a.txt', 206, Range => 'bytes=0-0'],
	['GET', '/a.txt', 304, 'If-None-Match' => '*'],
	['GET', '/none.txt', 404],
	['PUT', '/a.txt', 403],
	['GET', '/a.txt?acl', 403],
	['GET', '/a%2f%2e%2e', 400],
	['GET', '/link/a.txt', 302],
	['GET', '/link/a.txt?acl', 403],
	['PUT', '/small/a.txt', 413],
	['PUT', '/page/a.txt', 413],
	['GET', '/page/none.txt', 404],
	['GET', '/page/a.txt?acl', 403],
	['GET', '/named/none.txt', 200],
	['GET', '/named/a.txt?acl', 200],
	['GET', '/deny/a.txt', 403],
	['PUT', '/except/a.txt', 403],
	['GET', '/down/a.txt', 502],
	['GET', '/signed/a.txt', 200],
) {
	my ($method, $uri, $status, %headers) = @$case;
	my $r = http_request(method => $method, uri => $uri,
		body => $method eq 'PUT' ? 'x' x 20 : undef,
		headers => { Origin => $A, %headers });
	is($r->status, $status, "$method $uri $status") or diag $r;
	is(cors($r), "$A; Origin", "$method $uri $status, headers") or diag $r;
}

# what scripts may read

my $r = http_get('/a.txt', Origin => $A);
my %exposed = map { lc $_ => 1 }
	split /, /, $r->header('Access-Control-Expose-Headers');
is(scalar($r->header_all('Access-Control-Expose-Headers')), 1, 'exposed once');
for my $name (qw/ ETag Content-Length Content-Range Date x-cos-request-id
	x-cos-meta-a x-cos-hash-crc64ecma /)
{
	ok($exposed{lc $name}, "$name exposed");
}
ok(!$exposed{server}, 'Server not exposed');
ok(!$exposed{'access-control-allow-origin'}, 'none of the bucket');
$r = http_get('/a.txt?acl', Origin => $A);
like($r->header('Access-Control-Expose-Headers'), qr/, x-cos-request-id$/,
	'request id of a refusal');

# nothing but Vary for others

for my $origin (undef, '', 'null', 'https://b.example.com', "$A.evil.com",
	'http://a.example.com', "$A:443", "$A/", 'https://A.example.com',
	'https://.b.example.com:8443', 'https://x.b.example.com',
	'https://b.example.com:8443', 'https://x/.b.example.com:8443',
	'https://evil.com:1.b.example.com:8443', "$A, $A", 'capacitor://localhos')
{
	$r = http_get('/a.txt', defined $origin ? (Origin => $origin) : ());
	is($r->status . ' ' . cors($r), '200 ; Origin',
		defined $origin ? "origin $origin" : 'no origin');
}
for my $origin ('https://x.b.example.com:8443', 'https://x-1.y.b.example.com:8443',
	'capacitor://localhost')
{
	is(cors(http_get('/a.txt', Origin => $origin)), "$origin; Origin", $origin);
}

# any, none, and where there is no bucket

for my $origin ($A, 'null', undef) {
	is(cors(http_get('/any/c.txt', defined $origin ? (Origin => $origin) : ())),
		'*; ', 'any, ' . ($origin || 'no origin'));
}
$r = http_get('/off/a.txt', Origin => $A);
is($r->header('Access-Control-Allow-Origin'), 'https://bucket.example.com',
	'off, that of the bucket');
is(cors(http_get('/static/e.html', Origin => $A)), '; ', 'no bucket');
is(cors(http_get('/if/a.txt', Origin => $A)), '; ', 'no bucket, if');
is(cors(http_get('/if/a.txt?versionId=1', Origin => $A)), "$A; Origin", 'if');
is(cors(http_get('/nowhere', Origin => $A)), "$A; Origin", 'of the server');

# a name that only looks like it

$t->control({ rules => [{ headers => { Vary => 'X-Origin, Originator' } }] });
is(join('|', http_get('/a.txt', Origin => $A)->header_all('Vary')),
	'X-Origin, Originator|Origin', 'other names');

# the origin stays here, unless the bucket has to know it

sub origins {
	my ($uri) = @_;
	$t->journal_clear;
	http_get($uri, Origin => $A);
	my ($sent) = $t->journal;
	return join ' ', $sent->{verified}, map { $_->[1] }
		grep { lc $_->[0] eq 'origin' } @{$sent->{headers}};
}

is(origins('/a.txt'), '1', 'not sent');
is(origins('/signed/a.txt'), '1', 'not signed');
is(origins('/off/a.txt'), "1 $A", 'sent with "off"');

# answers of the cache are for all

my @answers;
for my $origin ($A, 'https://x.b.example.com:8443', undef, 'https://evil.com') {
	$r = http_get('/cache/c.txt', defined $origin ? (Origin => $origin) : ());
	push @answers, $r->header('X-Cache') . ' ' . cors($r);
}
is(join(', ', @answers), "MISS $A; Origin, "
	. 'HIT https://x.b.example.com:8443; Origin, HIT ; Origin, HIT ; Origin',
	'cache');

###############################################################################

# Access-Control-Allow-Origin and Vary, each as often as it is there; with
# those of the bucket that should not be.

sub cors {
	my ($r) = @_;
	my $text = join ',', $r->header_all('Access-Control-Allow-Origin');
	$text .= '!' if $r->header('Access-Control-Allow-Credentials');
	my @vary = map { split /, */ } $r->header_all('Vary');
	return "$text; " . join ',', grep { /^Origin$/i } @vary;
}

###############################################################################
