#!/usr/bin/perl

# Tests for forms and deletions of many that come when no address is known.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::DNS;
use Test::COS::Form;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(12);

my @names = qw/ form stream many lost /;

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names]);
$t->store_put('many-1250000000', 'a.txt', 'hello');

my $dns = Test::COS::DNS->new($t);
$dns->set("$_.test", A => ['127.0.0.1'], delay => 0.5) for @names[0 .. 2];

my $buckets = join '', map { "cos_bucket $_-1250000000 ap-guangzhou"
	. " alias=$_ protocol=http endpoint=$_.test:" . $t->port(8081) . ";\n" }
	@names;

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;
    client_body_buffer_size 16k;

    resolver 127.0.0.1:8053;
    resolver_timeout 1s;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    $buckets

    cos_allow  PostObject DeleteMultipleObjects;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }

        location /unbuffered/ {
            proxy_request_buffering off;
            cos_pass path_style;
        }
    }
}

EOF

$t->run();

###############################################################################

my $large = join '', map { pack 'N', $_ * 2654435761 % 4294967296 }
	1 .. 500_000;

# buffered, and passed on while it is read

for (['form', '/form/'], ['stream', '/unbuffered/stream/']) {
	my ($name, $uri) = @$_;
	my $body = form_body([key => 'a.bin'], $large);
	is(post($uri, $body)->status, 204, $name);
	ok($t->store_get("$name-1250000000", 'a.bin') eq $large, "$name, stored");
	is($dns->queries("$name.test", 'A'), 1, "$name, looked up once");
}

# a list of keys

my $list = '<Delete><Object><Key>a.txt</Key></Object></Delete>';
is(http_request(method => 'POST', uri => '/many/?delete', body => $list,
	headers => { 'Content-Type' => 'application/xml' })->status, 200,
	'deletion of many');
is($t->store_get('many-1250000000', 'a.txt'), undef, 'deleted');

# and no address at all

for my $uri (qw! /lost/ /unbuffered/lost/ !) {
	my $r = post($uri, form_body([key => 'a.bin'], $large));
	is($r->status, 502, "$uri, no address");
}
is(scalar(grep { $_->{bucket} =~ /^lost/ } $t->journal), 0, 'nothing sent');
is(scalar(grep { $_->{status} >= 300 } $t->journal), 0, 'all sent are right');

###############################################################################

sub post {
	my ($uri, $body) = @_;
	return http_request(method => 'POST', uri => $uri, body => $body,
		headers => { 'Content-Type' => form_type() });
}

###############################################################################
