'use strict';

// Links that the official SDK makes for what the gateway has made links for:
// each case has what identifies it, keyTime included.  It does not sign the
// token that it adds itself, so a token is a part of the query here.

const fs = require('fs');
const COS = require('cos-nodejs-sdk-v5');

const [input, output] = process.argv.slice(2);

function link({ secretId, secretKey, keyTime, bucket, region, protocol,
                domain, key, method, query }) {
  const [StartTime, ExpiredTime] = keyTime.split(';').map(Number);

  const cos = new COS({
    Protocol: protocol,
    ...(domain ? { Domain: domain } : {}),
    getAuthorization: (options, callback) => callback({
      TmpSecretId: secretId, TmpSecretKey: secretKey, SecurityToken: 'none',
      StartTime, ExpiredTime }),
  });

  return new Promise((resolve) => cos.getObjectUrl({
    Bucket: bucket, Region: region, Key: key, Method: method, Query: query,
  }, (err, data) => resolve(err ? { error: JSON.stringify(err) }
    : { url: data.Url.replace('&x-cos-security-token=none', '') })));
}

const cases = JSON.parse(fs.readFileSync(input, 'utf8'));

Promise.all(cases.map(link)).then((links) => {
  fs.writeFileSync(output, JSON.stringify(links));
});
