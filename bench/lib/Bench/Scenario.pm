package Bench::Scenario;

# What is compared: an origin, and in front of it one nginx with a server for
# each side, "plain" with proxy_pass and "cos" with cos_pass, that have the same
# locations.  For each bucket there is an upstream with the host name of the
# bucket, so that Host and the keys of a cache are the same.

use strict;
use warnings;

use Bench::Nginx;

use constant {
	ID => 'AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0001',
	KEY => 'ExampleSecretKeyForUnitTests0001',
	OBJECT => 'albums/2026/photo-0001.jpg',
	SIZE => 1024,
};

# as long as those of STS
use constant TOKEN => join '', map { chr 97 + $_ % 26 } 1 .. 1500;

# ten parameters that GetObject takes
use constant QUERY => join '&', qw{
	versionId=MTg0NDUxNTc0ODU0MTI4NTU3NTk
	response-content-type=image%2Fjpeg
	response-content-language=zh-CN
	response-expires=Fri%2C%2004%20Dec%202026%2016%3A00%3A00%20GMT
	response-cache-control=max-age%3D600
	response-content-disposition=attachment%3B%20filename%3Da.jpg
	response-content-encoding=identity
	imageMogr2%2Fthumbnail%2F200x
	imageView2%2F1%2Fw%2F100
	imageInfo
};

sub host { return "$_[0]-1250000000.cos.ap-guangzhou.myqcloud.com" }

# new(dir =>) and, for TLS, certificate => and certificate_key =>; front_cpu =>
# and origin_cpu => if there are two

sub new {
	my ($class, %opt) = @_;
	my $self = bless { %opt }, $class;

	@$self{qw/ port tls_port put_port plain cos njs lua /} =
		Bench::Nginx::free_ports(7);

	# a pool of connections of our own, and whether it can be turned off
	$self->{pool} = $self->_accepts('keepalive=0');

	return $self;
}

sub _accepts {
	my ($self, $parameter) = @_;
	return Bench::Nginx->new(dir => "$self->{dir}/try", cos => 1,
		http => $self->_credentials . 'cos_bucket ' . "b-1250000000 local "
			. "protocol=http endpoint=127.0.0.1:1 $parameter;")->accepts;
}

sub origin {
	my ($self) = @_;
	my $body = 'x' x SIZE;
	my $dir = "$self->{dir}/origin";

	my $tls = !$self->{certificate} ? '' : <<"EOT";
    log_format handshakes '\$connection_requests \$ssl_session_reused';

    server {
        listen 127.0.0.1:$self->{tls_port} ssl;
        ssl_certificate $self->{certificate};
        ssl_certificate_key $self->{certificate_key};
        access_log $dir/handshakes.log handshakes;

        location / {
            return 200 $body;
        }
    }
EOT

	my $origin = Bench::Nginx->new(dir => $dir, port => $self->{port},
		cpu => $self->{origin_cpu}, http => <<"EOT");
    server {
        listen 127.0.0.1:$self->{port};

        location / {
            return 200 $body;
        }

        location /large/ {
            root $dir;
        }
    }

$tls
EOT

	mkdir "$dir/large";
	return $origin;
}

# signers => [...] adds sides that sign with a script: { side =>, http =>,
# server => }, TEXT for both levels, and modules => [FILES]

sub front {
	my ($self, %opt) = @_;
	my $dir = "$self->{dir}/front";
	my @signers = @{delete $opt{signers} || []};

	my $http = $self->_credentials . $self->_buckets
		. "    proxy_cache_path $dir/plain keys_zone=plain:1m;\n"
		. "    proxy_cache_path $dir/cos keys_zone=cos:1m;\n\n"
		. join '', map { "$_->{http}\n" } @signers;

	my %servers = map { $_ => $self->_locations($_) } qw/ plain cos /;
	$servers{$_->{side}} = $_->{server} for @signers;

	$http .= <<"EOT" for sort keys %servers;
    server {
        listen 127.0.0.1:$self->{$_};
        proxy_http_version 1.1;

        location = /mark {
            return 200 mark;
        }

        location = /status {
            stub_status;
        }

$servers{$_}
    }

EOT

	return Bench::Nginx->new(dir => $dir, port => $self->{plain}, cos => 1,
		modules => [map { @{$_->{modules}} } @signers], http => $http, %opt);
}

