#!/usr/bin/perl

# Tests for providers assume_role and federation, and what their base may be.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $ARN = 'qcs::cam::uin/100000000001:roleName/cos-proxy';
my $POLICY = '{"version":"2.0","statement":[{"effect":"allow",'
	. '"action":["name/cos:GetObject"],"resource":["*"]}]}';
(my $ESCAPED = $POLICY) =~ s{([^A-Za-z0-9_.~-])}{sprintf "%%%02X", ord $1}ge;

my $t = Test::COS->new()->plan(45);

$t->cos();
$t->store_put('images-1250000000', 'a.txt', 'hello');
$t->issuer(role_arn => $ARN, external_id => 'outside/1', callers => [
	{ secret_id => SECRET_ID, secret_key => SECRET_KEY },
	{ secret_id => 'AKIDtemporary', secret_key => 'temporarykey',
		token => 'temporary-token' } ]);
$t->write_file('temporary', '{"tmpSecretId":"AKIDtemporary",'
	. '"tmpSecretKey":"temporarykey","sessionToken":"temporary-token"}');

my $url = $t->issuer_url;
my $role = "provider assume_role $ARN; external_id outside/1; endpoint $url";
my @names = qw/ plain full file chain fed fedlong /;
my $locations = join '', map { "location /$_/ { cos_pass "
	. "images-1250000000/ credentials=$_; }\n" } @names, 'late';

$t->write_conf(<<"EOF");
%%TEST_GLOBALS%%
worker_processes 2;
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    cos_credentials chain { $role; base plain; session_name chained; }
    cos_credentials plain { $role; base perm; }
    cos_credentials full { $role; base perm; session_name my.name\@x;
                           policy '$POLICY'; duration 15m; }
    cos_credentials file { $role; base temporary; session_name of-file; }
    cos_credentials late { $role; base missing; session_name late; }
    cos_credentials fed { provider federation; base perm; endpoint $url;
                          policy '$POLICY'; }
    cos_credentials fedlong { provider federation; base plain; endpoint $url;
                              policy '$POLICY'; duration 1h; }
    cos_credentials perm { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }
    cos_credentials temporary { provider file temporary; }
    cos_credentials missing { provider file missing; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=perm;
    server {
        listen 127.0.0.1:8080;
        $locations
        location /now/ { cos_pass images-1250000000/ credentials=late;
                         cos_wait 0; }
    }
}
EOF
$t->run();

my %id;
for my $name (@names) {
	is(http_get("/$name/a.txt")->body, 'hello', $name) or diag $t->error_log;
	my $entry = ($t->journal)[-1];
	is($entry->{verified}, 1, "$name verified");
	$id{$name} = $entry->{secret_id};
}

my %seen = map { ($_->{params}{RoleSessionName}
	|| "fed$_->{params}{DurationSeconds}") => $_ } $t->issuer_journal;

# every request as STS saw it

is(scalar(() = $t->issuer_journal), 6, 'one request each');
is(scalar(grep { !$_->{verified} } $t->issuer_journal), 0, 'all verified');
is(scalar(grep { $_->{method} ne 'POST' || $_->{target} ne '/' }
	$t->issuer_journal), 0, 'POST /');

my $s = $seen{'nginx-cos'};
is($s->{action}, 'AssumeRole', 'action');
is($s->{caller}, SECRET_ID, 'static base');
is($s->{params}{RoleArn}, $ARN, 'role');
is($s->{params}{ExternalId}, 'outside/1', 'external id');
is($s->{params}{DurationSeconds}, 7200, 'duration by default');
ok(!exists $s->{params}{Policy}, 'no policy by default');
is(header($s, 'X-TC-Token'), undef, 'no token of a permanent base');
is(header($s, 'X-TC-Version'), '2018-08-13', 'version');
is(header($s, 'Content-Type'), 'application/json', 'content type');
is(header($s, 'X-TC-Region'), 'ap-guangzhou', 'region');
is(header($s, 'Expect'), undef, 'no Expect');

$s = $seen{'my.name@x'};
is($s->{params}{DurationSeconds}, 900, 'duration');
is($s->{params}{Policy}, $ESCAPED, 'policy') or diag explain $s->{params};
is(expire('full'), 900, 'valid so long');

$s = $seen{'of-file'};
is($s->{caller}, 'AKIDtemporary', 'base of a file');
is(header($s, 'X-TC-Token'), 'temporary-token', 'its token');

$s = $seen{chained};
is($s->{caller}, $id{plain}, 'base assumes a role itself');
is(header($s, 'X-TC-Token'), find('plain')->{token}, 'its token');
isnt($id{chain}, $id{plain}, 'another credential');

$s = $seen{fed1800};
is($s->{action}, 'GetFederationToken', 'federation');
is($s->{caller}, SECRET_ID, 'federation base');
is($s->{params}{Policy}, $ESCAPED, 'federation policy');
like($s->{params}{Name}, qr/\A[a-zA-Z]+\z/, 'federation name');
is(header($s, 'X-TC-Token'), undef, 'federation without a token');

$s = $seen{fed3600};
is($s->{caller}, $id{plain}, 'federation, chained');
is(header($s, 'X-TC-Token'), find('plain')->{token}, 'federation, token');

# a base that is not there yet is waited for, without a word

is(http_get('/now/a.txt')->status, 503, 'no base yet');
unlike($t->error_log, qr/"late" could not be updated/, 'no error');
$t->write_file('missing.new', '{"secretId":"' . SECRET_ID
	. '","secretKey":"' . SECRET_KEY . '"}');
rename $t->path('missing.new'), $t->path('missing');
is(http_get('/late/a.txt')->body, 'hello', 'base has come');
is(($t->issuer_journal)[-1]{params}{RoleSessionName}, 'late', 'asked then');

###############################################################################

sub header {
	my ($entry, $name) = @_;
	my ($value) = map { $_->[1] } grep { lc $_->[0] eq lc $name }
		@{$entry->{headers}};
	return $value;
}

sub find {
	my ($name) = @_;
	my ($issued) = grep { $_->{secret_id} eq $id{$name} } $t->issued;
	return $issued || {};
}

sub expire {
	my ($name) = @_;
	return find($name)->{expires} - find($name)->{started};
}

###############################################################################
