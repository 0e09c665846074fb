#!/usr/bin/perl

# Tests for bodies that are not looked at on their way from a file: with sendfile,
# or read by threads.

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

my $t = Test::COS->new()->needs(qw/ debug proxy cache threads /)->needs_cos();

$t->debug()->allow_tokens_in_log()->plan(21);

$t->cos();

my $size = 4 << 20;
my $body = join '', map { pack 'N', $_ * 2654435761 % 4294967296 }
	1 .. $size / 4;
$t->store_put('images-1250000000', 'a.bin', $body);

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;

    proxy_cache_path %%TESTDIR%%/cache1 keys_zone=one:1m;
    proxy_cache_path %%TESTDIR%%/cache2 keys_zone=two:1m;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        cos_allow    read write;
        add_header   X-Cache $upstream_cache_status;

        proxy_cache_valid 200 1h;

        location /sendfile/ {
            cos_pass     images-1250000000;
            proxy_cache  one;
            sendfile     on;
        }

        location /threads/ {
            cos_pass     images-1250000000;
            proxy_cache  two;
            aio          threads;
            aio_write    on;
        }
    }
}

EOF

$t->run();

###############################################################################

for my $name (qw/ sendfile threads /) {
	my $r = http_get("/$name/a.bin");
	is($r->header('X-Cache'), 'MISS', "$name, miss");
	ok($r->body eq $body, "$name, whole");

	my @old = counts();
	$r = http_get("/$name/a.bin");
	is($r->header('X-Cache'), 'HIT', "$name, hit");
	ok($r->body eq $body, "$name, whole from the cache");
	way($name, 'hit', @old);

	my $part = http_get("/$name/a.bin", Range => 'bytes=1000000-3000000');
	is($part->status, 206, "$name, range");
	ok($part->body eq substr($body, 1000000, 2000001), "$name, its bytes");

	# a body that nginx has read to a file

	@old = counts();
	is(http_put("/$name/b-$name.bin", $body)->status, 200, "$name, put");
	ok($t->store_get('images-1250000000', "b-$name.bin") eq $body,
		"$name, stored");
	way($name, 'put', @old) if $name eq 'sendfile';
}

is(scalar(grep { $_->{verified} } $t->journal), 4, 'all are signed');
is(scalar(my @e = $t->journal), 4, 'and sent once');

###############################################################################

sub way {
	my ($name, $what, @old) = @_;
	my @new = counts();
	$name eq 'sendfile'
		? cmp_ok($new[0] - $old[0], '>=', $size, "$name, $what with it")
		: cmp_ok($new[1] - $old[1], '>', 0, "$name, $what by them");
}

# bytes that were sent with sendfile(), and what threads did

sub counts {
	my $log = $t->error_log;
	my ($bytes, $tasks) = (0, 0);
	$bytes += $1 while $log =~ /sendfile: (\d+) of /g;
	$tasks++ while $log =~ /complete task #\d+ in thread pool/g;
	return ($bytes, $tasks);
}

###############################################################################
