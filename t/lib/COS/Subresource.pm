package COS::Subresource;

# ACLs, tags, and bucket configurations that are only kept.

use strict;
use warnings;

use COS::XML qw/ el element xml_doc /;

sub _acl_xml {
	my ($acl) = @_;
	my $id = 'qcs::cam::uin/100000000001:uin/100000000001';
	my $owner = el('ID', $id) . el('DisplayName', $id);
	my $grant = sub { el('Grant', \($_[0] . el('Permission', $_[1]))) };
	my $list = $grant->("<Grantee xmlns:xsi=\"http://www.w3.org/2001/"
		. "XMLSchema-instance\" xsi:type=\"CanonicalUser\">$owner</Grantee>",
		'FULL_CONTROL');
	$list .= $grant->("<Grantee xmlns:xsi=\"http://www.w3.org/2001/"
		. "XMLSchema-instance\" xsi:type=\"Group\">" . el('URI',
		'http://cam.qcloud.com/groups/global/AllUsers') . '</Grantee>',
		'READ') if ($acl || '') =~ /\Apublic-read/;
	return el('AccessControlPolicy', \(el('Owner', \$owner)
		. el('AccessControlList', \$list)));
}

sub get_acl {
	my ($cos, $c, $req) = @_;
	my $meta = $cos->{store}->head($req->{bucket}, $req->{key})
		or return COS::Operations::no_such_key($cos, $c, $req);
	return $cos->answer($c, $req, 200,
		[['Content-Type', 'application/xml']], $meta->{acl_xml})
		if defined $meta->{acl_xml};
	return $cos->xml($c, $req, 200, _acl_xml($meta->{acl}));
}

sub put_acl {
	my ($cos, $c, $req) = @_;
	my $body = COS::Operations::read_xml($cos, $c, $req);
	return unless defined $body;
	my $acl = COS::Operations::_header($req, 'x-cos-acl');
	$cos->{store}->update($req->{bucket}, $req->{key}, sub {
		$_[0]{acl} = $acl;
		$_[0]{acl_xml} = $body eq '' ? undef : $body;
	}) or return COS::Operations::no_such_key($cos, $c, $req);
	return $cos->answer($c, $req, 200, []);
}

sub get_tagging {
	my ($cos, $c, $req) = @_;
	my $meta = $cos->{store}->head($req->{bucket}, $req->{key})
		or return COS::Operations::no_such_key($cos, $c, $req);
	return $cos->answer($c, $req, 200, [['Content-Type', 'application/xml']],
		defined $meta->{tagging} ? $meta->{tagging}
			: xml_doc('<Tagging><TagSet></TagSet></Tagging>'));
}

sub put_tagging {
	my ($cos, $c, $req) = @_;
	my $body = COS::Operations::read_xml($cos, $c, $req);
	return unless defined $body;
	return $cos->error($c, $req, 400, 'MalformedXML',
		'The XML you provided was not well-formed')
		unless defined element($body, 'Tagging');
	$cos->{store}->update($req->{bucket}, $req->{key},
		sub { $_[0]{tagging} = $body })
		or return COS::Operations::no_such_key($cos, $c, $req);
	return $cos->answer($c, $req, 200, []);
}

sub delete_tagging {
	my ($cos, $c, $req) = @_;
	$cos->{store}->update($req->{bucket}, $req->{key},
		sub { delete $_[0]{tagging} })
		or return COS::Operations::no_such_key($cos, $c, $req);
	return $cos->answer($c, $req, 204, []);
}

sub get_config {
	my ($cos, $c, $req) = @_;
	my $text = $cos->{store}->config($req->{bucket}, $req->{select});
	if (!defined $text) {
		return $cos->xml($c, $req, 200, _acl_xml(undef))
			if $req->{select} eq 'acl';
		return $cos->error($c, $req, 404,
			'NoSuch' . ucfirst($req->{select}) . 'Configuration',
			'The bucket has no such configuration.');
	}
	return $cos->answer($c, $req, 200,
		[['Content-Type', 'application/xml']], $text);
}

sub put_config {
	my ($cos, $c, $req) = @_;
	my $body = COS::Operations::read_xml($cos, $c, $req);
	return unless defined $body;
	my $put = $req->{method} eq 'PUT';
	$cos->{store}->config($req->{bucket}, $req->{select},
		$put ? $body : undef);
	return $cos->answer($c, $req, $put ? 200 : 204, []);
}

1;
