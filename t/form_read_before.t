#!/usr/bin/perl

# Tests for forms whose body nginx has read before, and for subrequests.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new()->needs('mirror')->needs_cos();
my $early = $t->version_at_least('1.31.5');
$t->plan(23);

$t->cos();

my $on = $early ? 'client_body_early_read 1;' : '';
$t->write_conf(<<"EOC");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_body_buffer_size 16k;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow  PostObject;

    log_format body '\$uri \$content_length \$request_body';

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        # the copy is not a form any more if we take something away

        location / {
            cos_pass  images-1250000000;
            mirror    /copy;
        }

        location = /copy {
            internal;
            proxy_pass  http://127.0.0.1:8082;
        }

        location /twice/ {
            cos_pass  images-1250000000;
            mirror    /videos;
            proxy_request_buffering off;
        }

        location = /videos {
            internal;
            cos_pass  videos-1250000000/;
        }

        location /without/ {
            cos_pass  images-1250000000;
            mirror    /nothing;
            mirror_request_body off;
        }

        location = /nothing {
            internal;
            cos_pass  videos-1250000000/;
        }
    }

    server {
        listen       127.0.0.1:8082;

        location / {
            client_body_in_single_buffer  on;
            access_log  %%TESTDIR%%/copy.log body;
            proxy_pass  http://127.0.0.1:8083;
        }
    }

    server {
        listen       127.0.0.1:8083;
        return       204;
    }

    server {
        listen       127.0.0.1:8084;
        $on

        location / {
            cos_pass  images-1250000000;
        }
    }
}

EOC

$t->run();

my $large = join '', map { sprintf '%07d ', $_ } 1 .. 10000;
my ($r, @sent);

###############################################################################

$r = http_form('/', [key => 'a'], 'mirrored');
is($r->status, 204, 'mirror');
is($t->store_get('images-1250000000', 'a'), 'mirrored', 'mirror, stored');
ok($t->wait_until(sub { $t->read_file('copy.log') }), 'mirror, copied');
my $body = form_body([key => 'a'], 'mirrored');
like($t->read_file('copy.log'), qr/\A\S+ ${\ length $body} -----/,
	'copy of the same length');
my $escaped = join '', map { /["\\]|[^ -~]/ ? sprintf('\\x%02X', ord) : $_ }
	split //, $body;
is($t->read_file('copy.log') =~ s/\A\S+ \d+ //r, "$escaped\n",
	'copy of the form as it was');

is(http_form('/', [key => 'a'], "mirrored")->status, 204, 'mirror again');
is(http_form('/', [acl => 'private'], 'mirrored')->status, 403,
	'mirror, refused');
is(http_form('/', [key => 'a'], 'mirrored', last => '-')->status, 400,
	'mirror, bad');
is(http_form('/', [key => 'a'], 'mirrored', chunked => 1)->status, 204,
	'mirror, chunked');

# two uploads of one body

$t->journal_clear;
$r = http_form('/twice/', [key => 'b'], 'twice');
is($r->status, 204, 'twice');
is($t->store_get('images-1250000000', 'b'), 'twice', 'twice, stored');
ok($t->wait_until(sub { defined $t->store_get('videos-1250000000', 'b') }),
	'twice, stored twice');
is($t->store_get('videos-1250000000', 'b'), 'twice', 'twice, the same');
$t->wait_until(sub { (@sent = $t->journal) == 2 });
is(scalar(grep { !$_->{verified} } @sent), 0, 'twice, signed');

# too long to be in memory

$t->journal_clear;
$r = http_form('/', [key => 'c'], $large);
is($r->status . ' ' . $r->code, '501 NotImplemented', 'in a file');
is(scalar(@sent = $t->journal), 0, 'in a file, nothing sent');
is(http_form('/without/', [key => 'c'], $large)->status, 204,
	'mirror without body');
ok($t->store_get('images-1250000000', 'c') eq $large,
	'mirror without body, stored');
is($t->store_get('videos-1250000000', 'c'), undef,
	'a mirror without body is no form');

SKIP: {
	skip 'no client_body_early_read', 4 unless $early;

	is(http_form('/', [key => 'd'], 'early', port => 8084)->status, 204,
		'early');
	is($t->store_get('images-1250000000', 'd'), 'early', 'early, stored');
	is(http_form('/', [key => 'e'], 'early', port => 8084, last => '-')
		->status, 400, 'early, bad');
	is(http_form('/', [key => 'e'], $large, port => 8084)->status, 501,
		'early, in a file');
}

###############################################################################