sub _credentials {
	my $secret = 'secret_id ' . ID . '; secret_key ' . KEY . ';';
	return <<"EOT";
    cos_credentials app {
        provider static;
        $secret
    }

    cos_credentials sts {
        provider static;
        $secret
        token ${\TOKEN};
    }

EOT
}

# one bucket, and one upstream of the same name, for each kind of connection

sub _buckets {
	my ($self) = @_;
	my $http = '';

	for (
		[ 'bench', 'http', $self->{port}, 0 ],
		[ 'pools', 'http', $self->{port}, 1 ],
		[ 'token', 'http', $self->{port}, $self->{pool}, 'sts' ],
		[ 'loads', 'http', $self->{put_port}, 0 ],
		[ 'https', 'https', $self->{tls_port}, 0 ],
		[ 'tpool', 'https', $self->{tls_port}, 1 ],
	) {
		my ($name, $protocol, $port, $keep, $credentials) = @$_;
		my $host = host($name);

		# nginx has had a default of its own since 1.29.7
		my $keepalive = $keep ? 'keepalive 32;'
			: Bench::Nginx::version_at_least('1.29.7') ? 'keepalive 0;' : '';

		$http .= "    upstream $host {\n"
			. "        server 127.0.0.1:$port;\n"
			. "        $keepalive\n"
			. "    }\n";

		my $pool = !$self->{pool} ? '' : $keep ? 'keepalive=32' : 'keepalive=0';
		$http .= "    cos_bucket $name-1250000000 ap-guangzhou\n"
			. "        protocol=$protocol endpoint=127.0.0.1:$port $pool\n"
			. "        credentials=" . ($credentials || 'app') . ";\n\n";
	}

	return $http;
}

sub _locations {
	my ($self, $side) = @_;
	my $kept = 'proxy_set_header Connection "";';
	my $text = '';

	# path, bucket, and lines of one side or of both
	for (
		[ 'miss', 'bench' ],
		[ 'kept', 'pools', plain => $kept ],
		# counts depend a little on how much else there is
		$self->{off} ? [ 'off', 'pools', plain => $kept,
			cos => 'cos_sign off;' ] : (),
		[ 'token', 'token', plain => $self->{pool} ? $kept : '',
			cos => 'cos_allow read response_override image;' ],
		[ 'hit', 'bench', cached => 1 ],
		[ 'sendfile', 'bench', cached => 1, both => 'sendfile on;' ],
		[ 'threads', 'bench', cached => 1, both => 'aio threads;' ],
		[ 'put', 'loads', cos => 'cos_allow read write;' ],
		[ 'stream', 'loads', cos => 'cos_allow read write;',
			both => 'proxy_request_buffering off;' ],
		[ 'https', 'https' ],
		[ 'tpool', 'tpool', plain => $kept ],
	) {
		my ($path, $bucket, %lines) = @$_;
		my $https = $bucket eq 'https' || $bucket eq 'tpool';

		next if $https && !$self->{certificate};
		next if $path eq 'threads' && !Bench::Nginx::has_module('threads');

		my @lines = grep { defined && length } @lines{$side, 'both'};
		push @lines, "proxy_cache $side;", 'proxy_cache_valid 200 1d;'
			if $lines{cached};
		push @lines, "proxy_ssl_trusted_certificate $self->{certificate};"
			if $https;

		if ($side eq 'cos') {
			unshift @lines, "cos_pass $bucket-1250000000;";

		} else {
			# what cos_pass does by itself
			push @lines, 'proxy_ssl_verify on;', 'proxy_ssl_verify_depth 5;',
				'proxy_ssl_server_name on;' if $https;
			unshift @lines, 'proxy_pass ' . ($https ? 'https' : 'http') . '://'
				. host($bucket) . '/;';
		}

		$text .= join "\n            ", "        location /$path/ {", @lines;
		$text .= "\n        }\n\n";
	}

	return $text;
}

1;
