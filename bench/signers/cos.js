// What one would write today without this module: a COS v5 signer for njs.
//
//   js_import  cos from cos.js;
//   js_set     $authorization cos.authorization;
//
//   proxy_set_header  Host          $bucket_host;
//   proxy_set_header  Authorization $authorization;
//
//   proxy_pass        https://BUCKET.cos.REGION.myqcloud.com;
//
// The server sets $bucket_host, $secret_id and $secret_key.  Signed are
// Host and the parameters; a token is not supported.

import crypto from 'crypto';

function escape(text) {
    return encodeURIComponent(text).replace(/[!'()*]/g,
        c => '%' + c.charCodeAt(0).toString(16).toUpperCase());
}

// [[name, value], ...] is { list, text }, sorted by what is sent

function canonical(pairs) {
    const items = pairs.map(p => [escape(p[0]).toLowerCase(), escape(p[1])]);

    items.sort((a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1
                         : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);

    return { list: items.map(i => i[0]).join(';'),
             text: items.map(i => `${i[0]}=${i[1]}`).join('&') };
}

function hmac(key, text) {
    return crypto.createHmac('sha1', key).update(text).digest('hex');
}

function sign(id, key, keyTime, method, path, params, headers) {
    const p = canonical(params);
    const h = canonical(headers);

    const http = `${method.toLowerCase()}\n${path}\n${p.text}\n${h.text}\n`;
    const digest = crypto.createHash('sha1').update(http).digest('hex');

    const signature = hmac(hmac(key, keyTime), `sha1\n${keyTime}\n${digest}\n`);

    return `q-sign-algorithm=sha1&q-ak=${id}&q-sign-time=${keyTime}`
           + `&q-key-time=${keyTime}&q-header-list=${h.list}`
           + `&q-url-param-list=${p.list}&q-signature=${signature}`;
}

function authorization(r) {
    const v = r.variables;
    const start = Math.floor(Date.now() / 300000) * 300 - 300;
    const params = [];

    for (const name in r.args) {
        [].concat(r.args[name]).forEach(value => params.push([name, value]));
    }

    return sign(v.secret_id, v.secret_key, `${start};${start + 1500}`,
                r.method, r.uri, params, [['host', v.bucket_host]]);
}

export default { authorization, sign };
