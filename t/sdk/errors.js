'use strict';

// Calls that fail, with one SDK: what the errors look like to a program.

const fs = require('fs');

const [input, output] = process.argv.slice(2);
const { sdk, options, cases, wx: phone } = JSON.parse(
  fs.readFileSync(input, 'utf8'));

if (phone) {
  global.window = undefined;
  global.wx = require('./wx')(phone);
}

const COS = require(sdk);
const cos = new COS({ SecretId: 'AKIDdummy', SecretKey: 'dummy',
  AutoSwitchHost: true, ...options });

(async () => {
  const results = [];
  for (const [method, params] of cases) {
    results.push(await new Promise((resolve) => {
      cos[method]({ Region: 'ap-guangzhou', ...params }, (err) => {
        const { statusCode, headers, error } = err || {};
        resolve({ status: statusCode, code: error && error.Code,
          id: Object.keys(headers || {}).filter((name) =>
            /^x-cos-request-id$/i.test(name)).length });
      });
    }));
  }
  fs.writeFileSync(output, JSON.stringify(results));
  process.exit(0);
})();
