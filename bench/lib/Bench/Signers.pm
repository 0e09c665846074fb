package Bench::Signers;

# The signers of bench/signers, as far as nginx has what runs them.

use strict;
use warnings;

use Bench::Nginx;
use Bench::Scenario;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;

my $SCRIPTS = abs_path(dirname(__FILE__) . '/../../signers');

# name, package of Debian, modules, and how the configuration loads the script

my @SIGNERS = (
	{
		side => 'njs',
		package => 'libnginx-mod-http-js',
		files => [qw/ ngx_http_js_module.so /],
		http => "    js_path \"$SCRIPTS\";\n"
			. "    js_import cos from cos.js;\n",
		use => "    js_set \$authorization cos.authorization;\n",
		location => '',
	},
	{
		side => 'lua',
		package => 'libnginx-mod-http-lua',
		files => [qw/ ndk_http_module.so ngx_http_lua_module.so /],
		http => "    lua_package_path \"$SCRIPTS/?.lua;;\";\n",
		use => '',
		location => <<'EOT',
            set $authorization "";
            access_by_lua_block {
                ngx.var.authorization = require("cos").authorization()
            }
EOT
	},
);

sub packages { return map { $_->{package} } @SIGNERS }

# those that nginx loads: side, package, modules, http, location

sub found {
	my ($dir) = @_;
	my ($path) = Bench::Nginx::configured('modules-path');
	return unless defined $path;

	my @found;
	for my $signer (@SIGNERS) {
		my @modules = map { "$path/$_" } @{$signer->{files}};
		next if grep { !-e } @modules;
		my $try = Bench::Nginx->new(dir => $dir, modules => \@modules,
			http => $signer->{http});
		push @found, { %$signer, modules => \@modules } if $try->accepts;
	}
	return @found;
}

# ready for Bench::Scenario: /kept/ is signed and passed to a kept connection

sub side {
	my ($signer) = @_;
	my $host = Bench::Scenario::host('pools');
	return {
		side => $signer->{side},
		modules => $signer->{modules},
		http => "$signer->{http}$signer->{use}",
		server => <<"EOT",
        set \$bucket_host $host;
        set \$secret_id ${\Bench::Scenario::ID};
        set \$secret_key ${\Bench::Scenario::KEY};

        location /kept/ {
$signer->{location}
            proxy_pass http://$host;
            proxy_set_header Connection "";
            proxy_set_header Host \$bucket_host;
            proxy_set_header Authorization \$authorization;
        }
EOT
	};
}

1;
