#!/usr/bin/perl

# Tests for nginx -t: it asks the network nothing.

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

my $t = Test::COS->new();

my ($strace) = grep { -x } map { "$_/strace" } split /:/, $ENV{PATH};
$t->skip_all('no strace') unless $strace
	&& (Test::COS::Process::output(20, $strace, '-f', '-o', '/dev/null',
		'true'))[0] == 0;
$t->plan(6);

my $conf = <<'EOF';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou;
    cos_bucket videos-1250000000 ap-shanghai use_accelerate;
    cos_bucket custom-1250000000 ap-shanghai
               "domain={Bucket}.files.example.com:8443";
    cos_bucket ours-1250000000 ap-shanghai endpoint=cos.example.com
               protocol=http force_path_style;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }
        location /images/ { cos_pass images-1250000000; }
        location /service { cos_pass service; }
    }
}

EOF

$t->write_conf($conf);

my ($status, $text, $trace) = trace('-t');
is($status, 0, 'good configuration') or diag $text;
like($trace, qr/exited with 0/, 'traced');
is(remote($trace), '', 'nothing asked');

# -T does the same and prints the configuration

($status, $text, $trace) = trace('-T');
is($status, 0, 'good configuration printed');
is(remote($trace), '', 'nothing asked by -T');

# a name that has to be looked up would be seen

$conf =~ s!location /images/ \{.*\}!
	location /images/ { proxy_pass http://localhost.invalid; }!;
$t->write_conf($conf);
(undef, undef, $trace) = trace('-t');
isnt(remote($trace), '', 'a name of proxy_pass is');

###############################################################################

sub trace {
	my ($option) = @_;
	my $dir = $t->testdir;
	# leaks cannot be looked for while the process is traced
	local $ENV{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS},
		'detect_leaks=0';
	my ($status, $text) = Test::COS::Process::output(60, $strace, '-f', '-o',
		"$dir/trace", '-e', 'trace=network', Test::COS::Nginx::binary(),
		$option, '-p', "$dir/", '-c', 'nginx.conf', '-e', 'stderr');
	return ($status, $text, $t->read_file('trace'));
}

# what was sent to somewhere, but not the search for the user

sub remote {
	my ($trace) = @_;
	return join "\n", grep { /\b(?:connect|send\w*)\(/ && !/AF_UNIX/ }
		split /\n/, $trace;
}

###############################################################################
