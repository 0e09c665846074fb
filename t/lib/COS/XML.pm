package COS::XML;

# The little XML that COS speaks: written and read as byte strings.

use strict;
use warnings;

use Exporter qw/ import /;

our @EXPORT_OK = qw/ xml_escape xml_unescape xml_doc el elements element /;

my %ESC = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;');
my %UNESC = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'");

sub xml_escape {
	my ($s) = @_;
	$s =~ s/([&<>"])/$ESC{$1}/g;
	# other control bytes cannot be written in XML 1.0 at all
	$s =~ s/([\t\r])/sprintf('&#x%X;', ord $1)/ge;
	return $s;
}

sub xml_unescape {
	my ($s) = @_;
	$s =~ s/&(#x[0-9A-Fa-f]{1,6}|#[0-9]{1,7}|\w+);/_entity($1)/ge;
	return $s;
}

sub _entity {
	my ($name) = @_;
	return _char($1 ? hex $2 : $2) if $name =~ /\A#(x?)(.*)/;
	return exists $UNESC{$name} ? $UNESC{$name} : "&$name;";
}

sub _char {
	my ($n) = @_;
	return '' if $n > 0x10ffff;
	my $c = chr $n;
	utf8::encode($c);
	return $c;
}

# el(Name => text) escapes; el(Name => \markup) does not.

sub el {
	my ($name, $value) = @_;
	$value = '' unless defined $value;
	$value = ref $value ? $$value : xml_escape($value);
	return "<$name>$value</$name>";
}

sub xml_doc { return "<?xml version='1.0' encoding='utf-8' ?>\n$_[0]" }

# The inner markup of every <Name> in a fragment; none of COS's request
# bodies nests an element in one of the same name.

sub elements {
	my ($xml, $name) = @_;
	$xml =~ s/<!--.*?-->//gs;
	my @out;
	while ($xml =~ m!<\Q$name\E(?:\s[^>]*?)?(?:/>|>(.*?)</\Q$name\E\s*>)!gs) {
		push @out, defined $1 ? $1 : '';
	}
	return @out;
}

# The text of the first <Name>, or undef.

sub element {
	my ($xml, $name) = @_;
	my ($inner) = elements($xml, $name);
	return undef unless defined $inner;
	return $1 if $inner =~ /\A\s*<!\[CDATA\[(.*?)\]\]>\s*\z/s;
	return xml_unescape($inner);
}

1;
