package Test::COS::Hosts;

# What the resolver of the system says, where a mount namespace is allowed: nginx
# is started in one, with files of its own in the place of those in /etc.
#
#   my $hosts = Test::COS::Hosts->new($t, 'resolv.conf' => $text);
#   $hosts->set('127.0.0.1 cos.test', '::1 cos.test');	# replaces all
#   $hosts->knows('cos.test', '::1');	# as a program of the system sees it
#
# skip_all if it is not allowed.

use strict;
use warnings;

use Test::COS::Nginx;

sub new {
	my ($class, $t, %files) = @_;

	my $self = bless { t => $t }, $class;
	$self->set('127.0.0.1 probe.test');
	$t->write_file($_, $files{$_}) for keys %files;

	$self->{enter} = join ' && ', map({ 'mount --bind ' . $t->path($_)
		. " /etc/$_" } 'hosts', sort keys %files), 'exec';
	$t->skip_all('no mount namespace for a hosts file')
		if $> != 0 || !$self->knows('probe.test', '127.0.0.1');

	my $nginx = Test::COS::Nginx::binary();
	$t->write_file('nginx', "#!/bin/sh\nexec unshare -m sh -c '$self->{enter}"
		. " \"\$0\" \"\$@\"' $nginx \"\$@\"\n");
	chmod 0755, $t->path('nginx');
	$ENV{TEST_NGINX_BINARY} = $t->path('nginx');

	return $self;
}

sub set {
	my ($self, @lines) = @_;
	$self->{t}->write_file('hosts',
		join '', map { "$_\n" } '127.0.0.1 localhost', @lines);
	return $self;
}

sub knows {
	my ($self, $name, $addr) = @_;
	my $list = `unshare -m sh -c '$self->{enter} getent ahosts $name' 2>&1`;
	return scalar $list =~ /^\Q$addr\E\s/m;
}

1;
