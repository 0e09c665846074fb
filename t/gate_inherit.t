#!/usr/bin/perl

# Tests for cos_allow: where it is inherited, limit_except, if.

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

my $t = Test::COS->new()->needs_cos()->plan(13);

$t->cos();
$t->store_put('images-1250000000', 'k', 'hello');

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

    cos_allow list;

    server {
        listen 127.0.0.1:8080;

        location /http/ {
            cos_pass images-1250000000;
        }
    }

    server {
        listen 127.0.0.1:8082;

        cos_allow delete;

        location /server/ {
            cos_pass images-1250000000;
        }

        location /location/ {
            cos_pass  images-1250000000;
            cos_allow write;

            location /location/nested/ {
                cos_pass images-1250000000;
            }

            location /location/own/ {
                cos_pass  images-1250000000;
                cos_allow read;
            }

            location ~ ^/location/re/(.*)$ {
                cos_pass images-1250000000/$1;
            }
        }

        location ~ ^/regex/(.*)$ {
            cos_pass images-1250000000/$1;
        }

        location /limit/ {
            cos_pass  images-1250000000;
            cos_allow read;

            limit_except GET {
                allow all;
            }
        }

        location /limit_deny/ {
            cos_pass  images-1250000000;
            cos_allow read write delete;

            limit_except GET {
                deny all;
            }
        }

        location /limit_pass/ {
            cos_pass  images-1250000000;
            cos_allow read write;

            limit_except GET {
                cos_pass images-1250000000/in/;
            }
        }

        location /if/ {
            cos_pass  images-1250000000;
            cos_allow read write;

            if ($request_method = PUT) {
                cos_pass images-1250000000/in/;
            }
        }
    }
}

EOC

$t->run();

###############################################################################

my %query = (append => 'append&position=0', part => 'partNumber=1&uploadId=U');

# inheritance; a level that says something says all

is(out('/http/'), 'bucket:GET bucket:HEAD bucket:GET?versions'
	. ' bucket:GET?uploads', 'http');
is(out('/server/', 8082), 'DELETE', 'server');
my $write = 'PUT POST?append POST?uploads PUT?part POST?uploadId'
	. ' DELETE?uploadId GET?uploadId';
is(out('/location/', 8082), $write, 'location');
is(out('/location/nested/', 8082), $write, 'nested location inherits');
is(out('/location/own/', 8082), 'GET HEAD OPTIONS', 'nested location');
is(out('/location/re/', 8082), $write, 'nested regex location inherits');
is(out('/regex/', 8082), 'DELETE', 'regex location inherits');

# limit_except and if belong to their location

is(out('/limit/', 8082), 'GET HEAD OPTIONS', 'empty limit_except');
is(out('/limit_deny/', 8082), 'GET HEAD GET?uploadId', 'limit_except denies');
is(out('/limit_pass/', 8082), "GET HEAD OPTIONS $write bucket:PUT"
	. ' bucket:OPTIONS bucket:POST?uploads', 'limit_except passes elsewhere');

$t->journal_clear;
http_request(method => 'PUT', uri => '/limit_pass/x', body => 'x',
	port => 8082);
is(($t->journal)[-1]{key}, 'in/x', 'limit_except has its own prefix');
is(($t->journal)[-1]{verified}, 1, 'limit_except signs');

$t->journal_clear;
http_request(method => 'PUT', uri => '/if/x', body => 'x', port => 8082);
http_request(method => 'DELETE', uri => '/if/x', port => 8082);
http_request(uri => '/if/x', port => 8082);
is(join(' ', map { "$_->{method} $_->{key} $_->{verified}" } $t->journal),
	'PUT in/x 1 GET x 1', 'if');

###############################################################################

# the requests of a fixed list that reached COS, each verified

sub out {
	my ($location, $port, $only) = @_;

	my @requests = ((map { ['', @$_] } (map { [$_] } qw/ GET HEAD OPTIONS PUT /),
		['POST', 'append'], ['POST', 'uploads'], ['PUT', 'part'],
		['POST', 'uploadId'], ['DELETE', 'uploadId'], ['GET', 'uploadId'],
		['DELETE'], ['GET', 'acl'], ['GET', 'uploads'], ['PATCH']),
		map { ['bucket:', @$_] } (map { [$_] } qw/ GET HEAD PUT DELETE POST
			OPTIONS /), ['GET', 'versions'], ['GET', 'uploads'], ['GET', 'acl'],
		['POST', 'uploads'], ['POST', 'delete']);

	my @out;
	for my $request (@requests) {
		my ($level, $method, $query) = @$request;
		next if $only && ($query || '') ne $only;

		$t->journal_clear;
		my $r = http_request(method => $method, port => $port || 8080,
			uri => $location . ($level ? '' : 'x')
				. ($query ? '?' . ($query{$query} || "$query=U") : ''),
			$method =~ /\AP/ ? (body => '') : ());
		my @sent = $t->journal;
		push @out, "$level$method" . ($query ? "?$query" : '') if @sent;
		push @out, 'unverified' if grep { !$_->{verified} } @sent;
		push @out, $r->status if !@sent && $r->status !~ /\A40[035]\z/;
	}
	return join ' ', @out;
}
