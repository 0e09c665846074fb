'use strict';

// The wx object of mini programs, as far as cos-wx-sdk-v5 and programs without
// it need it to reach a server: they run unmodified in Node.js.
//
//     global.wx = require('./wx')({ platform, dir, domains, servers, ca });
//
//     platform   'android', 'ios' or 'devtools'
//     dir        of the files that are wxfile://NAME in the program
//     domains    { request, uploadFile, downloadFile }: the allowlist of the
//                program, a list of origins each; nothing else is reached
//     servers    { 'files.example.com': port }: where on 127.0.0.1 they are
//     ca         the certificates that are trusted, PEM
//
// wx.sent is a list of "METHOD URL", wx.blocked of URLs not in the allowlist.
//
// What is sent follows the documentation of wx.request and of wx.uploadFile,
// and what phones send: the user agent, a Referer that a program cannot set,
// application/json as the default type.  How a platform spells a form is not
// documented: these three differ in all that may differ.

const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');

const APPID = 'wx0123456789abcdef';

const PLATFORMS = {
  android: {
    agent: 'Mozilla/5.0 (Linux; Android 13; M2102K1C Build/TKQ1.220829.002; wv)'
      + ' AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0'
      + ' XWEB/1160065 MMWEBSDK/20231202 Mobile Safari/537.36'
      + ' MicroMessenger/8.0.47.2560(0x28002F30) WeChat/arm64 Weixin'
      + ' NetType/WIFI Language/zh_CN ABI/arm64 MiniProgramEnv/android',
    page: '42/page-frame.html',
    headers: { charset: 'utf-8', 'Accept-Encoding': 'gzip,compress,br,deflate' },
    boundary: () => `${token(8)}-${token(4)}-${token(4)}-${token(12)}`,
    order: (names) => names,
    lengths: true,
  },
  ios: {
    agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X)'
      + ' AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148'
      + ' MicroMessenger/8.0.50(0x1800323a) NetType/4G Language/zh_CN',
    page: '42/page-frame.html',
    headers: { 'Accept-Encoding': 'gzip,compress,br,deflate' },
    boundary: () => `Boundary+${token(16).toUpperCase()}`,
    order: (names) => [...names].sort(),
    types: true,
  },
  devtools: {
    agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X)'
      + ' AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148'
      + ' wechatdevtools/1.06.2402040 MicroMessenger/8.0.5 Language/zh_CN'
      + ' webview/',
    page: 'devtools/page-frame.html',
    headers: { Accept: '*/*', 'Accept-Encoding': 'gzip, deflate, br',
      'Accept-Language': 'zh-CN,zh;q=0.9', 'sec-fetch-mode': 'cors' },
    boundary: () => `----WebKitFormBoundary${token(16)}`,
    order: (names) => names,
  },
};

const TYPES = { '.jpg': 'image/jpeg', '.png': 'image/png',
  '.txt': 'text/plain' };

function token(length) {
  let text = '';
  while (text.length < length) text += Math.random().toString(36).slice(2);
  return text.slice(0, length);
}

function has(headers, name) {
  return Object.keys(headers).some((h) => h.toLowerCase() === name);
}

// of what a program gives, what it cannot set is dropped

function settable(header) {
  return Object.fromEntries(Object.entries(header || {}).filter(([name]) =>
    !['referer', 'user-agent', 'host', 'content-length']
      .includes(name.toLowerCase())));
}

function arrayBuffer(buf) {
  return buf.buffer.slice(buf.byteOffset, buf.byteOffset + buf.length);
}

