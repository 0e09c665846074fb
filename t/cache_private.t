#!/usr/bin/perl

# Tests for cos_sign unless_signed and proxy_cache: what clients signed.

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

my $host = 'images-1250000000.cos.ap-guangzhou.myqcloud.com';
my %client = (secret_id => 'AKIDCLIENT', secret_key => 'ClientSecretKey00003');
my %bogus = (secret_id => 'AKIDBOGUS', secret_key => 'bogus');

my $t = Test::COS->new()->needs(qw/ proxy cache rewrite /)->needs_cos()
	->plan(107);

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	\%client]);
for my $n (1 .. 9) {
	$t->store_put('images-1250000000', "$_/$n", "content $_ $n") for
		qw! us uk !;
}
$t->store_put('images-1250000000', $_, "content $_") for 'a', 'inner/a';

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    access_log off;

    proxy_cache_path %%TESTDIR%%/cache keys_zone=one:1m;
    proxy_cache one;
    proxy_cache_valid any 1m;
    add_header X-Cache $upstream_cache_status always;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    cos_sign unless_signed;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
        }
    }

    server {
        listen 127.0.0.1:8082;

        proxy_cache_key key$cos_host/$cos_key;

        location / {
            cos_pass images-1250000000;
        }
    }

    server {
        listen 127.0.0.1:8083;

        proxy_cache_key own$uri;
        proxy_cache_bypass $http_x_bypass;
        proxy_no_cache $http_x_no_cache;

        location / {
            cos_pass images-1250000000;
        }

        location /on/ {
            cos_pass images-1250000000;
            cos_sign on;
        }

        location /here/ {
            proxy_cache_bypass $http_x_here;
            cos_pass images-1250000000;
        }

        location /if/ {
            if ($http_x_bypass) {
                add_header X-If 1;
                add_header X-Cache $upstream_cache_status always;
            }
            cos_pass images-1250000000;
        }

        location /outer/ {
            cos_pass images-1250000000;
            location /outer/inner/ {
                cos_pass images-1250000000;
            }
        }
    }
}
EOC

# the log of errors has the request lines of the clients
$t->allow_tokens_in_log();
$t->run();

###############################################################################

for my $case (['us', 8080], ['uk', 8082]) {
	my ($dir, $port) = @$case;
	my $n = 0;

	for my $kind (['sign', \%client, 200], ['sign', \%bogus, 403],
		['presign', \%client, 200], ['presign', \%bogus, 403])
	{
		my ($how, $who, $status) = @$kind;
		my $name = "$dir, $how of $who->{secret_id}";
		my @signed = (host => $host, port => $port, $how => $who);

		# before the honest ones

		my $uri = "/$dir/" . ++$n;
		my $stored = files();
		my $r = http_request(uri => $uri, @signed);
		is($r->status . state($r), "$status BYPASS", $name);
		is(by(), $who->{secret_id}, "$name, sent");
		is(files(), $stored, "$name, not stored");
		$r = http_get_at($port, $uri);
		is($r->body . state($r), "content $dir $n MISS", "$name, then ours");
		is(by(), SECRET_ID, "$name, ours sent");
		$r = http_get_at($port, $uri);
		is($r->body . state($r), "content $dir $n HIT", "$name, kept");

		# after them

		$r = http_request(uri => $uri, @signed);
		is($r->status . state($r), "$status BYPASS", "$name, not from cache");
		is(by(), $who->{secret_id}, "$name, sent again");
		$r = http_get_at($port, $uri);
		is($r->body . state($r), "content $dir $n HIT", "$name, left as it was");
		is(by(), '', "$name, nothing sent");
	}

	is(files(), $dir eq 'us' ? 4 : 8, "$dir, entries are ours");
}

# what the user has set goes on

for my $case (['/a', 'server'], ['/on/a', 'signed'], ['/if/a', 'if'],
	['/outer/a', 'outer'], ['/outer/inner/a', 'inner'])
{
	my ($uri, $name) = @$case;
	my $r = http_get_at(8083, $uri, 'X-No-Cache' => 1);
	is($r->body . state($r), 'content a MISS', "$name, no cache");
	is(state(http_get_at(8083, $uri)), ' MISS', "$name, was not stored");
	is(state(http_get_at(8083, $uri)), ' HIT', "$name, is stored");
	is(state(http_get_at(8083, $uri, 'X-Bypass' => 1)), ' BYPASS',
		"$name, bypass");
}

my $r = http_get_at(8083, '/here/a', 'X-Here' => 1);
is(state($r), ' BYPASS', 'in the location');
$r = http_get_at(8083, '/here/a', 'X-Bypass' => 1);
is(state($r), ' HIT', 'in the location, not that of the server');
$r = http_request(uri => '/here/a', port => 8083, host => $host,
	sign => \%bogus);
is($r->status . state($r), '403 BYPASS', 'in the location, and ours');
$r = http_request(uri => '/a', port => 8083, host => $host, sign => \%bogus);
is($r->status . state($r), '403 BYPASS', 'of the server, and ours');
$r = http_get_at(8083, '/a');
is($r->body . state($r), 'content a HIT', 'not disturbed');

###############################################################################

sub http_get_at {
	my ($port, $uri, %headers) = @_;
	return http_request(uri => $uri, port => $port, headers => \%headers);
}

sub state {
	my ($r) = @_;
	return ' ' . (defined $r->header('X-Cache') ? $r->header('X-Cache') : '-');
}

sub by {
	my @e = $t->journal;
	$t->journal_clear;
	return join ' ', map { $_->{secret_id} } @e;
}

sub files {
	return scalar(my @files = grep { -f } glob $t->path('cache') . '/*');
}

###############################################################################
