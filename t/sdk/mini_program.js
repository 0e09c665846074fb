'use strict';

// A mini program that uses the files of examples/mini-program.

const fs = require('fs');

const [input, output] = process.argv.slice(2);
const { example, wx: phone } = JSON.parse(fs.readFileSync(input, 'utf8'));

phone.ca = fs.readFileSync(phone.ca);
global.window = undefined;
global.wx = require('./wx')(phone);

const files = require(`${example}/files.js`);
const cos = require(`${example}/cos.js`);

const results = {};

async function step(name, call) {
  try {
    results[name] = { value: await call() };
  } catch (e) {
    const header = e.header || e.headers || {};
    results[name] = { status: e.statusCode,
      code: (e.error && e.error.Code)
        || (/<Code>(\w+)/.exec(e.data || '') || [])[1],
      id: Object.keys(header).some((h) => /^x-cos-request-id$/i.test(h))
        ? 1 : 0, message: e.errMsg || `${e.message || ''}` };
  }
}

const read = (filePath) => new Promise((resolve, reject) => {
  wx.getFileSystemManager().readFile({ filePath, encoding: 'utf8',
    success: (res) => resolve(res.data), fail: reject });
});

const show = (url) => new Promise((resolve, reject) => {
  wx.downloadFile({ url, fail: reject, success: (res) => (
    res.statusCode === 200 ? resolve(read(res.tempFilePath)) : reject(res)) });
});

const promise = (client, method, params) => new Promise((resolve, reject) => {
  client[method](params, (err, data) => (err ? reject(err) : resolve(data)));
});

(async () => {
  const anna = files('session-anna');
  const bob = files('session-bob');
  const nobody = files('');
  const photo = 'wxfile://tmp_photo.jpg';

  // pictures
  await step('image', () => show(nobody.image('中 1.jpg')));
  await step('thumbnail', () => show(nobody.thumbnail('中 1.jpg')));
  await step('image, other operation', () => show(
    `${nobody.image('中 1.jpg')}?imageMogr2/rotate/90`));
  await step('thumbnail, other operation', () => show(
    `${nobody.thumbnail('中 1.jpg')}?imageMogr2/rotate/90`));
  await step('image, private', () => show(nobody.image('../users/a.jpg')));

  // files of users
  const progress = [];
  await step('upload', () => anna.upload(photo, 'trip/中 1.jpg',
    (percent) => progress.push(percent)).then((res) => res.statusCode));
  results.progress = progress;
  await step('upload of another', () => bob.upload(photo, 'b.jpg')
    .then((res) => res.statusCode));
  await step('download', () => anna.download('trip/中 1.jpg').then(read));
  await step('download of another', () => bob.download('trip/中 1.jpg'));
  await step('list', () => anna.list());
  await step('list of another', () => bob.list());
  await step('list, marker', () => anna.list('users/anna/trip/中 1.jpg'));
  await step('remove of another', () => bob.remove('trip/中 1.jpg'));
  await step('upload, traversal', () => anna.upload(photo, '../bob/b.jpg'));
  await step('upload, nobody', () => nobody.upload(photo, 'a.jpg'));
  await step('download, nobody', () => nobody.download('a.jpg'));
  await step('list, nobody', () => nobody.list());
  await step('upload, no such user', () => files('session-odd')
    .upload(photo, 'a.jpg'));
  await step('list, no such user', () => files('session-odd').list());
  await step('big', () => anna.upload('wxfile://tmp_big.jpg', 'big.jpg'));

  // the bucket that is shared
  const team = { Bucket: 'team-1250000000', Region: 'ap-shanghai' };
  const client = cos('session-anna');
  await step('sdk uploadFile', () => promise(client, 'uploadFile', { ...team,
    Key: 'a.jpg', FilePath: photo }).then((data) => data.statusCode));
  await step('sdk slices', () => promise(client, 'sliceUploadFile', { ...team,
    Key: 'slices', FilePath: 'wxfile://tmp_slices.jpg' })
    .then((data) => data.statusCode));
  await step('sdk getObject', () => promise(cos('session-bob'), 'getObject', {
    ...team, Key: 'a.jpg' }).then((data) => data.Body));
  await step('sdk getBucket', () => promise(client, 'getBucket', { ...team,
    Prefix: '' }).then((data) => data.Contents.map((o) => o.Key).join(' ')));
  await step('sdk delete', () => promise(client, 'deleteMultipleObject', {
    ...team, Objects: [{ Key: 'a.jpg' }] }).then((data) => data.statusCode));
  await step('sdk, nobody', () => promise(cos(''), 'uploadFile', { ...team,
    Key: 'b.jpg', FilePath: photo }));
  await step('sdk, other bucket', () => promise(client, 'uploadFile', {
    Bucket: 'photos-1250000000', Region: 'ap-guangzhou', Key: 'b.jpg',
    FilePath: photo }));

  results.sent = wx.sent;
  results.blocked = wx.blocked;
  fs.writeFileSync(output, JSON.stringify(results));
  process.exit(0);
})();
