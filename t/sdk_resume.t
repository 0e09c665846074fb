#!/usr/bin/perl

# Tests for an upload in parts that the official SDKs resume: the program was
# killed, and another run of it sends what is missing.

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

my $t = Node::needs(Test::COS->new(timeout => 200)->needs_cos())->plan(29);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events { }

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;
        location / { cos_pass path_style; cos_allow write list; }
    }
}

EOC

$t->run();

my $file = join '', map { pack 'N', $_ * 2654435761 % 4294967296 }
	1 .. 900000;
my $address = '127.0.0.1:' . $t->port(8080);
$t->write_file('file.bin', $file);

my %node = (Protocol => 'http:', Domain => "$address/{Bucket}",
	ConfCwd => $t->testdir);
my %wx = (Domain => "http://$address/{Bucket}");
my $phone = { platform => 'android', dir => $t->testdir,
	domains => { request => ["http://$address"] },
	servers => { '127.0.0.1' => $t->port(8080) } };

for (['cos-nodejs-sdk-v5', %node], ['cos-nodejs-sdk-v5-2-12', %node],
	['cos-wx-sdk-v5', %wx], ['cos-wx-sdk-v5-1-4', %wx])
{
	my ($sdk, %options) = @$_;
	my $wx = $sdk =~ /wx/;
	my %in = (sdk => $sdk, options => \%options, wx => $wx ? $phone : undef,
		params => { Bucket => 'images-1250000000', Region => 'ap-guangzhou',
			Key => "$sdk/\xe9.bin",
			FilePath => $wx ? 'wxfile://file.bin' : $t->path('file.bin') });

	$t->journal_clear;
	my $got = Node::run($t, 'resume.js', { %in, stop => 2 * 1048576 - 1 });
	ok($got->{stopped}, "$sdk stopped") or diag explain $got;
	my %before = map { $_ => 1 } parts();
	cmp_ok(scalar keys %before, '>', 0, "$sdk parts before");
	is($t->store_get('images-1250000000', "$sdk/\xc3\xa9.bin"), undef,
		"$sdk not there");

	$t->journal_clear;
	$got = Node::run($t, 'resume.js', \%in);
	is($got->{status}, 200, "$sdk resumed") or diag explain $got;
	my @again = grep { $before{$_} } parts();
	is("@again", '', "$sdk nothing twice");
	my %kinds = map { $_->{operation} => 1 } $t->journal;
	is(join(' ', sort keys %kinds), 'CompleteMultipartUpload ListMultipart'
		. 'Uploads ListParts UploadPart', "$sdk operations");
	ok($t->store_get('images-1250000000', "$sdk/\xc3\xa9.bin") eq $file,
		"$sdk stored");
}

is(scalar(grep { !$_->{verified} } $t->journal), 0, 'all verified');

###############################################################################

# the numbers of parts that have arrived

sub parts {
	return map { $_->{target} =~ /partNumber=(\d+)/ } grep {
		$_->{operation} eq 'UploadPart' && $_->{status} == 200 } $t->journal;
}

###############################################################################
