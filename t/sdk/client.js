'use strict';

// The official SDK, unmodified, as a client of the gateway: each version and
// set of options goes through the same calls.  Results are written as JSON:
// what a call gave, or the error in it.

const crypto = require('crypto');
const dns = require('dns');
const fs = require('fs');
const http = require('http');
const { PassThrough } = require('stream');

const [input, output] = process.argv.slice(2);
const { clients, port, dir, file } = JSON.parse(fs.readFileSync(input, 'utf8'));

// the names of the gateway are in no DNS
dns.lookup = (name, options, callback) => {
  const done = callback || options;
  if (options.all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

const place = { Bucket: 'images-1250000000', Region: 'ap-guangzhou' };
const copySource = (key) => 'images-1250000000.cos.ap-guangzhou.myqcloud.com/'
  + encodeURIComponent(key).replace(/%2F/g, '/');

const dummy = { SecretId: 'AKIDdummy', SecretKey: 'dummy', Protocol: 'http:',
  SecurityToken: 'dummy-token', ConfCwd: dir, ChunkSize: 1048576 };

function fetch(url) {
  const { host } = new URL(url);
  return new Promise((resolve, reject) => {
    http.get({ port, host: '127.0.0.1', headers: { Host: host },
      path: url.slice(url.indexOf(host) + host.length) }, (res) => {
      const pieces = [];
      res.on('data', (piece) => pieces.push(piece));
      res.on('end', () => resolve({ statusCode: res.statusCode,
        Body: Buffer.concat(pieces) }));
    }).on('error', reject);
  });
}

async function calls(cos, prefix, step) {
  const key = `${prefix}/中文 +%&?#(1).txt`;
  const at = (more) => ({ ...place, Key: key, ...more });

  await step('putObject', () => cos.putObject(at({
    Body: 'content of 中文', ContentType: 'text/plain; charset=utf-8',
    Headers: { 'x-cos-meta-author': 'a b/c' },
  })));
  await step('headObject', () => cos.headObject(at()));
  await step('getObject', () => cos.getObject(at()));
  await step('getObject range', () => cos.getObject(at({
    Range: 'bytes=0-6' })));
  await step('getObject override', () => cos.getObject(at({
    ResponseContentType: 'text/x-other',
    ResponseContentDisposition: 'attachment; filename="a b.txt"' })));

  const stream = new PassThrough();
  let streamed = 0;
  stream.on('data', (piece) => { streamed += piece.length; });
  await step('getObject stream', () => cos.getObject(at({
    Output: stream })));
  await step('streamed', async () => ({ statusCode: 200, length: streamed }));

  await step('putObject stream', () => cos.putObject(at({
    Key: `${prefix}/stream`, Body: fs.createReadStream(file),
    ContentLength: fs.statSync(file).size })));
  await step('putObject empty', () => cos.putObject(at({
    Key: `${prefix}/empty`, Body: '' })));

  await step('putObjectCopy', () => cos.putObjectCopy(at({
    Key: `${prefix}/copy`, CopySource: copySource(key) })));
  await step('getBucket', () => cos.getBucket({ ...place,
    Prefix: `${prefix}/`, Delimiter: '/', MaxKeys: 10 }));

  await step('uploadFile', () => cos.uploadFile(at({
    Key: `${prefix}/uploaded`, FilePath: file, SliceSize: 1048576 })));
  await step('sliceUploadFile', () => cos.sliceUploadFile(at({
    Key: `${prefix}/slices é`, FilePath: file })));
  await step('getObject slices', () => cos.getObject(at({
    Key: `${prefix}/slices é` })));
  await step('sliceCopyFile', () => cos.sliceCopyFile(at({
    Key: `${prefix}/copied`, CopySource: copySource(`${prefix}/slices é`),
    CopySliceSize: 1048576, CopyChunkSize: 1048576 })));
  await step('uploadPartCopy', async () => {
    const { UploadId } = await cos.multipartInit(at({ Key: `${prefix}/m` }));
    const part = await cos.uploadPartCopy(at({ Key: `${prefix}/m`, UploadId,
      PartNumber: 1, CopySource: copySource(key),
      CopySourceRange: 'bytes=0-6' }));
    await cos.multipartListPart(at({ Key: `${prefix}/m`, UploadId }));
    return cos.multipartComplete(at({ Key: `${prefix}/m`, UploadId,
      Parts: [{ PartNumber: 1, ETag: part.ETag }] }));
  });
  await step('multipartAbort', async () => {
    const { UploadId } = await cos.multipartInit(at({ Key: `${prefix}/n` }));
    return cos.multipartAbort(at({ Key: `${prefix}/n`, UploadId }));
  });

  await step('deleteMultipleObject', () => cos.deleteMultipleObject({
    ...place, Objects: [{ Key: `${prefix}/uploaded` },
      { Key: `${prefix}/&<"'>é` }] }));
  await step('deleteObject', () => cos.deleteObject(at({
    Key: `${prefix}/copy` })));
  await step('deleted', () => cos.headObject(at({ Key: `${prefix}/copy` })));
  await step('missing', () => cos.getObject(at({ Key: `${prefix}/none` })));

  // what the gateway refuses
  await step('getBucketAcl', () => cos.getBucketAcl(place));
  await step('putObject acl', () => cos.putObject(at({
    Key: `${prefix}/acl`, Body: 'x', ACL: 'public-read' })));
  await step('other bucket', () => cos.getObject(at({
    Bucket: 'other-1250000000' })));

  // a presigned URL of keys that are worth nothing
  const url = cos.getObjectUrl(at({ Sign: true, Expires: 60 }));
  await step('getObjectUrl', () => fetch(url));
  return url;
}

function brief(value) {
  const body = Buffer.isBuffer(value.Body) ? value.Body : null;
  return { status: value.statusCode, code: value.code || '',
    id: value.headers && value.headers['x-cos-request-id'] ? 1 : 0,
    type: (value.headers || {})['content-type'],
    disposition: (value.headers || {})['content-disposition'],
    author: (value.headers || {})['x-cos-meta-author'],
    length: body ? body.length : value.length,
    md5: body ? crypto.createHash('md5').update(body).digest('hex')
      : undefined,
    keys: value.Contents ? value.Contents.map((o) => o.Key) : undefined,
    deleted: value.Deleted ? value.Deleted.map((o) => o.Key) : undefined,
    message: value.message || '' };
}

(async () => {
  const results = {};
  for (const { name, sdk, options } of clients) {
    const COS = require(sdk);
    const step = async (what, call) => {
      try {
        results[`${name} ${what}`] = brief(await call());
      } catch (e) {
        results[`${name} ${what}`] = brief(e);
      }
    };
    results[`${name} url`] = await calls(new COS({ ...dummy, ...options }),
      name, step);
  }

  fs.writeFileSync(output, JSON.stringify(results));
  process.exit(0);
})();
