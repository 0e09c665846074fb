#!/usr/bin/perl

# Tests for the guarded features of cos_allow, but copy.

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

my @features = qw/ acl response_override image sse callback tagging /;

# feature -> method, query or header, operations it may ride on

my @probes = (
	['acl', 'x-cos-acl: private'],
	['acl', 'X-Cos-Acl: public-read'],
	['acl', 'x-cos-grant-read: id="1"'],
	['acl', 'x-cos-grant-read-acp: id="1"'],
	['acl', 'x-cos-grant-write: id="1"'],
	['acl', 'x-cos-grant-write-acp: id="1"'],
	['acl', 'x-cos-grant-full-control: id="1"'],
	['tagging', 'x-cos-tagging: a=b'],
	['callback', 'x-cos-callback: e30='],
	['callback', 'x-cos-callback-var: e30='],
	['callback', 'x-cos-return-body: e30='],
	['image', 'Pic-Operations: {"rules":[]}'],
	['sse', 'x-cos-server-side-encryption: AES256'],
	['sse', 'x-cos-server-side-encryption-cos-kms-key-id: k'],
	['sse', 'x-cos-server-side-encryption-customer-algorithm: AES256'],
	['sse', 'x-cos-server-side-encryption-customer-key: a2V5'],
	['sse', 'x-cos-server-side-encryption-customer-key-MD5: bWQ1'],
	(map { ['response_override', "?response-$_=x"] } qw/ cache-control
		content-disposition content-encoding content-language content-type
		expires /),
	(map { ['image', "?$_"] } 'imageMogr2/thumbnail/200x', 'imageView2/1/w/9',
		'imageInfo', 'exif', 'imageAve', 'watermark/2/text/eA',
		'imageMogr2/thumbnail/!50p%7CimageInfo', 'ci-process=videoinfo',
		'ci-process=snapshot&time=1&format=jpg'),
);

# what the operation takes: headers, parameters

my %takes = (
	GetObject => { sse => 'h', response_override => 'p', image => 'p' },
	HeadObject => { sse => 'h', response_override => 'p', image => 'p' },
	OptionsObject => {},
	PutObject => { map { $_ => 'h' } qw/ acl tagging callback image sse / },
	InitiateMultipartUpload => { map { $_ => 'h' }
		qw/ acl tagging callback image sse / },
	UploadPart => { sse => 'h' },
	CompleteMultipartUpload => { callback => 'h', image => 'h' },
	AbortMultipartUpload => {},
	ListParts => {},
	DeleteObject => {},
	PutObjectACL => { acl => 'h' },
	GetObjectACL => {},
	GetBucket => {},
	PutBucketACL => {},
);

my %request = (
	GetObject => 'GET k', HeadObject => 'HEAD k', OptionsObject => 'OPTIONS k',
	PutObject => 'PUT k', InitiateMultipartUpload => 'POST k?uploads',
	UploadPart => 'PUT k?partNumber=1&uploadId=U',
	CompleteMultipartUpload => 'POST k?uploadId=U',
	AbortMultipartUpload => 'DELETE k?uploadId=U',
	ListParts => 'GET k?uploadId=U', DeleteObject => 'DELETE k',
	PutObjectACL => 'PUT k?acl', GetObjectACL => 'GET k?acl',
	GetBucket => 'GET ', PutBucketACL => 'PUT ?acl',
);
my @operations = sort keys %request;

my $t = Test::COS->new()->needs_cos()->plan(2 + 2 * @features + 6);

$t->cos();
$t->store_put('images-1250000000', 'k', 'hello');

my $allow = join ' ', @operations;
my $locations = join '', map { <<"EOL" } @features;
        location /$_/ {
            cos_pass  images-1250000000;
            cos_allow $allow $_;
        }
EOL

$t->write_conf(<<'EOC' =~ s/LOCATIONS/$locations/r =~ s/ALLOW/$allow/r);

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    keepalive_requests 1000000;
    error_log /dev/null;

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location /none/ {
            cos_pass  images-1250000000;
            cos_allow ALLOW;
        }

LOCATIONS

        location /prefix/ {
            cos_pass  images-1250000000/p/;
            cos_allow read write image;
        }

        location ~ ^/key/(.*)$ {
            cos_pass  images-1250000000/$1;
            cos_allow read write image;
        }
    }
}

EOC

$t->run();

###############################################################################

my ($sent, $wrong) = try_all('none', '');
is($wrong, '', 'by default refused');
is($sent, 0, 'by default not sent');

for my $feature (@features) {
	my ($sent, $wrong) = try_all($feature, $feature);
	is($wrong, '', "$feature alone, and where it belongs");
	cmp_ok($sent, '>', 0, "$feature sent");
}

# rules of Pic-Operations name keys of their own

for my $location (qw/ prefix key /) {
	$t->journal_clear;
	is(http_put("/$location/k", 'x', 'Pic-Operations' =>
		'{"rules":[{"fileid":"/other","rule":"imageInfo"}]}')->status, 403,
		"pic-operations where keys are confined by $location");
	is(scalar(my @none = $t->journal), 0, "$location not sent");
}

# what a feature lets out is signed and reaches COS

$t->journal_clear;
is(http_get('/response_override/k?response-content-type=text/x%2By')
	->header('content-type'), 'text/x+y', 'response override');
is(($t->journal)[-1]{target}, '/k?response-content-type=text%2Fx%2By',
	'override canonical');

###############################################################################

sub try_all {
	my ($location, $feature) = @_;

	my (@wrong, @raw, @expected, @name);
	for my $operation (@operations) {
		for my $probe (@probes) {
			my ($of, $what) = @$probe;
			my ($method, $uri) = $request{$operation} =~ /\A(\S+) (.*)\z/;
			my $kind = $what =~ /\A\?/ ? 'p' : 'h';
			push @expected, ($of eq $feature
				&& ($takes{$operation}{$of} || '') eq $kind);
			push @name, "$operation $what";
			if ($kind eq 'p') {
				$uri .= $uri =~ /\?/ ? $what =~ s/\A\?/&/r : $what;
			}
			push @raw, "$method /$location/$uri HTTP/1.1\r\nHost: h\r\n"
				. ($kind eq 'h' ? "$what\r\n" : '')
				. "Content-Length: 0\r\n\r\n";
		}
	}

	$t->journal_clear;
	my $c = http_connect();
	my @statuses;
	my @left = @raw;
	while (my @some = splice @left, 0, 50) {
		$c->send(join '', @some);
		push @statuses, map { $c->read_response(
			method => /\A(\w+)/)->status } @some;
	}

	for my $i (0 .. $#raw) {
		push @wrong, "$name[$i]: $statuses[$i]" if $expected[$i]
			? $statuses[$i] =~ /\A40[135]\z/ : $statuses[$i] != 403;
	}
	my @sent = $t->journal;
	push @wrong, map { "unverified $_->{method} $_->{target}" }
		grep { !$_->{verified} } @sent;
	push @wrong, 'sent ' . @sent if @sent != grep { $_ } @expected;
	return (scalar @sent, join "\n", @wrong);
}
