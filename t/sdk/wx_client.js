'use strict';

// cos-wx-sdk-v5, unmodified, as a client: each set of options goes through the
// same calls, as far as that version has them.  Results are written as JSON:
// what a call gave, or the error in it.

const crypto = require('crypto');
const fs = require('fs');

const [input, output] = process.argv.slice(2);
const { clients, wx: phone } = JSON.parse(fs.readFileSync(input, 'utf8'));

if (phone.ca) phone.ca = fs.readFileSync(phone.ca);
// declared in mini programs, but not there
global.window = undefined;
global.wx = require('./wx')(phone);

const place = { Bucket: 'images-1250000000', Region: 'ap-guangzhou' };
const source = 'images-1250000000.cos.ap-guangzhou.myqcloud.com/';
const md5 = (data) => crypto.createHash('md5').update(data).digest('hex');

// as in the documentation of the SDK: the server has the keys
function getAuthorization(url) {
  return (options, callback) => wx.request({
    url,
    data: { bucket: options.Bucket, region: options.Region },
    dataType: 'json',
    success({ data }) {
      if (!data.credentials) callback({});
      else callback({
        TmpSecretId: data.credentials.tmpSecretId,
        TmpSecretKey: data.credentials.tmpSecretKey,
        SecurityToken: data.credentials.sessionToken,
        StartTime: data.startTime,
        ExpiredTime: data.expiredTime,
      });
    },
    fail: ({ errMsg }) => callback({ errMsg }),
  });
}

function body(data) {
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  return typeof data === 'string' ? Buffer.from(data) : null;
}

function brief(err, data) {
  const value = err || data || {};
  const error = value.error || {};
  const headers = {};
  for (const [name, text] of Object.entries(value.headers || {})) {
    headers[name.toLowerCase()] = text;
  }
  const content = body(value.Body);
  return { status: value.statusCode, code: error.Code || '',
    message: error.Message || (err && (error.message || `${error}`)) || '',
    id: headers['x-cos-request-id'] ? 1 : 0, type: headers['content-type'],
    author: headers['x-cos-meta-author'], cache: headers['cache-control'],
    etag: value.ETag ? 1 : 0, location: value.Location, progress:
      value.progress, length: content ? content.length : undefined,
    md5: content ? md5(content) : undefined,
    keys: value.Contents ? value.Contents.map((o) => o.Key) : undefined,
    deleted: value.Deleted ? value.Deleted.map((o) => o.Key) : undefined };
}

async function calls(COS, name, options, results) {
  const cos = new COS(options);
  const key = `${name}/中文 +%&?#(1).jpg`;
  const at = (more) => ({ ...place, Key: key, ...more });

  const step = (what, method, params, on = cos) => new Promise((resolve) => {
    let last;
    if (!on[method]) return resolve();
    on[method]({ onProgress: (info) => { last = info.loaded; }, ...params },
      (err, data) => {
        results[`${name} ${what}`] = { ...brief(err, data),
          progress: last };
        resolve(data);
      });
  });

  await step('postObject', 'postObject', at({
    FilePath: 'wxfile://tmp_small.jpg', ContentType: 'image/jpeg',
    CacheControl: 'max-age=60', 'x-cos-meta-author': 'a b/c' }));
  await step('headObject', 'headObject', at());
  await step('getObject', 'getObject', at({ DataType: 'arraybuffer' }));
  await step('postObject type', 'postObject', at({ Key: `${name}/untyped`,
    FilePath: 'wxfile://tmp_small.jpg' }));
  await step('postObject big', 'postObject', at({ Key: `${name}/big post`,
    FilePath: 'wxfile://tmp_big.jpg' }));

  await step('putObject', 'putObject', at({ Key: `${name}/put`,
    Body: 'content of 中文' }));
  await step('getObject text', 'getObject', at({ Key: `${name}/put` }));

  await step('uploadFile', 'uploadFile', at({ Key: `${name}/upload`,
    FilePath: 'wxfile://tmp_small.jpg' }));
  if (cos.uploadFile) {
    const put = new COS({ ...options, SimpleUploadMethod: 'putObject' });
    await step('uploadFile put', 'uploadFile', at({
      Key: `${name}/upload put`, FilePath: 'wxfile://tmp_small.jpg' }), put);
    await new Promise((resolve) => {
      cos.uploadFiles({ SliceSize: 1048576, files: [
        at({ Key: `${name}/files/1`, FilePath: 'wxfile://tmp_small.jpg' }),
        at({ Key: `${name}/files/2`, FilePath: 'wxfile://tmp_small.jpg' }),
        at({ Key: `${name}/files/3`, FilePath: 'wxfile://tmp_big.jpg' }),
      ] }, (err, data) => {
        (data ? data.files : []).forEach((file, i) => {
          results[`${name} uploadFiles ${i + 1}`]
            = brief(file.error, file.data);
        });
        resolve();
      });
    });
  }
  await step('sliceUploadFile', 'sliceUploadFile', at({ Key: `${name}/slices`,
    FilePath: 'wxfile://tmp_big.jpg' }));
  await step('putObjectCopy', 'putObjectCopy', at({ Key: `${name}/copy`,
    CopySource: source + encodeURIComponent(`${name}/put`) }));

  await step('getBucket', 'getBucket', { ...place, Prefix: `${name}/`,
    Delimiter: '/' });

  // a link for those who have no SDK
  const url = await new Promise((resolve) => cos.getObjectUrl(at(),
    (err, data) => resolve(data ? data.Url : '')));
  await new Promise((resolve) => wx.downloadFile({ url,
    success({ statusCode, tempFilePath }) {
      wx.getFileSystemManager().readFile({ filePath: tempFilePath,
        success({ data }) {
          results[`${name} getObjectUrl`] = { ...brief(null, { statusCode,
            Body: data }), url };
          resolve();
        } });
    },
    fail({ errMsg }) {
      results[`${name} getObjectUrl`] = { message: errMsg, url };
      resolve();
    } }));

  await step('deleteMultipleObject', 'deleteMultipleObject', { ...place,
    Objects: [{ Key: `${name}/upload` }, { Key: `${name}/中文 é` }] });
  await step('deleteMultipleObject special', 'deleteMultipleObject', {
    ...place, Objects: [{ Key: `${name}/&<"'>` }] });
  await step('deleteObject', 'deleteObject', at({ Key: `${name}/copy` }));
  await step('deleted', 'headObject', at({ Key: `${name}/copy` }));
  await step('missing', 'getObject', at({ Key: `${name}/none` }));

  // what a gateway refuses
  await step('getBucketAcl', 'getBucketAcl', place);
  await step('postObject acl', 'postObject', at({ Key: `${name}/acl`,
    ACL: 'public-read', FilePath: 'wxfile://tmp_small.jpg' }));
  await step('other bucket', 'postObject', at({ Bucket: 'other-1250000000',
    FilePath: 'wxfile://tmp_small.jpg' }));
}

(async () => {
  const results = {};
  for (const { name, sdk, sts, options } of clients) {
    if (sts) options.getAuthorization = getAuthorization(sts);
    await calls(require(sdk), name, options, results);
  }
  fs.writeFileSync(output, JSON.stringify({ results, sent: wx.sent,
    blocked: wx.blocked }));
  process.exit(0);
})();
