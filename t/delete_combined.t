#!/usr/bin/perl

# Tests for deletion of several objects, together with what else nginx does
# with the body of a request.

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

my $t = Test::COS->new()->needs(qw/ proxy mirror rewrite http_v2 /)
	->needs_cos();

my $curl = `curl -q --version 2>/dev/null` || '';
$t->skip_all('no curl with HTTP/2') unless $curl =~ /^Features:.*\bHTTP2\b/m;

$t->plan(17);

$t->cos();

my ($listen, $on) = $t->version_at_least('1.25.1') ? ('', 'http2 on;')
	: (' http2', '');

$t->write_conf(<<'EOC' =~ s/LISTEN/$listen/r =~ s/HTTP2/$on/r);

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;
    cos_bucket videos-1250000000 ap-shanghai protocol=http
               endpoint=127.0.0.1:8081;

    cos_allow delete;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /mirrored/ {
            mirror /copy;
            cos_pass images-1250000000/p/;
        }

        location = /copy {
            internal;
            rewrite ^ / break;
            cos_pass videos-1250000000/q/;
        }

        location /ignored/ {
            mirror /empty;
            mirror_request_body off;
            cos_pass images-1250000000;
        }

        location = /empty {
            internal;
            rewrite ^ / break;
            cos_pass videos-1250000000;
        }

        location /logged/ {
            client_body_buffer_size 4k;
            add_header X-Body $request_body always;
            add_header X-Type $content_type always;
            cos_pass images-1250000000;
        }
    }

    server {
        listen  127.0.0.1:8082LISTEN;
        HTTP2

        location / {
            client_body_buffer_size 1k;
            cos_pass images-1250000000;
        }
    }
}

EOC

$t->run();

###############################################################################

my $images = 'images-1250000000';
my $videos = 'videos-1250000000';

# a mirror has the body of the client, and each request its own

fill();
my $r = http_post('/mirrored/?delete', one('a'));
is(COS::XML::element($r->body, 'Key'), 'a', 'mirrored, answer');
$t->wait_until(sub { ($t->journal)[1] });
is(left($images), 'a p/b q/a', 'mirrored');
is(left($videos), 'a p/a p/b', 'copy');
is(join(' ', sort map { "$_->{bucket} $_->{verified} "
	. join '', COS::XML::elements($_->{xml}, 'Key') } $t->journal),
	"$images 1 p/a $videos 1 q/a", 'keys of both');

fill();
is(http_post('/ignored/?delete', one('a'))->status, 200, 'mirror of the rest');
is(left($images), 'p/a p/b q/a', 'mirror of the rest, deleted');
$t->waitforlog(qr/refused: MissingRequestBodyError/);
is(left($videos), 'a p/a p/b q/a', 'mirror without the body');

# variables show what is sent

fill();
$r = http_post('/logged/?delete', one('a'), 'Content-Type' => 'x/y');
like($r->header('x-body'), qr/\A<\?xml version="1.0" encoding="UTF-8"\?>/,
	'request_body');
is($r->header('x-type'), 'application/xml', 'content_type');

# HTTP/2, with and without a length

my $url = 'http://127.0.0.1:' . $t->port(8082) . '/?delete';
my $many = $t->write_file('many.xml', '<Delete>' . join('', map
	{ "<Object><Key>many/$_</Key></Object>" } 1 .. 1000) . '</Delete>');
$t->write_file('one.xml', one('a'));

for (['one', '@' . $t->path('one.xml')], ['many', "\@$many"],
	['one, without a length', '@' . $t->path('one.xml'),
		'-H', 'Content-Length:'],
	['many, without a length', "\@$many", '-H', 'Content-Length:'])
{
	my ($name, $data, @more) = @$_;
	fill();
	my @command = (qw/ curl -q -sS --http2-prior-knowledge -o /,
		$t->path('out'), '-w', '%{http_version} %{http_code}', @more,
		'--data-binary', $data, $url);
	open my $fh, '-|', @command or die "cannot run curl: $!\n";
	is(join('', readline $fh), '2 200', "HTTP/2 $name");
	is((() = $t->read_file('out') =~ /<Deleted>/g) . " "
		. ($t->journal)[-1]{verified}, ($name =~ /many/ ? 1000 : 1) . ' 1',
		"HTTP/2 $name, deleted");
}

###############################################################################

sub fill {
	for my $bucket ($images, $videos) {
		$t->store_put($bucket, $_, 'x') for 'a', 'p/a', 'p/b', 'q/a';
	}
	$t->journal_clear;
}

sub left {
	return join ' ', $t->store->list_keys($_[0]);
}

sub one {
	return "<Delete><Object><Key>$_[0]</Key></Object></Delete>";
}

###############################################################################
