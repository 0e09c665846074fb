#!/usr/bin/perl

# Tests for cos_allow with one action: that one reaches COS, no other.

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

my $t = Test::COS->new()->needs_cos();

# cos-protocol, section 4: action, method, query.  Left out: what cannot be
# told from the request line (PostObject, copies), what no query selects, and
# the rows whose action names are marked unconfirmed, but retention.

my @object = map { [split] } grep { /\S/ } split /\n/, <<'EOT';
GetObject                  GET
HeadObject                 HEAD
OptionsObject              OPTIONS
PutObject                  PUT
AppendObject               POST    append&position=0
DeleteObject               DELETE
DeleteObjectVersion        DELETE  versionId=1
GetObjectACL               GET     acl
PutObjectACL               PUT     acl
GetObjectTagging           GET     tagging
PutObjectTagging           PUT     tagging
DeleteObjectTagging        DELETE  tagging
PostObjectRestore          POST    restore
SelectObjectContent        POST    select&select-type=2
GetObjectRetention         GET     retention
PutObjectRetention         PUT     retention
GetSymlink                 GET     symlink
InitiateMultipartUpload    POST    uploads
UploadPart                 PUT     partNumber=1&uploadId=U
CompleteMultipartUpload    POST    uploadId=U
AbortMultipartUpload       DELETE  uploadId=U
ListParts                  GET     uploadId=U
EOT

my @bucket = map { [split] } grep { /\S/ } split /\n/, <<'EOT';
GetBucket                  GET
GetBucket                  GET     prefix=a&delimiter=/&marker=b&max-keys=1
PutBucket                  PUT
DeleteBucket               DELETE
HeadBucket                 HEAD
GetBucketObjectVersions    GET     versions
ListMultipartUploads       GET     uploads
ListBucketInventory        GET     inventory
PostBucketInventory        POST    inventory&id=1
EOT

# what follows Get, Put, Delete; the query; which of them there are

push @bucket, map { my ($name, $query, @methods) = split;
	map { [ucfirst(lc) . "Bucket$name", $_, $query] } @methods } split /\n/,
	<<'EOT';
ACL                 acl                 GET PUT
CORS                cors                GET PUT DELETE
Lifecycle           lifecycle           GET PUT DELETE
Policy              policy              GET PUT DELETE
Location            location            GET
Referer             referer             GET PUT DELETE
Tagging             tagging             GET PUT DELETE
Website             website             GET PUT DELETE
Inventory           inventory&id=1      GET PUT DELETE
Versioning          versioning          GET PUT
Replication         replication         GET PUT DELETE
Logging             logging             GET PUT
Domain              domain              GET PUT DELETE
DomainCertificate   domaincertificate   GET PUT DELETE
Origin              origin              GET PUT DELETE
Accelerate          accelerate          GET PUT
Encryption          encryption          GET PUT DELETE
IntelligentTiering  intelligenttiering  GET
Notification        notification        GET
EOT

# what no action lets out: forms, deletion of many, mixtures, other methods

my @never = map { [split] } grep { /\S/ } split /\n/, <<'EOT';
k POST
k POST    delete
k POST    uploads&delete
k GET     uploads
k PUT     uploadId=U
k PUT     partNumber=1
k PUT     uploads
k DELETE  uploads
k DELETE  acl
k POST    append
k POST    position=0
k POST    select
k POST    image_process
k GET     acl&tagging
k GET     acl=&uploadId=U
k DELETE  versionId=1&uploadId=U
k HEAD    acl
k HEAD    uploadId=U
k OPTIONS acl
k PATCH
/ POST
/ POST    delete
/ POST    delete=
/ POST    uploads
/ DELETE  delete
/ DELETE  acl
/ GET     delete
/ GET     acl&cors
/ GET     prefix=a&acl&cors
/ GET     object-lock
/ GET     live
/ PUT     uploads
/ PUT     delete
/ HEAD    acl
/ OPTIONS
/ GET     id=1
EOT

my @all = ((map { ["k", @$_] } @object), (map { ["/", @$_] } @bucket));
my %seen;
my @actions = grep { !$seen{$_}++ } map { $_->[1] } @all;

$t->plan(2 * @actions + 3);
$t->cos();

my $locations = join '', map { <<"EOL" } @actions;
        location /$_/ {
            cos_pass  images-1250000000;
            cos_allow $_;
        }
EOL

$t->write_conf(<<'EOC' =~ s/LOCATIONS/$locations/r);

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    keepalive_requests 1000000;
    error_log /dev/null;
    access_log off;

    cos_credentials app {
        provider static;
        secret_id  %%SECRET_ID%%;
        secret_key %%SECRET_KEY%%;
    }

    cos_bucket images-1250000000 ap-guangzhou protocol=http
               endpoint=127.0.0.1:8081;

    server {
        listen 127.0.0.1:8080;

LOCATIONS
        location /everything/ {
            cos_pass  images-1250000000;
            cos_allow ALL;
        }
    }
}

EOC

{
	my $conf = $t->read_file('nginx.conf');
	$conf =~ s/cos_allow ALL/join ' ', 'cos_allow', @actions/e;
	$t->write_file('nginx.conf', $conf);
}

$t->run();

###############################################################################

my @requests = map { [$_->[0], @$_[2, 3]] } @all;

for my $action (@actions) {
	$t->journal_clear;
	my @statuses = statuses("/$action/", @requests, @never);

	my @sent = $t->journal;
	is(join("\n", map { "$_->{method} $_->{target} $_->{verified}" } @sent),
		join("\n", map { my ($level, undef, $method, $query) = @$_;
			"$method /" . ($level eq 'k' ? 'k' : '')
				. (defined $query ? '?' . $query =~ s!=/!=%2F!r : '') . ' 1' }
			grep { $_->[1] eq $action } @all), "$action sent");

	my @wrong = grep { $_ >= @all || $all[$_][1] ne $action }
		grep { $statuses[$_] !~ /\A(?:403|405)\z/ } 0 .. $#statuses;
	is(join("\n", map { join ' ', @{(@requests, @never)[$_]} } @wrong), '',
		"$action alone");
}

# with all actions allowed

$t->journal_clear;
my @statuses = statuses('/everything/', @never);
is_deeply([map { "$_->{method} $_->{target}" } $t->journal], [],
	'never sent');
is(join("\n", map { join ' ', @{$never[$_]}, $statuses[$_] }
	grep { $statuses[$_] !~ /\A(?:403|405)\z/ } 0 .. $#statuses), '',
	'never allowed');

# PUT notification: apart, for an unknown name would stop all the others

my (undef, $output) = $t->try_conf("%%TEST_GLOBALS%%\nevents { }\n"
	. "http { cos_allow PutBucketNotification; }");
unlike($output, qr/unknown action/, "PutBucketNotification known");

###############################################################################

# pipelined, for there are many

sub statuses {
	my ($location, @requests) = @_;
	my $c = http_connect();
	my @out;
	while (my @some = splice @requests, 0, 50) {
		$c->send(join '', map { my ($level, $method, $query) = @$_;
			"$method $location" . ($level eq 'k' ? 'k' : '')
				. (defined $query ? "?$query" : '')
				. " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" }
			@some);
		push @out, map { $c->read_response(method => $_->[1])->status } @some;
	}
	$c->close;
	return @out;
}
