#!/usr/bin/perl

# Tests for bodies that are no proper form: 400, and nothing is sent.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Form;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my @key = form_part(key => 'k', boundary => 'B');
my $file = form_part(file => 'contents', filename => 'f', boundary => 'B');
my $end = "--B--\r\n";

sub part {
	my ($header, $value) = @_;
	return "--B\r\n$header\r\n\r\n" . (defined $value ? $value : 'v') . "\r\n";
}

sub disposition {
	return part("Content-Disposition: form-data; $_[0]");
}

my $type = 'multipart/form-data; boundary=B';
my @bad = (
	# Content-Type, body, name
	['multipart/form-data', "@key$file$end", 'no boundary'],
	['multipart/form-data;', "@key$file$end", 'no parameter'],
	['multipart/form-data; boundary=', "@key$file$end", 'empty boundary'],
	['multipart/form-data; boundary=""', "@key$file$end",
		'empty quoted boundary'],
	['multipart/form-data; boundary=' . 'B' x 200,
		"@key$file$end" =~ s/B/'B' x 200/ger, 'boundary of 200 bytes'],
	['multipart/form-data; boundary="B', "@key$file$end",
		'boundary with one quote'],
	['multipart/form-data; boundary="B "', "@key$file$end",
		'boundary with a space at its end'],
	['multipart/form-data; boundary="B\\B"', "@key$file$end",
		'boundary with a backslash'],
	['multipart/form-data; boundary=B; boundary=C', "@key$file$end",
		'two boundaries'],
	['multipart/form-data; x="; boundary=C"; boundary=B', "@key$file$end",
		'hidden boundary'],
	['multipart/form-data; boundary*=B', "@key$file$end",
		'extended boundary'],

	[$type, '', 'empty'],
	[$type, $end, 'no parts'],
	[$type, 'key=k&file=f', 'another type'],
	[$type, "preamble\r\n@key$file$end", 'preamble'],
	[$type, "\r\n@key$file$end", 'empty line before'],
	[$type, "@key$file" =~ s/B/C/gr . $end, 'another boundary'],
	[$type, "@key$file$end" =~ s/\r//gr, 'lines that end with LF'],
	[$type, "@key$file$end" =~ s/\n//gr, 'lines that end with CR'],
	[$type, "@key$file$end" =~ s/B\r/B \r/r, 'space behind a boundary'],
	[$type, "@key$file$end" =~ s/--B--/--BB--/r, 'longer boundary at the end'],

	[$type, "$file@key$end", 'file first'],
	[$type, "$file$end", 'no key'],
	[$type, "@key$end", 'no file'],
	[$type, "@key$file$file$end", 'two files'],
	[$type, "@key$file@key$end", 'field behind the file'],
	[$type, "@key@key$file$end", 'duplicate key'],
	[$type, form_part(Key => 'K', boundary => 'B') . "@key$file$end",
		'duplicate key in another case'],
	[$type, "@key" . disposition('name="x-cos-meta-a"') x 2 . $file . $end,
		'duplicate field'],
	[$type, "@key" . join('', map { disposition(qq(name="x-cos-meta-$_")) }
		1 .. 3000) . $file . $end, 'thousands of fields'],
	[$type, "@key" . part('Content-Disposition: form-data; '
		. 'name="x-cos-meta-a"', 'v' x 70000) . $file . $end,
		'field over the bound'],
	[$type, part('X-Long: ' . 'v' x 70000) . $file . $end,
		'header over the bound'],

	[$type, "@key$file", 'no end'],
	[$type, "@key$file--B-", 'half of the end'],
	[$type, "@key$file--B", 'no dashes at the end'],
	[$type, substr("@key$file", 0, -2), 'truncated file'],
	[$type, substr("@key$file", 0, length($key[0]) + 30), 'truncated header'],
	[$type, substr("@key", 0, -1), 'truncated field'],
	[$type, "@key$file$end\r\n", 'empty line behind'],
	[$type, "@key$file${end}epilogue", 'epilogue'],
	[$type, "@key$file--B--x", 'byte behind'],

	# what some parsers take for the end of the part

	[$type, "@key" . disposition('name="x-cos-meta-a"') =~ s/v/--B/r . $file
		. $end, 'value that begins with a boundary'],
	[$type, "@key" . form_part(file => "--B\r\nContent-Disposition: form-data; "
		. "name=\"acl\"\r\n\r\npublic-read", boundary => 'B') . $end,
		'file that begins with a boundary'],
	[$type, "@key" . form_part(file => "x\n--B\r\nContent-Disposition: "
		. "form-data; name=\"acl\"\r\n\r\npublic-read", boundary => 'B')
		. $end, 'boundary behind LF in the file'],

	[$type, part('Content-Disposition: form-data') . $file . $end, 'no name'],
	[$type, part('Content-Type: text/plain') . $file . $end,
		'no disposition'],
	[$type, "--B\r\n\r\nv\r\n$file$end", 'no header'],
	[$type, "--B\r\nv\r\n$file$end", 'no header, no empty line'],
	[$type, part('Content-Disposition: attachment; name="key"') . $file
		. $end, 'another disposition'],
	[$type, part('Content-Disposition: form-data; name="key"' . "\r\n"
		. 'Content-Disposition: form-data; name="acl"') . $file . $end,
		'two dispositions'],
	[$type, disposition('name="key"; name="acl"') . $file . $end, 'two names'],
	[$type, disposition('name=""') . $file . $end, 'empty name'],
	[$type, disposition('name="key') . $file . $end, 'one quote'],
	[$type, disposition('name="key"x') . $file . $end, 'bytes behind a quote'],
	[$type, disposition('name="a\\"; name=\\"key"') . $file . $end,
		'quotes in a name'],
	[$type, disposition("name=\"key\r\nX: y\"") . $file . $end,
		'CRLF in a name'],
	[$type, disposition("name=\"key\rX\"") . $file . $end, 'CR in a name'],
	[$type, disposition("name=\"key\nX\"") . $file . $end, 'LF in a name'],
	[$type, disposition("name=\"key\0\"") . $file . $end, 'NUL in a name'],
	[$type, disposition('name="key%0d%0aX"') . $file . $end,
		'escapes in a name'],
	[$type, disposition("name*=UTF-8''key") . $file . $end, 'extended name'],
	[$type, part("Content-Disposition: form-data;\r\n name=\"key\"") . $file
		. $end, 'folded header'],
	[$type, part("Content-Disposition : form-data; name=\"key\"") . $file
		. $end, 'space before the colon'],
	[$type, part(qq(Content-Disposition: form-data; name="key"\r\n)
		. 'Content-Transfer-Encoding: base64', 'aw==') . $file . $end,
		'transfer encoding of a field'],
	[$type, "@key" . part(qq(Content-Disposition: form-data; name="file"\r\n)
		. 'Content-Transfer-Encoding: quoted-printable') . $end,
		'transfer encoding of the file'],
	[$type, "@key" . part(qq(Content-Disposition: form-data; name="file"\r\n)
		. 'Content-Type: Multipart/mixed; boundary=C', "--C\r\n\r\nx\r\n--C--")
		. $end, 'nested'],
	[$type, "@key" . disposition('name="photo"; filename="f"') . $end,
		'file of another name'],
	[$type, form_part(key => "a\r\nb", boundary => 'B') . $file . $end,
		'CRLF in a key'],
	[$type, form_part(key => "a\0b", boundary => 'B') . $file . $end,
		'NUL in a key'],
	[$type, form_part(key => "a\xc2\x85b", boundary => 'B') . $file . $end,
		'C1 control in a key'],
	[$type, form_part(key => "\xff", boundary => 'B') . $file . $end,
		'key not UTF-8'],
	[$type, "@key" . form_part('x-cos-meta-a' => "a\nb", boundary => 'B')
		. $file . $end, 'LF in a value'],
	[$type, "@key" . form_part(success_action_status => '302', boundary => 'B')
		. $file . $end, 'odd status'],
);

my $t = Test::COS->new()->needs_cos()->plan(4 + 6);

$t->cos();

$t->write_conf(<<'EOC');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 0;

    cos_credentials app { provider static; secret_id %%SECRET_ID%%;
                          secret_key %%SECRET_KEY%%; }
    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location /on/ {
            cos_pass   images-1250000000;
            cos_allow  PostObject;
        }

        location /off/ {
            cos_pass   images-1250000000;
            cos_allow  PostObject;
            proxy_request_buffering off;
        }
    }
}

