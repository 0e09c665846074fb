#!/usr/bin/perl

# Tests for the constant proxy_pass of the usual requests: it is used where it
# leads to the same, and nothing else tells.

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

# asked for, key, what is used once it is known that there is no proxy_redirect,
# and headers

my @requests = (
	['/a.txt', 'a.txt', 'constant'],
	['/dir/a.txt', 'dir/a.txt', 'constant'],
	['/dir/%61.txt', 'dir/a.txt', 'constant'],
	['/%E4%B8%AD.txt', "\xe4\xb8\xad.txt", 'variable'],
	['/a.txt?versionId=v1', 'a.txt', 'constant'],
	['/a.txt?versionId=v%31', 'a.txt', 'variable'],
	['/a.txt?versionId=v1&', 'a.txt', 'variable'],
	['/a.txt?', 'a.txt', 'constant'],
	['/p/a.txt', 'dir/a.txt', 'constant'],
	['/p/a.txt?versionId=v1', 'dir/a.txt', 'constant'],
	['/half/a.txt', 'dir/a.txt', 'constant'],
	['/slashless/a.txt', 'dir/a.txt', 'constant'],
	['/root/dir/a.txt', 'dir/a.txt', 'constant'],
	['/bare/a.txt', 'a.txt', 'variable'],
	['/escaped/a.txt', 'd r/a.txt', 'variable'],
	['/re/a.txt', 're/a.txt', 'constant'],
	['/re/a.txt?versionId=v1', 're/a.txt', 'constant'],
	['/re/%61.txt', 're/a.txt', 'variable'],
	['/re/a.txt?', 're/a.txt', 'variable'],
	['/captured/a.txt', 'dir/a.txt', 'variable'],
	['/rewritten/a.txt', 'dir/a.txt', 'variable'],
	['/named/a.txt', 'named/a.txt', 'constant'],
	['/named/a.txt?', 'named/a.txt', 'variable'],
	['/block/a.txt', 'a.txt', 'constant'],
	['/block/a.txt', 'a.txt', 'variable', { 'X-Block' => 1 }],
	['/style/images/a.txt', 'a.txt', 'variable'],
	['/forced/a.txt', 'a.txt', 'constant'],
	['/unsigned/a.txt', 'a.txt', 'constant'],
	['/other/a.txt', 'a.txt', 'constant'],
	['/own/a.txt', 'a.txt', 'variable'],
);

my $t = Test::COS->new()->needs(qw/ debug ssl rewrite /)->needs_cos()
	->plan(4 * @requests + 14);

my @buckets = map { { name => "$_-1250000000", region => 'ap-guangzhou' } }
	qw/ images tls wrong /;

$t->debug()->allow_tokens_in_log();
$t->cos(buckets => \@buckets);
$t->cos(port => 8083, buckets => \@buckets,
	tls => $t->make_ca(names => ['tls-*.cos.ap-guangzhou.myqcloud.com',
		'tls-1250000000.cos.ap-guangzhou.myqcloud.com']));

$t->write_conf(<<'EOF');
%%TEST_GLOBALS%%
worker_processes 1;
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    log_format hosts '$proxy_host $proxy_port $upstream_status';
    access_log %%TESTDIR%%/hosts.log hosts;

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_ssl_trusted_certificate %%TESTDIR%%/ca.crt;
    absolute_redirect off;
    merge_slashes off;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials other { provider static; secret_id %%SECRET_ID%%;
                            secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou alias=images protocol=http
               endpoint=127.0.0.1:8081 credentials=app;
    cos_bucket tls-1250000000 ap-guangzhou endpoint=127.0.0.1:8083
               credentials=app;
    cos_bucket wrong-1250000000 ap-guangzhou endpoint=127.0.0.1:8083
               credentials=app;

    server {
        listen 127.0.0.1:8080;

        include locations;

        location /cached/ {
            cos_pass images-1250000000/dir/;
            proxy_cache one;
            proxy_cache_valid any 1h;
            add_header X-Cache $upstream_cache_status always;
        }
        location /nokey/ {
            cos_pass images-1250000000/dir/;
            cos_sign unless_signed;
        }

        location /tls/ { cos_pass tls-1250000000; }
        location /wrong/ { cos_pass wrong-1250000000; }
    }

    # the same, where it is always a variable

    server {
        listen 127.0.0.1:8084;
        proxy_redirect http://nowhere.test/ /;
        include locations;
    }
}
EOF

