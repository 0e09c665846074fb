#!/usr/bin/perl

# Tests for the scripts of bench/signers, which make bench compares with.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib', '../bench/lib';
use Test::COS;
use Bench::Signers;

use JSON::PP qw/ decode_json encode_json /;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $t = Test::COS->new();

my %signers = map { $_->{side} => $_ }
	Bench::Signers::found($t->path('signers'));
$t->skip_all('no ' . join ' or ', Bench::Signers::packages())
	unless %signers;

# those that an Authorization header can have

open my $fh, '<:raw', 'vectors/cos-vectors.json' or die $!;
my @vectors = grep { $_->{signed_headers}
	&& $_->{q_sign_time} eq $_->{q_key_time} }
	@{decode_json(do { local $/; readline $fh })->{cos_v5}};

$t->plan(1 + keys(%signers) * (@vectors + 4));
cmp_ok(scalar @vectors, '>=', 27, 'vectors');

$t->cos();
$t->store_put('images-1250000000', "sub/\xe4\xbd\xa0 ~'()*!+.txt", 'hello');

my ($load, $http, $servers) = ('', '', '');
my %port = (njs => 8080, lua => 8082);

my %test = (
	njs => 'js_content test.sign;',
	lua => <<'EOF',
content_by_lua_block {
    ngx.req.read_body()
    local v = loadstring("return " .. ngx.req.get_body_data())()
    ngx.print(require("cos").sign(v.id, v.key, v.time, v.method, v.path,
                                  v.params, v.headers))
}
EOF
);

$t->write_file('test.js', <<'EOF');
import cos from 'cos.js';

function sign(r) {
    const v = JSON.parse(r.requestText);
    r.return(200, cos.sign(v.id, v.key, v.time, v.method, v.path, v.params,
                           v.headers));
}

export default { sign };
EOF

for my $name (sort keys %signers) {
	my $side = Bench::Signers::side($signers{$name});
	my $server = $side->{server};
	my $host = Bench::Scenario::host('pools');

	# to the local COS, as its bucket
	$server =~ s!proxy_pass http://\Q$host\E!proxy_pass http://127.0.0.1:8081!;
	$server =~ s!\Q$host\E!images-1250000000.cos.ap-guangzhou.myqcloud.com!;
	$server =~ s!location /kept/!location /sub/!;

	$load .= "load_module $_;\n" for @{$side->{modules}};
	$http .= $side->{http};
	$http .= 'js_path "' . $t->testdir . "\";\njs_import test from test.js;\n"
		if $name eq 'njs';
	$servers .= "server { listen 127.0.0.1:$port{$name};\n"
		. "proxy_http_version 1.1;\n$server\n"
		. "location = /test { client_body_buffer_size 64k; $test{$name} } }\n";
}

$t->globals($load);
$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%
    $http
    $servers
}

EOF

$t->run();

for my $name (sort keys %signers) {
	for my $v (@vectors) {
		my $r = http_request(method => 'POST', uri => '/test',
			port => $port{$name}, body => $name eq 'njs'
			? encode_json(input($v)) : lua(input($v)));
		is($r->body, $v->{authorization}, "$name $v->{id}");
	}

	$t->journal_clear;
	my $r = http_request(uri => '/sub/%E4%BD%A0%20~%27()%2A!+.txt'
		. '?versionId=null&response-content-type=text%2Fx%20y',
		port => $port{$name});
	is($r->status, 200, "$name get");
	is($r->body, 'hello', "$name body");

	my ($entry) = $t->journal;
	is($entry->{verified}, 1, "$name signed");
	is($entry->{param_list}, 'response-content-type;versionid',
		"$name parameters");
}

###############################################################################

sub input {
	my ($v) = @_;
	my %signed = map { $_ => 1 } @{$v->{signed_headers}};
	return { id => $v->{secret_id}, key => $v->{secret_key},
		time => $v->{q_key_time}, method => $v->{method},
		path => $v->{signed_path}, params => $v->{params},
		headers => [grep { $signed{lc $_->[0]} }
			@{$v->{request_headers}}] };
}

# a table; any byte of a string as its number

sub lua {
	my ($value) = @_;
	return '{' . join(',', map { lua($_) } @$value) . '}'
		if ref $value eq 'ARRAY';
	return '{' . join(',', map { "$_=" . lua($value->{$_}) }
		sort keys %$value) . '}' if ref $value eq 'HASH';
	utf8::encode($value);
	return '"' . join('', map { sprintf '\\%03d', ord } split //, $value) . '"';
}

###############################################################################