EOC

$t->run();

for my $uri (qw! /on/ /off/ !) {
	is(try_all($uri), '', "$uri length");
	is(try_all($uri, chunked => 1), '', "$uri chunked");
}

my @seen = $t->journal;
is(scalar(grep { $_->{status} ne 'aborted' } @seen), 0, 'nothing arrived');
is(scalar(@seen), 0, 'nothing sent');
is(scalar(my @keys = glob $t->path('cos-8081/store/*/data/*')), 0,
	'nothing stored');

# and a good one, as the bad ones are made

for my $uri (qw! /on/ /off/ !) {
	is(http_form($uri, [], '', headers => [['Content-Type', $type]],
		body => "@key$file$end")->status, 204, "$uri good");
}
is($t->store_get('images-1250000000', 'k'), 'contents', 'good, stored');

###############################################################################

# what was answered in another way

sub try_all {
	my ($uri, %opt) = @_;
	my @wrong;

	for my $case (@bad) {
		my ($type, $body, $name) = @$case;
		my $r = http_form($uri, [], '', headers => [['Content-Type', $type]],
			body => $body, timeout => 5, %opt);
		my $code = $r->code || $r->error || '';
		push @wrong, "$name: " . $r->status . " $code"
			unless $r->status == 400
				&& $code =~ /\A(?:MalformedPOSTRequest|InvalidArgument)\z/
				&& $r->header('content-type') eq 'application/xml'
				&& $r->header('x-cos-request-id');
	}
	return join "\n", @wrong;
}

###############################################################################
