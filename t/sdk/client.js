'use strict';

// The official SDK, unmodified, as a client of the gateway: two sets of
// options, each going through the same calls.  Results are written as JSON:
// what a call gave, or the error in it.

const fs = require('fs');
const http = require('http');
const { PassThrough } = require('stream');
const COS = require('cos-nodejs-sdk-v5');

const [input, output] = process.argv.slice(2);
const { address, dir, file } = JSON.parse(fs.readFileSync(input, 'utf8'));

const place = { Bucket: 'images-1250000000', Region: 'ap-guangzhou' };
const copySource = (key) => 'images-1250000000.cos.ap-guangzhou.myqcloud.com/'
  + encodeURIComponent(key).replace(/%2F/g, '/');

const dummy = { SecretId: 'AKIDdummy', SecretKey: 'dummy', Protocol: 'http:',
  SecurityToken: 'dummy-token', ConfCwd: dir, ChunkSize: 1048576 };

const clients = {
  path: new COS({ ...dummy, Domain: `${address}/{Bucket}` }),
  host: new COS({ ...dummy, Domain: '{Bucket}.cos.example.com', Ip: address }),
};

function fetch(url) {
  return new Promise((resolve, reject) => {
    http.get(url, (res) => {
      let body = '';
      res.on('data', (piece) => { body += piece; });
      res.on('end', () => resolve({ statusCode: res.statusCode, body }));
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

  await step('sliceUploadFile', () => cos.sliceUploadFile(at({
    Key: `${prefix}/slices é`, FilePath: file })));
  await step('getObject slices', () => cos.getObject(at({
    Key: `${prefix}/slices é` })));
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

  await step('deleteObject', () => cos.deleteObject(at({
    Key: `${prefix}/copy` })));
  await step('deleted', () => cos.headObject(at({ Key: `${prefix}/copy` })));
  await step('missing', () => cos.getObject(at({ Key: `${prefix}/none` })));

  // what the gateway refuses
  await step('getBucketAcl', () => cos.getBucketAcl(place));
  await step('putObject acl', () => cos.putObject(at({
    Key: `${prefix}/acl`, Body: 'x', ACL: 'public-read' })));
  await step('deleteMultipleObject', () => cos.deleteMultipleObject({
    ...place, Objects: [{ Key: `${prefix}/none` }, { Key: `${prefix}/<&> \u4e2d` }],
  }));
  await step('other bucket', () => cos.getObject(at({
    Bucket: 'other-1250000000' })));
}

function brief(value) {
  const body = Buffer.isBuffer(value.Body) ? value.Body : null;
  return { status: value.statusCode, code: value.code || '',
    id: value.headers && value.headers['x-cos-request-id'] ? 1 : 0,
    type: (value.headers || {})['content-type'],
    disposition: (value.headers || {})['content-disposition'],
    author: (value.headers || {})['x-cos-meta-author'],
    length: body ? body.length : value.length,
    md5: body ? COS.util.md5(body) : undefined,
    keys: value.Contents ? value.Contents.map((o) => o.Key) : undefined,
    body: value.body, message: value.message || '' };
}

(async () => {
  const results = {};
  for (const [name, cos] of Object.entries(clients)) {
    const step = async (what, call) => {
      try {
        results[`${name} ${what}`] = brief(await call());
      } catch (e) {
        results[`${name} ${what}`] = brief(e);
      }
    };
    await calls(cos, name, step);
  }

  // a presigned URL of keys that are worth nothing
  const url = clients.path.getObjectUrl({ ...place, Key: 'path/empty',
    Sign: true, Expires: 60 });
  results.url = { url };
  results.fetched = brief(await fetch(url));

  fs.writeFileSync(output, JSON.stringify(results));
})();
