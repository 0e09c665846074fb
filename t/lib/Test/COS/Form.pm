package Test::COS::Form;

=head1 NAME

Test::COS::Form - forms as clients send them

=head1 FUNCTIONS

All exported.

 form_part($name, $value, %opt)
	one part; filename => 'f.png', headers => "Name: value\r\n"
 form_body(\@fields, $content, %opt)
	fields in pairs, then the file with filename 'f.png', then the end.
	boundary => 'xYzZY', filename => undef for none, last => what closes it
 form_type(%opt)    the value of Content-Type
 http_form($uri, \@fields, $content, %opt)
	sends it; headers => [[n, v], ...], the options above and those of
	http_request; body => instead of fields and content

=cut

use strict;
use warnings;

use Test::COS ();

use Exporter qw/ import /;

our @EXPORT = qw/ form_part form_body form_type http_form /;

my $BOUNDARY = '----WebKitFormBoundaryxYzZY';

sub _boundary {
	my (%opt) = @_;
	return defined $opt{boundary} ? $opt{boundary} : $BOUNDARY;
}

sub form_part {
	my ($name, $value, %opt) = @_;
	return '--' . _boundary(%opt) . "\r\nContent-Disposition: form-data; "
		. qq(name="$name")
		. (defined $opt{filename} ? qq(; filename="$opt{filename}") : '')
		. "\r\n" . ($opt{headers} || '') . "\r\n$value\r\n";
}

sub form_body {
	my ($fields, $content, %opt) = @_;
	my @b = exists $opt{boundary} ? (boundary => $opt{boundary}) : ();
	my $body = '';
	for (my $i = 0; $i < @$fields; $i += 2) {
		$body .= form_part(@$fields[$i, $i + 1], @b);
	}
	return $body . form_part('file', $content, @b, filename =>
		exists $opt{filename} ? $opt{filename} : 'f.png',
		headers => "Content-Type: image/png\r\n") . '--' . _boundary(@b)
		. (exists $opt{last} ? $opt{last} : "--\r\n");
}

sub form_type {
	my (%opt) = @_;
	return 'multipart/form-data; boundary=' . _boundary(%opt);
}

sub http_form {
	my ($uri, $fields, $content, %opt) = @_;
	my $body = defined $opt{body} ? delete $opt{body}
		: form_body($fields, $content, %opt);
	my @headers = @{delete $opt{headers} || []};
	push @headers, ['Content-Type', form_type(%opt)]
		unless grep { lc $_->[0] eq 'content-type' } @headers;
	unshift @headers, ['Host', delete $opt{host} || 'localhost']
		unless grep { lc $_->[0] eq 'host' } @headers;
	delete @opt{qw/ boundary filename last /};
	return Test::COS::http_request(method => 'POST', uri => $uri,
		headers => \@headers, body => $body, %opt);
}

1;
