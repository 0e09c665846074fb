#!/usr/bin/perl

# Tests for variables that are the module's own: no directive may use them.

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

my $t = Test::COS->new()->needs('rewrite', 'map', 'ssi');

my $bucket = 'cos_credentials a { provider static; secret_id a;'
	. ' secret_key secretkey1; } cos_bucket i-1 r;';
my (@cases, @headers);

sub loc { return "$bucket\nserver { location / { cos_pass i-1;\n$_[0]\n} }" }

for my $name (qw/ authorization token /) {
	my $v = "\$cos_internal_$name";

	push @cases,
		["log_format $v", "log_format x \"$v\"; #!"],
		["add_header $v", loc("add_header X-A $v; #!")],
		["add_header with braces $v",
			loc("add_header X-A \"\${cos_internal_$name}\"; #!")],
		["add_header, upper case $v",
			loc("add_header X-A \$COS_INTERNAL_\U$name\E; #!")],
		["proxy_cache_key $v", loc("proxy_cache_key $v; #!")],
		["set $v", loc("set \$x $v; #!")],
		["set to $v", loc("set $v x; #!")],
		["if $v", loc("if ($v) { #!\nreturn 204; }")],
		["return $v", "$bucket\nserver { location / {\nreturn 200 $v; #!\n} }"],
		["map $v", "map $v \$x { #!\n}"],
		["map to $v", "map \$arg_x \$x { default $v; #!\n}"],
		["cos_pass $v", "$bucket\nserver { location / {\n"
			. "cos_pass i-1/$v; #!\n} }"];

	push @headers,
		["proxy_set_header $v", loc("proxy_set_header X-A $v; #!")],
		["proxy_set_header in text $v",
			loc("proxy_set_header X-A \"a${v}b\"; #!")],
		["proxy_set_header with braces $v",
			loc("proxy_set_header X-A \"\${cos_internal_$name}\"; #!")],
		["proxy_set_header, upper case $v",
			loc("proxy_set_header X-A \$COS_INTERNAL_\U$name\E; #!")],
		["proxy_set_header in http $v", "proxy_set_header X-A $v; #!\n"
			. loc('')];
}

$t->plan(2 * (@cases + @headers) + 7
	+ grep { $$_[0] =~ /^(?:proxy_set_header|set to)/ } @cases, @headers);

my ($status, $text);

for my $case (@cases, @headers) {
	my ($name, $conf) = @$case;

	($status, $text) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
		. "http {\n%%TEST_GLOBALS_HTTP%%\n$conf\n}\n");
	is($status, 1, $name);
	like($text, qr/\[emerg\].*cos_internal_/i, "$name message");

	# nginx does not say where a variable is used in other directives

	like($text, qr/\[emerg\].*cos_internal_.* in \S+try\.conf:\d+/i,
		"$name place") if $name =~ /^(?:proxy_set_header|set to)/;
}

# those that are there to be used

($status, $text) = $t->try_conf(<<"EOF");
%%TEST_GLOBALS%%
events { }
http {
    %%TEST_GLOBALS_HTTP%%
    log_format y "\$cos_bucket \$cos_region \$cos_key \$cos_action \$cos_host "
                 "\$cos_credentials \$cos_credentials_expire "
                 "\$cos_error_code \$cos_request_id";
    $bucket
    server { location / { cos_pass i-1; proxy_set_header X-A \$cos_key; } }
}
EOF
is($status, 0, 'good') or diag $text;

# where it is not noticed, they are empty

$t->cos(credentials => [{ secret_id => 'AKID1', secret_key => 'secretkey1',
	token => 'very-session-token' }]);
$t->store_put('images-1250000000', 'a.html',
	'<!--#echo var="cos_internal_authorization" -->,'
	. '<!--#echo var="cos_internal_token" -->,'
	. '<!--#echo var="cos_credentials" -->', 'Content-Type' => 'text/html');

$t->write_conf(<<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    cos_credentials app { provider static; secret_id AKID1;
                          secret_key secretkey1; token very-session-token; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / {
            cos_pass images-1250000000;
            ssi on;
            proxy_intercept_errors on;
            error_page 404 = @plain;
        }

        location @plain {
            proxy_pass http://127.0.0.1:8081;
            proxy_set_header X-A "a$cos_internal_authorization";
            proxy_set_header X-B "b$cos_internal_token";
        }
    }
}

EOF

$t->run();

my $r = http_get('/a.html');
is($r->status, 200, 'ssi');
is($r->body, '(none),(none),app', 'nothing through ssi');
unlike($r, qr/q-sign|session-token/, 'nothing at all');

http_get('/none');
my @e = $t->journal;
is(scalar @e, 3, 'error page');
is(join(';', map { "$_->[0]=$_->[1]" } grep { $_->[0] =~ /^X-/ }
	@{$e[-1]{headers}}), 'X-A=a;X-B=b', 'nothing to another server');
ok(!$e[-1]{verified}, 'not signed');

###############################################################################
