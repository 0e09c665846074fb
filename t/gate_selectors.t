#!/usr/bin/perl

# Tests for parameters that select an operation, without a value.

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

my $t = Test::COS->new()->needs_cos()->plan(43);

$t->cos();
$t->store_put('images-1250000000', 'a', 'hello');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass images-1250000000;
            cos_allow read write list delete AbortMultipartUpload ListParts;
        }

        location /few/ {
            cos_pass images-1250000000/;
            cos_allow GetObject AbortMultipartUpload UploadPart ListParts;
        }
    }
}
EOC

$t->run();

###############################################################################

# a server that takes no notice of them would delete, or write, the object

for my $case (
	['DELETE', 'uploadId='], ['DELETE', 'uploadId'], ['DELETE', 'uploadId=&'],
	['DELETE', '%75ploadId='],
	['GET', 'uploadId'], ['GET', 'uploadId='],
	['GET', 'uploadId=&max-parts=1'],
	['PUT', 'partNumber=&uploadId=x'], ['PUT', 'partNumber&uploadId=x'],
	['PUT', 'partNumber=1&uploadId='], ['PUT', 'partNumber=1&uploadId'],
	['PUT', 'partNumber=&uploadId='],
	['GET', 'partNumber=&uploadId=x'], ['GET', 'partNumber&uploadId=x'],
	['POST', 'uploadId='], ['POST', 'uploadId'],
	['POST', 'append&position='], ['POST', 'append&position'])
{
	my ($method, $query) = @$case;
	for my $uri ("/a?$query", "/few/a?$query") {
		next if $uri =~ /few/ && $method eq 'POST';
		my $r = http_request(method => $method, uri => $uri,
			$method =~ /^P/ ? (body => 'x') : ());
		is($r->status . ' ' . ($r->code || ''), '400 InvalidArgument',
			"$method $uri");
	}
}

is(scalar(my @none = $t->journal), 0, 'nothing sent');
is($t->store_get('images-1250000000', 'a'), 'hello', 'left');

# other letters are another name

isnt(http_delete('/few/a?uploadid=')->status, 204, 'lower case');
isnt(http_delete('/few/a?UPLOADID=')->status, 204, 'upper case');
isnt(http_delete('/a?uploadid=')->status, 204, 'lower case, delete allowed');
is(scalar(grep { $_->{method} eq 'DELETE' } $t->journal), 0, 'not deleted');

# with values

$t->journal_clear;
http_delete('/few/a?uploadId=x');
is(operation(), 'AbortMultipartUpload', 'abort');
http_get('/few/a?uploadId=x');
is(operation(), 'ListParts', 'list');
http_put('/few/a?partNumber=1&uploadId=x', 'x');
is(operation(), 'UploadPart', 'upload');

# those that may be empty

is(http_get('/?prefix=&marker=&delimiter=')->status, 200, 'listing');
is(($t->journal)[-1]{verified}, 1, 'listing, signed');

###############################################################################

sub operation {
	my @e = $t->journal;
	$t->journal_clear;
	return join ', ', map { $_->{operation} . ($_->{verified} ? ''
		: ' unsigned') } @e;
}

###############################################################################