module.exports = function createWx({ platform, dir, domains, servers, ca }) {
  const phone = PLATFORMS[platform];
  const agents = { 'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }) };
  const storage = new Map();
  const sent = [];
  const blocked = [];

  const local = (file) => path.join(dir, file.replace(/^wxfile:\/\//, ''));

  // One request.  done(err, { statusCode, header, data: Buffer })

  function send(kind, { url, method, header, body, timeout }, done) {
    const fail = (why) => setImmediate(done, `${kind}:fail ${why}`);
    const listeners = [];
    let req = null;
    const task = {
      abort() {
        if (req) req.destroy(new Error('abort'));
      },
      onHeadersReceived(listener) { listeners.push(listener); },
      offHeadersReceived() { listeners.length = 0; },
    };

    let parsed;
    try {
      parsed = new URL(url);
    } catch (e) {
      fail('invalid url');
      return task;
    }
    if (!domains[kind].includes(parsed.origin)) {
      blocked.push(url);
      fail('url not in domain list');
      return task;
    }
    sent.push(`${method} ${url}`);

    const secure = parsed.protocol === 'https:';
    req = (secure ? https : http).request({
      host: '127.0.0.1',
      port: servers[parsed.hostname],
      servername: secure ? parsed.hostname : undefined,
      ca,
      agent: agents[parsed.protocol],
      method,
      // the path as it was given, which URL would rewrite
      path: url.replace(/^\w+:\/\/[^/]+/, '').replace(/#.*/, '') || '/',
      headers: { Host: parsed.host, ...phone.headers, ...header,
        'User-Agent': phone.agent,
        Referer: `https://servicewechat.com/${APPID}/${phone.page}`,
        ...(body ? { 'Content-Length': body.length } : {}) },
    });
    if (timeout) req.setTimeout(timeout, () => req.destroy(
      new Error('timeout')));
    req.on('error', (e) => fail(e.message));
    req.on('response', (res) => {
      const answer = { statusCode: res.statusCode, header: {} };
      for (let i = 0; i < res.rawHeaders.length; i += 2) {
        answer.header[res.rawHeaders[i]] = res.rawHeaders[i + 1];
      }
      listeners.forEach((listener) => listener({ header: answer.header }));
      const pieces = [];
      res.on('data', (piece) => pieces.push(piece));
      res.on('aborted', () => fail('connection closed'));
      res.on('end', () => {
        answer.data = Buffer.concat(pieces);
        setImmediate(done, null, answer);
      });
    });

    if (body) {
      write(req, body, (n) => task.onsent && task.onsent(n));
    } else {
      req.end();
    }
    return task;
  }

  // in pieces, so that there is progress

  function write(req, body, onsent) {
    const PIECE = 262144;
    let at = 0;
    (function next() {
      if (req.destroyed) return;
      const piece = body.subarray(at, at + PIECE);
      at += piece.length;
      if (at >= body.length) {
        req.end(piece, () => onsent(at));
      } else {
        req.write(piece, () => {
          onsent(at);
          next();
        });
      }
    })();
  }

  function finish(options, kind) {
    return (err, answer) => {
      if (err) {
        if (options.fail) options.fail({ errMsg: err });
      } else if (options.success) {
        options.success({ ...answer, errMsg: `${kind}:ok` });
      }
      if (options.complete) options.complete(answer || { errMsg: err });
    };
  }

  function request(options) {
    const method = (options.method || 'GET').toUpperCase();
    const header = settable(options.header);
    let { url, data } = options;

    if (!has(header, 'content-type')) {
      header['content-type'] = 'application/json';
    }
    if (data && typeof data === 'object' && !(data instanceof ArrayBuffer)
        && !ArrayBuffer.isView(data)) {
      if (method === 'GET') {
        url += (url.includes('?') ? '&' : '?') + Object.entries(data)
          .map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
        data = undefined;
      } else {
        data = JSON.stringify(data);
      }
    }
    const body = ['POST', 'PUT', 'DELETE'].includes(method)
      ? Buffer.from(data === undefined ? '' : data) : null;

    const done = finish(options, 'request');
    return send('request', { url, method, header, body,
      timeout: options.timeout }, (err, answer) => {
      if (err) return done(err);
      if (options.responseType === 'arraybuffer') {
        answer.data = arrayBuffer(answer.data);
      } else {
        answer.data = answer.data.toString('utf8');
        if ((options.dataType || 'json') === 'json') {
          try {
            answer.data = JSON.parse(answer.data);
          } catch (e) {
            // stays a string
          }
        }
      }
      done(null, answer);
    });
  }

  function form({ name, filePath, formData }) {
    const boundary = phone.boundary();
    const parts = [];
    const part = (disposition, type, value) => {
      parts.push(Buffer.from(`--${boundary}\r\n`
        + `Content-Disposition: form-data; ${disposition}\r\n`
        + (type ? `Content-Type: ${type}\r\n` : '')
        + (phone.lengths ? `Content-Length: ${value.length}\r\n` : '')
        + '\r\n'), value, Buffer.from('\r\n'));
    };

    for (const field of phone.order(Object.keys(formData || {}))) {
      part(`name="${field}"`, phone.types && 'text/plain; charset=UTF-8',
        Buffer.from(String(formData[field])));
    }
    const file = fs.readFileSync(local(filePath));
    part(`name="${name}"; filename="${path.basename(local(filePath))}"`,
      TYPES[path.extname(filePath)] || 'application/octet-stream', file);
    parts.push(Buffer.from(`--${boundary}--\r\n`));

    return { type: `multipart/form-data; boundary=${boundary}`,
      body: Buffer.concat(parts) };
  }

  function uploadFile(options) {
    const listeners = [];
    let made;
    const done = finish(options, 'uploadFile');
    let task = { abort() {}, onHeadersReceived() {} };

    try {
      made = form(options);
    } catch (e) {
      setImmediate(done, `uploadFile:fail ${e.message}`);
    }

    if (made) {
      const header = settable(options.header);
      for (const field of Object.keys(header)) {
        if (field.toLowerCase() === 'content-type') delete header[field];
      }
      task = send('uploadFile', { url: options.url, method: 'POST',
        timeout: options.timeout, body: made.body,
        header: { ...header, 'Content-Type': made.type } },
      (err, answer) => {
        if (answer) answer.data = answer.data.toString('utf8');
        done(err, answer);
      });
      task.onsent = (n) => listeners.forEach((listener) => listener({
        progress: Math.floor(n * 100 / made.body.length), totalBytesSent: n,
        totalBytesExpectedToSend: made.body.length }));
    }

    task.onProgressUpdate = (listener) => listeners.push(listener);
    task.offProgressUpdate = () => { listeners.length = 0; };
    return task;
  }

  function downloadFile(options) {
    const done = finish(options, 'downloadFile');
    const header = settable(options.header);
    return send('downloadFile', { url: options.url, method: 'GET', header,
      timeout: options.timeout }, (err, answer) => {
      if (err) return done(err);
      const file = `wxfile://tmp_${token(20)}`;
      fs.writeFileSync(local(options.filePath || file), answer.data);
      answer[options.filePath ? 'filePath' : 'tempFilePath']
        = options.filePath || file;
      delete answer.data;
      done(null, answer);
    });
  }

  // files: asynchronous, with ArrayBuffers

  function readFile({ filePath, position, length, encoding, success, fail }) {
    fs.readFile(local(filePath), (err, buf) => {
      if (err) {
        if (fail) fail({ errMsg: `readFile:fail ${err.message}` });
        return;
      }
      const from = position || 0;
      const piece = buf.subarray(from, length === undefined ? buf.length
        : from + length);
      success({ data: encoding ? piece.toString(encoding)
        : arrayBuffer(piece), errMsg: 'readFile:ok' });
    });
  }

  function stat({ path: file, success, fail }) {
    fs.stat(local(file), (err, st) => {
      if (err) {
        if (fail) fail({ errMsg: `stat:fail ${err.message}` });
        return;
      }
      success({ errMsg: 'stat:ok', stats: { mode: st.mode, size: st.size,
        lastAccessedTime: Math.floor(st.atimeMs / 1000),
        lastModifiedTime: Math.floor(st.mtimeMs / 1000),
        isDirectory: () => st.isDirectory(), isFile: () => st.isFile() } });
    });
  }

  const system = { platform, system: phone.agent.includes('Android')
    ? 'Android 13' : 'iOS 17.5.1', SDKVersion: '3.3.5', version: '8.0.50' };

  return {
    sent,
    blocked,
    request,
    uploadFile,
    downloadFile,
    getFileSystemManager: () => ({ readFile, stat }),
    canIUse: (name) => ['getAppBaseInfo', 'getDeviceInfo', 'getSystemInfo',
      'getNetworkType'].includes(name),
    getAppBaseInfo: () => system,
    getDeviceInfo: () => system,
    getSystemInfoSync: () => system,
    getSystemInfo: ({ success }) => success(system),
    getNetworkType: ({ success }) => success({ networkType: 'wifi' }),
    getStorageSync: (key) => (storage.has(key) ? storage.get(key) : ''),
    setStorageSync: (key, value) => { storage.set(key, value); },
    removeStorageSync: (key) => { storage.delete(key); },
  };
};
