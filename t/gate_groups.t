#!/usr/bin/perl

# Tests for the groups of cos_allow.

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

my $t = Test::COS->new()->needs_cos()->plan(22);

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

        location /read/ {
            cos_pass  images-1250000000;
            cos_allow read;
        }

        location /write/ {
            cos_pass  images-1250000000;
            cos_allow write;
        }

        location /delete/ {
            cos_pass  images-1250000000;
            cos_allow delete;
        }

        location /mixed/ {
            cos_pass  images-1250000000;
            cos_allow GetObject list DeleteObject;
        }

        location /service/ {
            cos_pass service protocol=http endpoint=127.0.0.1:8081;
        }
    }

}

EOC

$t->run();

###############################################################################

my %query = (append => 'append&position=0', part => 'partNumber=1&uploadId=U');

# groups

is(out('/read/'), 'GET HEAD OPTIONS', 'read');
is(out('/write/'), 'PUT POST?append POST?uploads PUT?part POST?uploadId'
	. ' DELETE?uploadId GET?uploadId', 'write');
is(out('/delete/'), 'DELETE', 'delete');
is(out('/http/'), 'bucket:GET bucket:HEAD bucket:GET?versions'
	. ' bucket:GET?uploads', 'list, inherited from http');
is(out('/mixed/'), 'GET DELETE bucket:GET bucket:HEAD bucket:GET?versions'
	. ' bucket:GET?uploads', 'actions and groups');

$t->journal_clear;
is(http_get('/service/')->status, 200, 'service is list');
is(($t->journal)[-1]{verified}, 1, 'service signed');

# never, whatever the groups

for my $where (['/http/', 8080], ['/write/', 8080], ['/delete/', 8080],
	['/mixed/', 8080])
{
	my ($uri, $port) = @$where;
	$t->journal_clear;

	my $form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk"
		. "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx"
		. "\r\n--b--\r\n";
	my @status = map { http_request(method => 'POST', port => $port,
		uri => $uri . $_->[0], body => $_->[1], headers => { 'Content-Type' =>
			$_->[2] })->status }
		['', $form, 'multipart/form-data; boundary=b'],
		['k', $form, 'multipart/form-data; boundary=b'],
		$uri eq '/delete/' ? () : ['?delete',
			'<Delete><Object><Key>k</Key></Object></Delete>',
			'application/xml'],
		['k?delete', '<Delete><Object><Key>k</Key></Object></Delete>',
			'application/xml'];
	is_deeply([grep { !/\A40[35]\z/ } @status], [], "forms refused in $uri");
	is(scalar(my @sent = $t->journal), 0, "forms not sent from $uri");
}

is(http_get('/read/k')->body, 'hello', 'object still there');

$t->journal_clear;
is(http_post('/delete/?delete', '<Delete><Object><Key>k</Key></Object></Delete>')
	->status, 200, 'delete, of many');
is(($t->journal)[-1]{verified}, 1, 'delete, of many, signed');

is(out('/write/', 8080, 'uploads'), 'POST?uploads',
	'initiate is not listing');
is(out('/http/', 8080, 'uploads'), 'bucket:GET?uploads',
	'listing is not initiate');

# a group is not a prefix of a name

my ($status, $output) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
	. 'http { cos_allow reads; }');
like($output, qr/unknown action, group or feature "reads" in .*:\d+/,
	'unknown group');
(undef, $output) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
	. 'http { cos_allow getobject; }');
like($output, qr/unknown action.*"getobject"/, 'actions have one case');

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
