#!/usr/bin/perl

# Tests for spellings of redirects of COS, and addresses that path style has.

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

my $t = Test::COS->new()->needs(qw/ proxy /)->needs_cos()->plan(24);

$t->cos();

$t->write_conf(<<'EOF');
%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    absolute_redirect off;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou alias=images protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai force_path_style protocol=http
               "domain=cos.{Region}.myqcloud.com" endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
        }

        location /part/ {
            cos_pass images-1250000000/public/;
        }

        location /half {
            cos_pass images-1250000000/public;
        }

        location /forced/ {
            cos_pass videos-1250000000;
        }

        location /host/ {
            cos_pass host_style;
        }
    }
}
EOF
$t->run();

###############################################################################

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my $path = 'cos.ap-shanghai.myqcloud.com';

is(location('/a', "http://$host/b"), '/b', 'plain');
is(location('/part/a', "http://$host/public/b?x=y#z"), '/part/b?x=y#z',
	'query');
is(location('/half/a', "http://$host/public/b"), '/half/b',
	'prefix without a slash');
is(location('/half/a', "http://$host/public-secret/b"), undef,
	'beside a prefix without a slash');
is(location('/half/a', "http://$host/public"), undef, 'prefix itself');
is(location('/forced/a', "http://$path/videos-1250000000/b"), '/forced/b',
	'path style');
is(location('/forced/a', "http://$path/images-1250000000/b"), undef,
	'path style, other bucket');
is(location('/forced/a', "http://$path/videos-1250000000-x/b"), undef,
	'path style, longer bucket');
is(location('/forced/a', "http://$path/"), undef, 'path style, no bucket');

# methods and states

for my $status (201, 301, 302, 303, 307, 308) {
	is(location('/a', "http://$host/b", status => $status), '/b',
		"status $status");
}

# whatever it is, it does not name COS

for my $to ("//$host/b", "http://$host:80/b", "HTTPS://$host:443/b",
	"http://$host", "http://$host?x", "http://$host#x", "http://\U$host\E/b",
	" http://$host/b")
{
	my $got = location('/a', $to);
	unlike(defined $got ? $got : '', qr/myqcloud/i, "to $to");
}

is(join(' ', grep { !$_->{verified} } $t->journal), '', 'all signed');

###############################################################################

sub location {
	my ($uri, $location, %opt) = @_;
	$t->control({ rules => [{ method => 'GET', status => $opt{status} || 302,
		headers => { 'Location' => $location } }] });
	return http_get($uri)->header('Location');
}

###############################################################################
