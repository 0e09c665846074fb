'use strict';

// What the official SDK signs for requests as the local COS received them.
// Strings come as bytes, U+0000 to U+00FF.

const fs = require('fs');
const COS = require('cos-nodejs-sdk-v5');

const [input, output] = process.argv.slice(2);

// the SDK signs them too, but nginx sets or changes them later
const LATER = /^(content-length|transfer-encoding|expect|origin|range|if-.+)$/;

// it signs them too, for the gateway it is a matter of cos_sign_headers
const OPTIONAL = ['cache-control', 'content-disposition', 'content-encoding',
  'expires'];

function text(bytes) {
  const buf = Buffer.from(bytes, 'latin1');
  const s = buf.toString('utf8');
  if (!Buffer.from(s, 'utf8').equals(buf)) {
    throw new Error(`not UTF-8: ${bytes}`);
  }
  return s;
}

function sign({ secretId, secretKey, keyTime, method, target, headers,
                optional }) {
  const [, path, , args] = /^([^?]*)(\?(.*))?$/.exec(target);

  const query = {};
  for (const pair of (args || '').split('&')) {
    if (pair === '') continue;
    const [, name, , value] = /^([^=]*)(=(.*))?$/s.exec(pair);
    query[decodeURIComponent(name)] = decodeURIComponent(value || '');
  }

  const sent = {};
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (LATER.test(lower)) continue;
    if (OPTIONAL.includes(lower) && !optional) continue;
    sent[name] = text(value);
  }

  return COS.getAuthorization({
    SecretId: secretId,
    SecretKey: secretKey,
    KeyTime: keyTime,
    Method: method,
    Pathname: decodeURIComponent(path),
    Query: query,
    Headers: sent,
  });
}

const cases = JSON.parse(fs.readFileSync(input, 'utf8'));
fs.writeFileSync(output, JSON.stringify(cases.map(sign)));
