'use strict';

// cos-js-sdk-v5, unmodified, in a page of another origin.  run() goes through
// the calls and gives what each gave, or the error in it.

/* global COS */

const place = { Bucket: 'images-1250000000', Region: 'ap-guangzhou' };
const source = 'images-1250000000.cos.ap-guangzhou.myqcloud.com/';

function brief(err, data) {
  const value = err || data || {};
  const error = err && typeof err.error === 'object' ? err.error : {};
  const headers = value.headers || {};
  return { status: value.statusCode || 0, code: error.Code || '',
    message: `${error.Message || error.message || (err && err.error) || ''}`,
    id: headers['x-cos-request-id'] ? 1 : 0, author:
      headers['x-cos-meta-author'], etag: value.ETag ? 1 : 0,
    body: typeof value.Body === 'string' ? value.Body : undefined,
    keys: value.Contents ? value.Contents.map((o) => o.Key) : undefined,
    deleted: value.Deleted ? value.Deleted.map((o) => o.Key) : undefined };
}

function bytes(length) {
  const words = new Uint32Array(length / 4);
  for (let i = 0; i < words.length; i += 1) {
    words[i] = Math.imul(i, 2654435761);
  }
  return new Blob([words]);
}

async function run(prefix, options) {
  const cos = new COS({ SecretId: 'AKIDdummy', SecretKey: 'dummy',
    SecurityToken: 'dummy-token', ChunkSize: 1048576, ProgressInterval: 0,
    ...options });
  const key = `${prefix}/中文 +%&?#(1).txt`;
  const at = (more) => ({ ...place, Key: key, ...more });
  const results = {};

  const step = (what, method, params) => new Promise((resolve) => {
    const progress = [];
    cos[method]({ onProgress: (info) => progress.push(info.loaded),
      ...params }, (err, data) => {
      results[what] = { ...brief(err, data), progress };
      resolve();
    });
  });

  await step('putObject', 'putObject', at({ Body: new Blob(['content of 中文']),
    Headers: { 'x-cos-meta-author': 'a b/c' } }));
  await step('headObject', 'headObject', at());
  await step('getObject', 'getObject', at());
  await step('getObject range', 'getObject', at({ Range: 'bytes=0-6' }));
  await step('uploadFile', 'uploadFile', at({ Key: `${prefix}/upload`,
    Body: bytes(2500000), SliceSize: 1048576 }));
  await step('uploadFile small', 'uploadFile', at({ Key: `${prefix}/small`,
    Body: bytes(1000), SliceSize: 1048576 }));
  await step('sliceUploadFile', 'sliceUploadFile', at({
    Key: `${prefix}/slices`, Body: bytes(2500000) }));
  await step('putObjectCopy', 'putObjectCopy', at({ Key: `${prefix}/copy`,
    CopySource: source + encodeURIComponent(`${prefix}/small`) }));
  await step('getBucket', 'getBucket', { ...place, Prefix: `${prefix}/` });

  const url = await new Promise((resolve) => cos.getObjectUrl(at(),
    (err, data) => resolve(data.Url)));
  const res = await fetch(url);
  results.getObjectUrl = { status: res.status, body: await res.text() };

  await step('deleteMultipleObject', 'deleteMultipleObject', { ...place,
    Objects: [{ Key: `${prefix}/upload` }, { Key: `${prefix}/&<"'>é` }] });
  await step('deleteObject', 'deleteObject', at({ Key: `${prefix}/copy` }));
  await step('missing', 'getObject', at({ Key: `${prefix}/none` }));

  // what the gateway refuses
  await step('getBucketAcl', 'getBucketAcl', place);
  await step('putObject acl', 'putObject', at({ Key: `${prefix}/acl`,
    Body: 'x', ACL: 'public-read' }));
  await step('other bucket', 'headObject', at({
    Bucket: 'other-1250000000' }));
  await step('no credential', 'getObject', at({ Key: 'none/a' }));

  return results;
}

// An upload that is stopped at the first sign of progress.

function abort(key, options) {
  const cos = new COS({ SecretId: 'AKIDdummy', SecretKey: 'dummy',
    ProgressInterval: 0, ...options });
  return new Promise((resolve) => {
    let id;
    cos.uploadFile({ ...place, Key: key, Body: bytes(100000000),
      SliceSize: 1e9,
      onTaskReady: (task) => { id = task; },
      onProgress: ({ loaded, total }) => {
        if (!loaded) return;
        cos.cancelTask(id);
        resolve({ loaded, total });
      } }, (err, data) => resolve(brief(err, data)));
  });
}
