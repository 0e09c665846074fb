// The SDK, as it is, without a key: nginx puts its own signature in the place
// of the SDK's.
//
//     const cos = require('./cos')(session);
//     cos.uploadFile({ Bucket: 'team-1250000000', Region: 'ap-shanghai',
//                      Key: 'a.mp4', FilePath: tempFilePath }, callback);

const COS = require('cos-wx-sdk-v5');

module.exports = (session) => {
  const cos = new COS({
    Domain: 'files.example.com/{Bucket}',

    // the SDK does not work without; they are worth nothing
    SecretId: 'none',
    SecretKey: 'none',
  });

  cos.on('before-send', ({ headers }) => {
    headers['X-Session'] = session;
  });

  return cos;
};