$t->write_file('locations', <<'EOF');
location / { cos_pass images-1250000000; }
location /p/ { cos_pass images-1250000000/dir/; }
location /half/ { cos_pass images-1250000000/dir; }
location /slashless { cos_pass images-1250000000/dir/; }
location /root/ { cos_pass images-1250000000/; }
location /bare { cos_pass images-1250000000; }
location /escaped/ { cos_pass "images-1250000000/d r/"; }
location ~ ^/re/ { cos_pass images-1250000000; }
location ~ ^/captured/(.*) { cos_pass images-1250000000/dir/$1; }
location /rewritten/ {
    rewrite ^ /dir/a.txt break;
    cos_pass images-1250000000;
}
location /named/ { try_files /none @cos; }
location @cos { cos_pass images-1250000000; }
location /block/ {
    if ($http_x_block) { add_header X-Block 1; }
    cos_pass images-1250000000;
}
location /style/ { cos_pass path_style; }
location /forced/ { cos_pass images-1250000000; }
location /unsigned/ { cos_pass images-1250000000; cos_sign off; }
location /other/ { cos_pass images-1250000000 credentials=other; }
location /own/ {
    cos_pass images-1250000000;
    proxy_redirect http://images-1250000000.cos.ap-guangzhou.myqcloud.com/
                   /own/replaced/;
}
EOF

my %keys = map { $_->[1] => 1 } @requests;
$t->store_put('images-1250000000', $_, 'see this') for keys %keys;
$t->store(8083)->put($_, 'a.txt', 'see this')
	for qw/ tls-1250000000 wrong-1250000000 /;

$t->run();

###############################################################################

my $got = 0;

for (@requests) {
	my ($uri, $key, $kind, $headers) = @$_;

	my ($name, %headers) = ($uri);
	($name, %headers) = ("$uri in a block", %$headers) if $headers;

	get($uri, %headers, port => 8084);
	my ($always) = $t->journal_take;
	my $hosts = hosts();

	get($uri, %headers);
	$t->journal_clear;
	my $lines = variables();

	get($uri, %headers);
	my ($entry) = $t->journal_take;

	is($entry->{target}, $always->{target}, "$name, same URL");
	ok($entry->{key} eq $key && ($entry->{verified} || $uri =~ /unsigned/),
		"$name, key");
	is(variables() > $lines ? 'variable' : 'constant', $kind, "$name, $kind");
	is(hosts(), $hosts, "$name, same host");
}

# redirects

for my $case (['/a.txt', '/b.txt'], ['/p/a.txt', undef],
	['/own/a.txt', '/own/replaced/b.txt'])
{
	my ($uri, $location) = @$case;
	$t->control({ rules => [{ status => 302, headers => { Location =>
		'http://images-1250000000.cos.ap-guangzhou.myqcloud.com/b.txt' } }] });
	is(get($uri)->header('Location'), $location, "$uri, redirect");
	$t->control({});
}

# one cache for both, before and after

is(get('/cached/a.txt')->header('X-Cache'), 'MISS', 'cache, miss');
my $lines = variables();
my $r = get('/cached/a.txt');
is($r->header('X-Cache') . ' ' . $r->body, 'HIT see this', 'cache, hit');
is(variables(), $lines, 'cache, constant');

$t->journal_clear;
$t->control({ rules => [{ status => 302, headers => { Location =>
	'http://images-1250000000.cos.ap-guangzhou.myqcloud.com/dir/c' } }] });
is(get('/cached/b')->header('Location'), '/cached/c', 'redirect, miss');
is(get('/cached/b')->header('Location'), '/cached/c', 'redirect, hit');
$t->control({});

# who signs is not always the same

get('/nokey/a.txt') for 1, 2;
$lines = variables();
get("/nokey/a.txt", Authorization => join "&",
	'q-sign-algorithm=sha1', 'q-ak=' . SECRET_ID, 'q-sign-time=1;2',
	'q-key-time=1;2', 'q-header-list=', 'q-url-param-list=',
	'q-signature=' . '0' x 40);
is(variables(), $lines + 1, 'signed by the client');

# TLS is verified

my @status = map { get('/tls/a.txt')->status } 1 .. 3;
is("@status", '200 200 200', 'https');
is(hosts(), 'app@tls-1250000000.cos.ap-guangzhou.myqcloud.com'
	. ' 443 200', 'https, host');
@status = map { get('/wrong/a.txt')->status } 1 .. 3;
is("@status", '502 502 502', 'certificate of another name');
is(scalar(() = $t->error_log =~ /certificate does not match/g), 3,
	'certificate of another name, why');

is(scalar(grep { !$_->{verified} } $t->journal_take(8083)), 0,
	'https, verified');

###############################################################################

# how often proxy has asked for a URL

sub variables {
	return scalar(() = $t->error_log =~ m!http script var: "https?://!g);
}

# the line of the last request in the log

sub hosts {
	my @lines;
	$t->wait_until(sub {
		@lines = split /\n/, $t->read_file('hosts.log');
		return @lines == $got;
	});
	return $lines[-1];
}

sub get {
	my ($uri, %headers) = @_;
	my $port = delete $headers{port} || 8080;
	$got++;
	return http_request(uri => $uri, headers => \%headers, port => $port);
}

###############################################################################
