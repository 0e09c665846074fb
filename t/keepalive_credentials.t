#!/usr/bin/perl

# Tests for idle connections to COS with credentials that are renewed: used
# again, with the signature of the new secret, and for no other credential.

###############################################################################

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; chdir($FindBin::Bin); }

use lib 'lib';
use Test::COS;
use Test::COS::Issuer;
use Test::COS::Shim;

select STDERR; $| = 1;
select STDOUT; $| = 1;

###############################################################################

my $LIFE = 7200;
my $ARN = 'qcs::cam::uin/100000000001:roleName/any';

my @names = qw/ file http cvm tke role federation /;

my $t = Test::COS->new()->plan(7 * @names + 10);

$t->cos(buckets => [map { { name => "$_-1250000000",
	region => 'ap-guangzhou' } } @names, 'shared'],
	credentials => [ { secret_id => SECRET_ID, secret_key => SECRET_KEY },
		map { { secret_id => "AKIDfile$_", secret_key => "secretkey$_" } }
		1, 2 ]);
$t->store_put("$_-1250000000", 'a.txt', "of $_") for @names, 'shared';

$t->issuer(life => $LIFE, web_identity_token_file => 'identity');
$t->write_file('identity', 'identity.token');
$t->secret('identity.token', map { "secretkey$_" } 1, 2);
$t->env(TKE_PROVIDER_ID => 'tke-1', TKE_ROLE_ARN => $ARN,
	TKE_REGION => 'ap-guangzhou',
	TKE_WEB_IDENTITY_TOKEN_FILE => $t->path('identity'));
$t->shim('clock', SHIM_CLOCK => $t->shim_number('clock', 0));
file(1);

my $url = $t->issuer_url;
my %provider = (file => 'file secret;', http => "http $url/sts.php;",
	cvm => "cvm; endpoint $url;", tke => "tke; endpoint $url;",
	role => "assume_role $ARN; base perm; endpoint $url;",
	federation => "federation; base perm; endpoint $url; policy "
		. q('{"version":"2.0","statement":[{"effect":"allow",)
		. q("action":["name/cos:GetObject"],"resource":["*"]}]}';));

my ($blocks, $buckets, $locations) = ('', '', '');
for my $name (@names) {
	$blocks .= "cos_credentials $name { provider $provider{$name} }\n";
	$buckets .= "cos_bucket $name-1250000000 ap-guangzhou protocol=http\n"
		. "endpoint=127.0.0.1:8081 alias=$name credentials=$name;\n";
	$locations .= "location /shared/$name/ { cos_pass shared-1250000000/ "
		. "credentials=$name; }\n";
}

$t->write_conf(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $blocks
    cos_credentials perm { provider static; secret_id %%SECRET_ID%%;
                           secret_key %%SECRET_KEY%%; }

    $buckets
    cos_bucket shared-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081 credentials=perm;

    cos_wait 3s;

    server {
        listen       127.0.0.1:8080;
        server_name  localhost;

        location / { cos_pass path_style; }
        $locations
    }
}

EOF

$t->run();

###############################################################################

# buckets of one location, and locations of one bucket

my @uris = ((map { "/$_/a.txt" } @names), (map { "/shared/$_/a.txt" } @names));

my @before = (fetch(), fetch());

$t->control({ clock_offset => $LIFE - 60 });
$t->issuer_control({ clock_offset => $LIFE - 60 });
$t->shim_number('clock', $LIFE - 60);
file(2);
# the file was there at start
ok($t->wait_until(sub { updates('file') == 1
	&& @names - 1 == grep { updates($_) == 2 } @names }, 10), 'all are renewed');

my @after = (fetch(), fetch());

my @all = (@before, @after);
is(scalar(grep { $_->{status} == 200 } @all), 4 * @uris, 'answered');
is(scalar(grep { $_->{verified} } @all), 4 * @uris, 'signed');

for my $name (@names) {
	my ($own, $shared) = map { my $re = $_; [grep { $_->{sent} =~ $re } @all] }
		qr!^/$name/!, qr!^/shared/$name/!;

	is(unique(map { $_->{conn} } @$own), 1, "$name, bucket, connection");
	is(unique(map { $_->{conn} } @$shared), 1, "$name, location, connection");
	is(join(' ', unique_hosts($own)),
		"$name-1250000000.cos.ap-guangzhou.myqcloud.com", "$name, host");

	my @ids = map { $_->{secret_id} } @$own;
	is("$ids[0] $ids[2]", "$ids[1] $ids[3]", "$name, two secrets");
	isnt($ids[0], $ids[2], "$name, a new one");

	is(join(' ', map { $_->{secret_id} } @$shared), "@ids",
		"$name, location, the same secrets");

	my ($issued) = grep { $_->{secret_id} eq $ids[3] } $t->issued;
	is(token($own->[3]), $issued && $issued->{token}, "$name, the new token");
}

# each had its own connection

my %of;
$of{$_->{conn}}{$_->{secret_id}} = 1 for @before;
is(scalar keys %of, 2 * @names, 'connections');
is(scalar(grep { keys %{$of{$_}} == 1 } keys %of), 2 * @names,
	'of one credential each');
is(unique(map { $_->{secret_id} } @before), scalar @names, 'all differ');
is(unique(map { $_->{conn} } @all), 2 * @names, 'and no others');

# with many at once, too

$t->control({ clock_offset => $LIFE - 60, rules => [{ stall => 0.1 }] });
$t->journal_clear;
my @c = map { my $c = http_connect();
	$c->send("GET $_ HTTP/1.1\r\nHost: localhost\r\n\r\n"); $c } (@uris) x 3;
is(scalar(grep { $_->read_response(method => 'GET')->status == 200 } @c),
	3 * @uris, 'all at once');
$t->control({ clock_offset => $LIFE - 60 });
@all = ($t->journal_take, fetch());
%of = ();
$of{$_->{conn}}{"$_->{secret_id} $_->{host}"} = 1 for @all;
is(scalar(grep { keys %{$of{$_}} != 1 } keys %of), 0,
	'none is for two credentials or buckets');
is(scalar(grep { !$_->{verified} } @all), 0, 'all are signed');

###############################################################################

# what COS has received for a request to each

sub fetch {
	return map {
		http_get($_);
		my @e = $t->journal_take;
		die "not sent once\n" if @e != 1;
		+{ %{$e[0]}, sent => $_ };
	} @uris;
}

sub updates {
	my ($name) = @_;
	return scalar(() = $t->error_log =~ /cos_credentials "$name" updated/g);
}

sub file {
	my ($n) = @_;
	$t->write_file('new', "[common]\nsecret_id = AKIDfile$n\n"
		. "secret_key = secretkey$n\n");
	rename $t->path('new'), $t->path('secret');
}

sub unique {
	my %seen = map { $_ => 1 } @_;
	return scalar keys %seen;
}

sub unique_hosts {
	my %seen = map { $_->{host} => 1 } @{$_[0]};
	return sort keys %seen;
}

sub token {
	my ($entry) = @_;
	return (map { $_->[1] } grep { lc $_->[0] eq 'x-cos-security-token' }
		@{$entry->{headers}})[0];
}

###############################################################################
