// Files of a mini program, without a key and without the SDK.
//
//     const files = require('./files')(session);
//     files.upload(tempFilePath, 'holiday/1.jpg', (percent) => { ... })
//
// "session" is what the program's own server gave for the code of wx.login.

const HOST = 'https://files.example.com';

const path = (name) => name.split('/').map(encodeURIComponent).join('/');

module.exports = (session) => {
  const header = { 'X-Session': session };

  const call = (method, options) => new Promise((resolve, reject) => {
    const task = method({
      ...options,
      header,
      success: (res) => (res.statusCode < 300 ? resolve(res) : reject(res)),
      fail: reject,
    });
    if (options.progress) {
      task.onProgressUpdate(({ progress }) => options.progress(progress));
    }
  });

  return {
    // pictures, for <image src="{{...}}">
    image: (name) => `${HOST}/images/${path(name)}`,
    thumbnail: (name) => `${HOST}/thumbnails/${path(name)}`,

    upload: (filePath, name, progress) => call(wx.uploadFile, {
      url: `${HOST}/upload/`,
      filePath,
      name: 'file',
      formData: { key: name, success_action_status: '200' },
      progress,
    }),

    download: (name) => call(wx.downloadFile, {
      url: `${HOST}/own/${path(name)}`,
    }).then((res) => res.tempFilePath),

    // XML, with keys that begin with the directory of the user
    list: (marker) => call(wx.request, {
      url: `${HOST}/own/?marker=${encodeURIComponent(marker || '')}`,
      dataType: 'text',
    }).then((res) => res.data),

    remove: (name) => call(wx.request, {
      url: `${HOST}/own/${path(name)}`,
      method: 'DELETE',
    }),
  };
};
