#!/usr/bin/perl

# Tests that the official SDKs understand errors made here: they do not ask
# again for what is refused, and do not go to another host.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib', 'sdk';
use Node;
use Test::COS;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

# the path, whether it is tried again, the error, and the call

my $bucket = 'images-1250000000';
my $other = 'other-1250000000';
my @cases = (
	['/refused/put', 0, '403 AccessDenied', 'putObject'],
	['/open/acl', 0, '403 AccessDenied', putObject => ACL => 'public-read'],
	['/open/copy', 0, '403 AccessDenied', putObjectCopy => CopySource =>
		"$bucket.cos.ap-guangzhou.myqcloud.com/closed/a"],
	['/open/bucket', 0, '404 NoSuchBucket', putObject => Bucket => $other],
	['/closed/get', 0, '403 AccessDenied', 'getObject'],
	['/', 0, '403 AccessDenied', getBucket => Prefix => 'open/'],

	# by design of the SDKs, but here
	['/none/put', 1, '503 ServiceUnavailable', 'putObject'],
	['/none/get', 1, '503 ServiceUnavailable', 'getObject'],

	# not an error of ours, and what can happen then
	['/other/get', 1, '503 ', 'getObject'],
);

# how often 5xx is tried

my %clients = (
	'cos-nodejs-sdk-v5' => 4,
	'cos-nodejs-sdk-v5-2-12' => 2,
	'cos-wx-sdk-v5' => 4,
	'cos-wx-sdk-v5-1-4' => 2,
);

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos())
	->plan(2 + keys(%clients) * 2 * @cases);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events { }

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_credentials none { provider file %%TESTDIR%%/none; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=app;

    log_format hosts '$host $uri';
    access_log %%TESTDIR%%/hosts.log hosts;

    # the names of COS itself, and those that SDKs fall back to

    server {
        listen 127.0.0.1:8080;

        location /        { cos_pass host_style; }
        location /open/   { cos_pass host_style; cos_allow read write; }
        location /closed/ { cos_pass host_style; cos_allow PutObject; }
        location /none/   { cos_pass host_style credentials=none;
                            cos_allow read write; cos_wait 0; }
        location /other/  { return 503; }
    }
}

EOC

$t->run();

my $name = 'cos.ap-guangzhou.myqcloud.com';
(my $backup = $name) =~ s/myqcloud\.com/tencentcos.cn/;
my @hosts = map { ("$_.$name", "$_.$backup") } $bucket, $other;
my %proxy = (Protocol => 'http:', Proxy => 'http://127.0.0.1:'
	. $t->port(8080), ConfCwd => $t->testdir);

my @calls = map { my ($uri, undef, undef, $method, %more) = @$_;
	[$method, { Bucket => $bucket, $method =~ /put/ ? (Body => 'x') : (),
		Key => substr($uri, 1), %more }] } @cases;

for my $sdk (sort keys %clients) {
	my $wx = $sdk =~ /wx/;
	$t->write_file('hosts.log', '');

	my $results = Node::run($t, 'errors.js', { sdk => $sdk,
		options => $wx ? { Domain => "http://{Bucket}.$name" } : \%proxy,
		wx => $wx ? { platform => 'ios', dir => $t->testdir,
			domains => { request => [map { "http://$_" } @hosts] },
			servers => { map { $_ => $t->port(8080) } @hosts } } : undef,
		cases => \@calls });

	my %asked;
	my $n = 0;
	$n += $$_[1] ? $clients{$sdk} : 1 for @cases;
	$t->wait_until(sub { $t->read_file('hosts.log') =~ tr/\n// >= $n });
	for (split /^/m, $t->read_file('hosts.log')) {
		my ($host, $uri) = split;
		push @{$asked{$uri}}, $host;
	}

	for my $i (0 .. $#cases) {
		my ($uri, $again, $error) = @{$cases[$i]};
		my $r = $results->[$i];

		# this one gives programs no error of what has a body
		$error =~ s/ .*/ / if $sdk =~ /wx-.*1-4/ && $calls[$i][0] eq 'getObject';
		is("$$r{status} " . ($r->{code} || ''), $error, "$sdk $uri");

		my @want = ("$calls[$i][1]{Bucket}.$name") x ($again
			? $clients{$sdk} : 1);
		$want[-1] =~ s/\Q$name/$backup/ if $uri =~ /other/
			&& $sdk eq 'cos-nodejs-sdk-v5';
		is(join(' ', @{$asked{$uri} || []}), "@want", "$sdk $uri, hosts");
	}
}

is(scalar(() = $t->journal), 0, 'nothing sent');
my $r = http_get('/closed/a', Host => "$bucket.$name");
like($r->header('Date'), qr/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/, 'date');

###############################################################################
