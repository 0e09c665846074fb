'use strict';

// An upload in parts.  With "stop" the program ends, as if it was killed, when
// so many bytes are through.

const fs = require('fs');

const [input, output] = process.argv.slice(2);
const { sdk, options, params, stop, wx: phone } = JSON.parse(
  fs.readFileSync(input, 'utf8'));

function done(result) {
  fs.writeFileSync(output, JSON.stringify(result));
  process.exit(0);
}

if (phone) {
  global.window = undefined;
  global.wx = require('./wx')(phone);
}

const COS = require(sdk);
const cos = new COS({ SecretId: 'AKIDdummy', SecretKey: 'dummy', ...options,
  ChunkSize: 1048576, ChunkParallelLimit: 1, ProgressInterval: 0 });

cos.sliceUploadFile({ ...params,
  onProgress: ({ loaded }) => {
    if (stop && loaded > stop) done({ stopped: loaded });
  },
}, (err, data) => done({ status: (err || data).statusCode,
  error: err && (err.error || err.message) }));
