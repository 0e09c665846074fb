#!/usr/bin/perl

# Tests for the formats that cos_credentials with provider file reads.

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

my ($later, $start) = (time() + 3600, time() - 60);

# name of the block, whether it has a token, parameters, contents;
# ID KEY TOKEN are those of the block

my @cases = (

['sts_php', 1, '', <<EOF],
{"expiredTime":$later,"expiration":"2099-01-01T00:00:00Z",
 "credentials":{"sessionToken":"TOKEN","tmpSecretId":"ID",
                "tmpSecretKey":"KEY"},
 "requestId":"0f1f5dd4","startTime":$start}
EOF

['sts_api', 1, '', <<EOF],
{"Response":{"Credentials":{"Token":"TOKEN","TmpSecretId":"ID",
                            "TmpSecretKey":"KEY"},
             "ExpiredTime":$later,"Expiration":"2099-01-01T00:00:00Z",
             "RequestId":"0f1f5dd4"}}
EOF

['metadata', 1, '', <<EOF],
{
    "TmpSecretId": "ID",
    "TmpSecretKey": "KEY",
    "ExpiredTime": $later,
    "Expiration": "2099-01-01T00:00:00Z",
    "Token": "TOKEN",
    "Code": "Success"
}
EOF

['expiration_only', 1, '', '{"Credentials":{"Token":"TOKEN","TmpSecretId":'
	. '"ID","TmpSecretKey":"KEY"},"Expiration":"2099-01-01T08:00:00+08:00"}'],
['tccli', 0, '', '{"secretId":"ID","secretKey":"KEY"}'],
['tccli_token', 1, '', "\n  \t{\"secretId\":\"ID\",\"secretKey\":\"KEY\","
	. "\"token\":\"TOKEN\"}\n"],
['tccli_null', 0, '',
	'{ "secretId": "ID", "secretKey": "KEY", "token": null }'],
['json_crlf', 0, '', "{\r\n\"secretId\":\"ID\",\r\n\"secretKey\":\"KEY\"}\r\n"],
['json_escaped', 1, '', '{"secretId":"ID","secretKey":"\u004bEY"'
	. ',"token":"TOKEN\/\u002b"}'],

['credentials', 0, '', <<EOF],
[default]
secret_id = ID
secret_key = KEY
role_arn = qcs::cam::uin/1:roleName/r
EOF

['cos_conf', 1, '', <<EOF],
[common]
secret_id = ID
secret_key = KEY
token = TOKEN
bucket = images-1250000000
region = ap-guangzhou
max_thread = 5
schema = https
EOF

['profile', 1, 'profile second;', <<EOF],
# a comment
[default]
secret_id = wrong
secret_key = wrongkey

; another comment
[first]
secret_id = wrong
secret_key = wrongkey
token = wrong

[second]
secret_id = ID
# secret_key = wrongkey
secret_key = KEY
token = TOKEN

[third]
secret_id = wrong
EOF

['spaces', 1, '', " \t[ default ] \n\tsecret_id=ID  \n  secret_key\t=\tKEY\t\n"
	. "\n\n   token =   TOKEN"],
['crlf', 1, '', "[default]\r\nsecret_id = ID\r\nsecret_key = KEY\r\n\r\n"
	. "token = TOKEN\r\n"],
['equals', 1, '', "[default]\nsecret_id = ID\nsecret_key = KEY==\n"
	. "token = TOKEN=a=b==\n"],
['nothing_else', 0, '', "ignored before a section\n[other]\nno value\n"
	. "[default]\nsecret_id = ID\nsecret_key = KEY\n[last]\nno value\n"],
);

$t->plan(3 * @cases);

my ($blocks, $locations, @cred) = ('', '');

for my $i (0 .. $#cases) {
	my ($name, $has_token, $more, $text) = @{$cases[$i]};

	$text =~ s/ID/AKIDnumber$i/;
	$text =~ s/KEY/numberkey0000$i/;
	$text =~ s/TOKEN/session-token-number-$i/;
	$text =~ s/\\u004bEY/\\u006bey$i/;
	$t->write_file("$name.cred", $text);

	push @cred, { secret_id => "AKIDnumber$i",
		secret_key => $name eq 'json_escaped' ? "key$i"
			: "numberkey0000$i" . ($name eq 'equals' ? '==' : ''),
		$has_token ? (token => "session-token-number-$i"
			. ($name eq 'json_escaped' ? '/+' : '')
			. ($name eq 'equals' ? '=a=b==' : '')) : () };
	$blocks .= "cos_credentials $name { provider file $name.cred; $more }\n";
	$locations .= "location /$name/ { cos_pass images-1250000000"
		. " credentials=$name; }\n";
}

$t->cos(credentials => \@cred);
$t->store_put('images-1250000000', 'a.txt', 'hello');

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $blocks

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=tccli;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        $locations
    }
}

EOF

$t->run();

for my $i (0 .. $#cases) {
	my ($name, $has_token) = @{$cases[$i]};

	$t->journal_clear;
	is(http_get("/$name/a.txt")->body, 'hello', $name);
	my @e = $t->journal;
	is("$e[0]{verified} $e[0]{secret_id}", "1 AKIDnumber$i", "$name id");
	is($e[0]{header_list}, $has_token ? 'host;x-cos-security-token' : 'host',
		"$name token");
}

###############################################################################
