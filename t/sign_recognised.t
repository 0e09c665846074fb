#!/usr/bin/perl

# Tests for cos_sign unless_signed: what is a signature, and what is not.

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

my $t = Test::COS->new()->needs_cos()->plan(123);

$t->cos(credentials => [{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	\%client]);
$t->store_put('images-1250000000', 'a', 'hello');

$t->write_conf(<<'EOC');
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%

    access_log off;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

        location / {
            cos_pass  images-1250000000;
            cos_sign  unless_signed;
            cos_allow read write;
        }
    }
}
EOC

# the log of errors has the request lines of the clients
$t->allow_tokens_in_log();
$t->run();

###############################################################################

my $basic = 'Basic c2VjcmV0OnBhc3M=';
my @fields = ('q-sign-algorithm=sha1', 'q-ak=AKIDCLIENT',
	'q-sign-time=1700000000;4000000000', 'q-key-time=1700000000;4000000000',
	'q-header-list=', 'q-url-param-list=', 'q-signature=' . '0' x 40);
my $whole = join '&', @fields;

# no signature in the header: ours

for my $text ($basic, 'Bearer abc', 'garbage', '', ' ', 'q-signature',
	'sign=' . $whole, "$whole&x=y", "x=y&$whole", "$whole&$fields[0]",
	"$whole&", "&$whole", (map { my $n = $_;
		join '&', @fields[grep { $_ != $n } 0 .. $#fields] } 0 .. $#fields),
	$whole =~ s/sha1/sha256/r, $whole =~ s/=1700000000;/=/gr)
{
	is(http_get('/a', Authorization => $text)->body, 'hello',
		"header '$text'");
	is(sent_text('c2VjcmV0|abc|garbage|AKIDCLIENT'), 0,
		"header '$text', not sent");
	is(by(), '1 ' . SECRET_ID . ' header', "header '$text', by us");
}

# no signature in the query: not passed on as one

for my $query ('sign', 'sign=', 'sign=garbage', 'sign=' . escape($basic),
	'q-signature', 'q-signature=', 'q-signature=' . '0' x 40, 'q-ak=x',
	'sign=' . escape("$whole&x=y"), 'sign=' . escape($fields[0]), 'sign=&sign=',
	"sign=&$whole", 'sign=' . escape($whole) . "&$whole", "$whole&$fields[0]",
	'sign=' . escape($whole) . '&sign=' . escape($whole),
	map { my $n = $_;
		join '&', @fields[grep { $_ != $n } 0 .. $#fields] } 0 .. $#fields)
{
	my $r = http_get("/a?$query", Authorization => $basic);
	is($r->status . ' ' . ($r->code || ''), '400 InvalidArgument',
		"query $query");
	is(scalar(my @none = $t->journal), 0, "query $query, nothing sent");
	$t->journal_clear;
}

is(http_put('/new?sign=', 'x')->status, 400, 'put');
is(http_put('/new?q-signature', 'x')->status, 400, 'put, other');
is($t->store_get('images-1250000000', 'new'), undef, 'not written');
is(scalar(my @none = $t->journal), 0, 'put, nothing sent');

# other letters do not make it one

is(http_get('/a?SIGN=x')->body, 'hello', 'upper case');
is(($t->journal)[-1]{target}, '/a', 'upper case, not passed on');
is(by(), '1 ' . SECRET_ID . ' header', 'upper case, by us');

# two signatures: which one would COS take?

my $signed = COS::Signature::sign(%client, method => 'GET', target => '/a',
	headers => [['Host', $host]])->{authorization};

for my $merged (0, 1) {
	my $r = http_request(uri => '/a', host => $host,
		headers => { Authorization => $signed },
		presign => { %client, merged => $merged });
	is($r->status, 400, "header and query, $merged");
}
is(http_get("/a?$whole", Host => $host, Authorization => $signed)->status, 400,
	'header and bogus query');
is(scalar(@none = $t->journal), 0, 'two, nothing sent');

# a presigned one beside an Authorization that is none

is(http_request(uri => '/a', host => $host, headers => {
	Authorization => $basic }, presign => \%client)->body, 'hello',
	'presigned and basic');
is(sent_text('c2VjcmV0'), 0, 'presigned and basic, not sent');
is(by(), '1 AKIDCLIENT presigned', 'presigned and basic, by the client');

# and a good one

is(http_get('/a', Host => $host, Authorization => $signed)->body, 'hello',
	'signed');
is(by(), '1 AKIDCLIENT header', 'signed by the client');

###############################################################################

sub by {
	my @e = $t->journal;
	$t->journal_clear;
	return join ', ', map { my $e = $_; join ' ', map { defined $e->{$_}
		? $e->{$_} : '-' } qw/ verified secret_id source / } @e;
}

sub sent_text {
	my ($re) = @_;
	return scalar grep { $_->[1] =~ /$re/ } map { @{$_->{headers}} }
		($t->journal)[-1] || ();
}

sub escape {
	my ($text) = @_;
	$text =~ s/([^A-Za-z0-9._-])/sprintf '%%%02X', ord $1/ge;
	return $text;
}

###############################################################################
