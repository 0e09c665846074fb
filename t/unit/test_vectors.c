
/*
 * Copyright (C) nginx-cos contributors
 *
 * Signatures made by the official SDKs, and some worked out by hand.
 */


#include "unit.h"
#include "cos_policy.h"


typedef struct {
    const char    *id;
    cos_sign_t     sign;
    ngx_str_t      secret_key;
    ngx_str_t      sign_time;
    cos_hmac_t     sign_key;
    cos_pair_t    *params;
    cos_pair_t    *headers;
} unit_vector_t;


static void test_vector(json_t *entry);
static void test_vector_text(json_t *entry, unit_vector_t *v);
static void test_vector_wire(json_t *entry, unit_vector_t *v);
static void test_vector_presigned(json_t *entry, unit_vector_t *v);
static void test_vector_sort(json_t *entry, unit_vector_t *v);
static void test_vector_form(json_t *entry);
static void unit_vector_init(json_t *entry, unit_vector_t *v);
static ngx_str_t unit_vector_sign(unit_vector_t *v, ngx_uint_t query);
static cos_pair_t *unit_json_pairs(json_t *list, ngx_uint_t *n);
static cos_pair_t *unit_json_signed(json_t *names, json_t *headers,
    ngx_uint_t *n);
static ngx_uint_t unit_json_listed(json_t *list, ngx_str_t name);
static ngx_uint_t unit_is_ours(ngx_str_t name);
static ngx_str_t unit_json(json_t *entry, const char *name);
static ngx_uint_t unit_json_has(json_t *entry, const char *name);
static ngx_str_t unit_hmac_hex(const cos_hmac_t *hmac, ngx_str_t data);
static ngx_str_t unit_sha1_hex(ngx_str_t data);
static ngx_str_t unit_tail(ngx_str_t str, ngx_str_t from);


void
test_vectors(json_t *root)
{
    size_t   i;
    json_t  *list, *entry;

    list = json_object_get(root, "cos_v5");

    unit_ok(json_array_size(list) >= 29, "vectors of requests");

    json_array_foreach(list, i, entry) {
        test_vector(entry);
    }

    list = json_object_get(root, "post_form");

    unit_ok(json_array_size(list) >= 4, "vectors of forms");

    json_array_foreach(list, i, entry) {
        test_vector_form(entry);
    }
}


static void
test_vector(json_t *entry)
{
    ngx_str_t            expected, got, text;
    unit_vector_t        v;
    cos_authorization_t  a;

    unit_vector_init(entry, &v);

    if (unit_json_has(entry, "node_authorization")) {
        test_vector_sort(entry, &v);
        return;
    }

    expected = unit_json(entry, "authorization");
    got = unit_vector_sign(&v, 0);

    if (unit_eq(v.sign_time, v.sign.key_time)) {
        unit_is(got, expected, "%s: authorization", v.id);

    } else {

        /*
         * Unequal times: SignKey is made from q-key-time, StringToSign from
         * q-sign-time.  Our signer writes one time into both fields and never
         * makes such a request, yet has to come to the same signature.
         */

        unit_ok(!unit_eq(got, expected), "%s: times are equal in ours", v.id);

        v.sign.key_time = v.sign_time;
        got = unit_vector_sign(&v, 0);

        unit_is(unit_tail(got, S("&q-header-list=")),
                unit_tail(expected, S("&q-header-list=")),
                "%s: signature from both times", v.id);

        v.sign.key_time = unit_json(entry, "q_key_time");
    }

    unit_ok(cos_authorization_parse(&expected, &a) == NGX_OK,
            "%s: authorization is parsed", v.id);

    unit_is(a.secret_id, v.sign.secret_id, "%s: q-ak", v.id);
    unit_is(a.sign_time, v.sign_time, "%s: q-sign-time", v.id);
    unit_is(a.key_time, v.sign.key_time, "%s: q-key-time", v.id);
    unit_is(a.header_list, unit_json(entry, "header_list"),
            "%s: q-header-list", v.id);
    unit_is(a.param_list, unit_json(entry, "url_param_list"),
            "%s: q-url-param-list", v.id);
    unit_is(a.signature, unit_json(entry, "signature"),
            "%s: q-signature", v.id);

    text = unit_printf("q-sign-algorithm=sha1&q-ak=%.*s&q-sign-time=%.*s"
                       "&q-key-time=%.*s&q-header-list=%.*s"
                       "&q-url-param-list=%.*s&q-signature=%.*s",
                       (int) a.secret_id.len, a.secret_id.data,
                       (int) a.sign_time.len, a.sign_time.data,
                       (int) a.key_time.len, a.key_time.data,
                       (int) a.header_list.len, a.header_list.data,
                       (int) a.param_list.len, a.param_list.data,
                       (int) a.signature.len, a.signature.data);

    unit_is(text, expected, "%s: authorization and back", v.id);

    test_vector_text(entry, &v);
    test_vector_wire(entry, &v);

    if (unit_json_has(entry, "presigned_url")) {
        test_vector_presigned(entry, &v);
    }
}


/* the steps on the way to the signature, one by one */

static void
test_vector_text(json_t *entry, unit_vector_t *v)
{
    u_char       mac[COS_SHA1_LEN];
    ngx_str_t    text, secret, key, time, method;
    ngx_uint_t   i;
    cos_hmac_t   hmac, again;

    secret = v->secret_key;
    time = unit_json(entry, "q_key_time");

    cos_hmac_key(&hmac, secret.data, secret.len);
    key = unit_hmac_hex(&hmac, time);

    unit_is(key, unit_json(entry, "sign_key"), "%s: sign key", v->id);

    cos_hmac_key(&again, key.data, key.len);
    cos_hmac(&again, "x", 1, mac);

    unit_is(unit_hmac_hex(&v->sign_key, S("x")),
            unit_hex(mac, COS_SHA1_LEN), "%s: keyed sign key", v->id);

    method = unit_json(entry, "method");

    for (i = 0; i < method.len; i++) {
        method.data[i] = (u_char) tolower(method.data[i]);
    }

    text = unit_printf("%.*s\n%.*s\n%s\n%s\n", (int) method.len, method.data,
                       (int) v->sign.path.len, v->sign.path.data,
                       json_string_value(json_object_get(entry,
                                                         "http_parameters")),
                       json_string_value(json_object_get(entry,
                                                         "http_headers")));

    unit_is(text, unit_json(entry, "http_string"), "%s: pieces of the text",
            v->id);

    unit_is(unit_sha1_hex(text), unit_json(entry, "sha1_http_string"),
            "%s: sha1 of the text", v->id);

    unit_is(unit_hmac_hex(&v->sign_key, unit_json(entry, "string_to_sign")),
            unit_json(entry, "signature"), "%s: hmac of the string to sign",
            v->id);
}


/* what is on the wire, decoded, is what is signed */

static void
test_vector_wire(json_t *entry, unit_vector_t *v)
{
    u_char      *last;
    json_t      *unsigned_params;
    ngx_str_t    target, path, args, again;
    ngx_uint_t   i, k, n, ours, found, *used;
    cos_pair_t  *pairs;

    target = unit_json(entry, "wire_target_example");
    unsigned_params = json_object_get(entry, "unsigned_params");

    for (i = 0; i < target.len && target.data[i] != '?'; i++) { /* void */ }

    path.data = unit_alloc(i);
    last = cos_unescape(path.data, target.data, i, 0);

    if (!unit_ok(last != NULL, "%s: path is decoded", v->id)) {
        return;
    }

    path.len = last - path.data;

    unit_is(path, v->sign.path, "%s: path", v->id);

    again = unit_escape(v->sign.path, COS_ESCAPE_PATH);
    path.data = unit_alloc(again.len);
    last = cos_unescape(path.data, again.data, again.len, 0);
    path.len = last - path.data;

    unit_is(path, v->sign.path, "%s: path and back", v->id);

    if (i < target.len) {
        i++;
    }

    args = unit_str(target.data + i, target.len - i);

    if (!unit_ok(unit_query(args, &pairs, &n) == NGX_OK,
                 "%s: query is parsed", v->id))
    {
        return;
    }

    /* each parameter of the request is one of the vector, in any order */

    used = unit_alloc(v->sign.nparams * sizeof(ngx_uint_t));

    for (k = 0; k < v->sign.nparams; k++) {
        used[k] = 0;
    }

    found = 0;
    ours = 0;

    for (i = 0; i < n; i++) {

        if (unit_is_ours(pairs[i].name)
            || unit_json_listed(unsigned_params, pairs[i].name))
        {
            ours++;
            continue;
        }

        for (k = 0; k < v->sign.nparams; k++) {

            if (!used[k]
                && unit_eq(pairs[i].name, v->params[k].name)
                && unit_eq(pairs[i].value, v->params[k].value))
            {
                used[k] = 1;
                found++;
                break;
            }
        }
    }

    unit_ok(found == v->sign.nparams && found + ours == n,
            "%s: parameters", v->id);

    /* signed as parsed, with what belongs to the signature left out */

    if (ours == 0 && unit_eq(v->sign_time, v->sign.key_time)) {
        v->sign.params = pairs;

        unit_is(unit_vector_sign(v, 0), unit_json(entry, "authorization"),
                "%s: signature of the parsed request", v->id);

        v->sign.params = v->params;
    }
}


static void
test_vector_presigned(json_t *entry, unit_vector_t *v)
{
    ngx_str_t            url, query, args, merged;
    ngx_uint_t           i, n, m, same;
    cos_pair_t          *pairs, *made;
    cos_authorization_t  a;

    url = unit_json(entry, "presigned_url");

    for (i = 0; i < url.len && url.data[i] != '?'; i++) { /* void */ }

    args = unit_str(url.data + i + 1, url.len - i - 1);
    query = unit_vector_sign(v, 1);

    if (!unit_ok(unit_query(args, &pairs, &n) == NGX_OK
                 && unit_query(query, &made, &m) == NGX_OK && m == 7,
                 "%s: presigned queries are parsed", v->id))
    {
        return;
    }

    unit_ok(cos_authorization_from_query(pairs, n, &a) == NGX_OK,
            "%s: presigned", v->id);

    unit_is(a.secret_id, v->sign.secret_id, "%s: presigned q-ak", v->id);
    unit_is(a.sign_time, v->sign_time, "%s: presigned q-sign-time", v->id);
    unit_is(a.key_time, v->sign.key_time, "%s: presigned q-key-time", v->id);
    unit_is(a.header_list, unit_json(entry, "header_list"),
            "%s: presigned q-header-list", v->id);
    unit_is(a.param_list, unit_json(entry, "url_param_list"),
            "%s: presigned q-url-param-list", v->id);
    unit_is(a.signature, unit_json(entry, "signature"),
            "%s: presigned q-signature", v->id);

    unit_ok(cos_authorization_from_query(made, m, &a) == NGX_OK
            && unit_eq(a.signature, unit_json(entry, "signature"))
            && unit_eq(a.param_list, unit_json(entry, "url_param_list")),
            "%s: presigned by us", v->id);

    if (ngx_strcmp(v->id, "p01-presigned-node") == 0) {

        /* other escapes of the same seven, which come first */

        same = 0;

        for (i = 0; i < m && i < n; i++) {
            same += unit_eq(pairs[i].name, made[i].name)
                    && unit_eq(pairs[i].value, made[i].value);
        }

        unit_ok(same == 7, "%s: the same parameters", v->id);

        unit_is(unit_tail(query, S("&q-url-param-list=")),
                S("&q-url-param-list=imagemogr2%252fthumbnail%252f200x"
                  "%3Bresponse-content-type&q-signature="
                  "2334dba3406a69553d8bce3bd3ca8c28e8d1a68b"),
                "%s: list is escaped twice", v->id);

    } else if (ngx_strcmp(v->id, "p02-presigned-token-signed") == 0) {
        unit_is(query, unit_tail(args, S("q-sign-algorithm=")),
                "%s: the same text", v->id);

    } else if (ngx_strcmp(v->id, "p03-sign-merged") == 0) {
        merged = unit_escape(unit_vector_sign(v, 0), COS_ESCAPE_VALUE);

        unit_is(args, unit_printf("sign=%.*s", (int) merged.len, merged.data),
                "%s: the same text", v->id);

    } else {
        unit_ok(0, "%s: an unknown presigned vector", v->id);
    }
}


/*
 * The Node SDK sorts the pairs by the raw name, but the list by the escaped
 * one.  We sort both by the escaped name, as the document says.
 */

static void
test_vector_sort(json_t *entry, unit_vector_t *v)
{
    ngx_str_t            got, node, text, expected;
    cos_authorization_t  a, b;

    got = unit_vector_sign(v, 0);
    node = unit_json(entry, "node_authorization");
    expected = unit_json(entry, "escaped_order_signature");

    unit_is(expected, S("b17660d55426298ce22dccd38986852c73f34095"),
            "%s: vector", v->id);

    unit_ok(cos_authorization_parse(&got, &a) == NGX_OK
            && cos_authorization_parse(&node, &b) == NGX_OK,
            "%s: both are parsed", v->id);

    unit_is(a.signature, expected, "%s: signature of sorted pairs", v->id);
    unit_is(a.param_list, S("a%3a;a-"), "%s: list", v->id);
    unit_is(b.param_list, a.param_list, "%s: the same list in node", v->id);

    /* and node is understood, too: only the order of its pairs differs */

    text = unit_printf("get\n/\n%s\nhost=%.*s\n",
                       json_string_value(json_object_get(entry,
                                                     "node_http_parameters")),
                       (int) v->headers[0].value.len,
                       v->headers[0].value.data);
    text = unit_sha1_hex(text);
    text = unit_printf("sha1\n%.*s\n%.*s\n", (int) v->sign.key_time.len,
                       v->sign.key_time.data, (int) text.len, text.data);

    unit_is(unit_hmac_hex(&v->sign_key, text), b.signature,
            "%s: signature of node", v->id);
}


static void
test_vector_form(json_t *entry)
{
    size_t         host_len;
    u_char        *host;
    ngx_str_t      policy, digest, text;
    cos_pair_t     header;
    unit_vector_t  v;

    unit_vector_init(entry, &v);

    if (unit_json_has(entry, "policy_text")) {
        policy = unit_json(entry, "policy_text");
        digest = unit_sha1_hex(policy);

        text.len = COS_SHA1_HEX_LEN;
        text.data = unit_alloc(text.len);

        unit_ok(cos_policy_sign(text.data, &v.sign_key, policy.data,
                                policy.len)
                == text.data + text.len, "%s: length", v.id);

        unit_is(text, unit_json(entry, "q_signature"), "%s: policy", v.id);

        unit_is(digest, unit_json(entry, "string_to_sign"),
                "%s: sha1 of the policy", v.id);

        unit_is(unit_hmac_hex(&v.sign_key, digest),
                unit_json(entry, "q_signature"), "%s: signature", v.id);

        cos_hmac_key(&v.sign_key, v.secret_key.data, v.secret_key.len);

        unit_is(unit_hmac_hex(&v.sign_key, v.sign.key_time),
                unit_json(entry, "sign_key"), "%s: sign key", v.id);

        return;
    }

    /* signed as a request for "/" or "/bucket/", Host alone */

    text = unit_json(entry, "http_string");
    text = unit_tail(text, S("host="));

    host = text.data + sizeof("host=") - 1;
    host_len = text.len - sizeof("host=\n") + 1;

    ngx_memzero(&header, sizeof(cos_pair_t));

    header.name = S("Host");
    header.value = unit_str(host, host_len);

    v.sign.headers = &header;
    v.sign.nheaders = 1;

    unit_is(unit_vector_sign(&v, 0), unit_json(entry, "authorization"),
            "%s: authorization", v.id);
}


static void
unit_vector_init(json_t *entry, unit_vector_t *v)
{
    json_t  *headers;

    ngx_memzero(v, sizeof(unit_vector_t));

    v->id = json_string_value(json_object_get(entry, "id"));
    v->secret_key = unit_json(entry, "secret_key");

    v->sign.secret_id = unit_json(entry, "secret_id");
    v->sign.key_time = unit_json(entry, "q_key_time");
    v->sign_time = v->sign.key_time;

    if (unit_json_has(entry, "q_sign_time")) {
        v->sign_time = unit_json(entry, "q_sign_time");
    }

    cos_sign_key(&v->sign_key, &v->secret_key, &v->sign.key_time);
    v->sign.sign_key = &v->sign_key;

    if (!unit_json_has(entry, "method")) {
        return;
    }

    v->sign.method = unit_json(entry, "method");
    v->sign.path = unit_json(entry, "signed_path");

    v->params = unit_json_pairs(json_object_get(entry, "params"),
                                &v->sign.nparams);
    v->sign.params = v->params;

    headers = json_object_get(entry, "request_headers");

    if (json_object_get(entry, "signed_headers")) {
        v->headers = unit_json_signed(json_object_get(entry,
                                                      "signed_headers"),
                                      headers, &v->sign.nheaders);

    } else if (json_is_array(headers)) {
        v->headers = unit_json_pairs(headers, &v->sign.nheaders);
    }

    v->sign.headers = v->headers;
}


static ngx_str_t
unit_vector_sign(unit_vector_t *v, ngx_uint_t query)
{
    u_char     *buf;
    ngx_str_t   got;

    buf = unit_alloc(cos_sign_size(&v->sign));

    if (query) {
        cos_sign_query(&v->sign, buf, &got);

    } else {
        cos_sign(&v->sign, buf, &got);
    }

    return unit_str(got.data, got.len);
}


static cos_pair_t *
unit_json_pairs(json_t *list, ngx_uint_t *n)
{
    size_t       i;
    json_t      *pair, *name, *value;
    cos_pair_t  *pairs;

    *n = json_array_size(list);

    pairs = unit_alloc(*n * sizeof(cos_pair_t));

    json_array_foreach(list, i, pair) {
        name = json_array_get(pair, 0);
        value = json_array_get(pair, 1);

        pairs[i].name = unit_str(json_string_value(name),
                                 json_string_length(name));
        pairs[i].value = unit_str(json_string_value(value),
                                  json_string_length(value));
        ngx_str_null(&pairs[i].escaped);
        pairs[i].flags = 0;
    }

    return pairs;
}


/* the headers of the request that are signed, spelled as in the request */

static cos_pair_t *
unit_json_signed(json_t *names, json_t *headers, ngx_uint_t *n)
{
    size_t       i;
    json_t      *pair, *name, *value;
    ngx_str_t    lower;
    ngx_uint_t   k;
    cos_pair_t  *pairs;

    pairs = unit_alloc(json_array_size(headers) * sizeof(cos_pair_t));
    *n = 0;

    json_array_foreach(headers, i, pair) {
        name = json_array_get(pair, 0);
        value = json_array_get(pair, 1);

        lower = unit_str(json_string_value(name), json_string_length(name));

        for (k = 0; k < lower.len; k++) {
            lower.data[k] = (u_char) tolower(lower.data[k]);
        }

        if (!unit_json_listed(names, lower)) {
            continue;
        }

        pairs[*n].name = unit_str(json_string_value(name),
                                  json_string_length(name));
        pairs[*n].value = unit_str(json_string_value(value),
                                   json_string_length(value));
        ngx_str_null(&pairs[*n].escaped);
        pairs[*n].flags = 0;

        (*n)++;
    }

    return pairs;
}


static ngx_uint_t
unit_json_listed(json_t *list, ngx_str_t name)
{
    size_t   i;
    json_t  *item;

    json_array_foreach(list, i, item) {

        if (json_string_length(item) == name.len
            && ngx_memcmp(json_string_value(item), name.data, name.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
unit_is_ours(ngx_str_t name)
{
    return unit_eq(name, S("sign"))
           || (name.len > 2 && ngx_memcmp(name.data, "q-", 2) == 0);
}


static ngx_str_t
unit_json(json_t *entry, const char *name)
{
    json_t  *value;

    value = json_object_get(entry, name);

    if (!json_is_string(value)) {
        unit_ok(0, "vector has no \"%s\"", name);
        return S("");
    }

    return unit_str(json_string_value(value), json_string_length(value));
}


static ngx_uint_t
unit_json_has(json_t *entry, const char *name)
{
    return json_is_string(json_object_get(entry, name));
}


static ngx_str_t
unit_hmac_hex(const cos_hmac_t *hmac, ngx_str_t data)
{
    u_char  mac[COS_SHA1_LEN];

    cos_hmac(hmac, data.data, data.len, mac);

    return unit_hex(mac, COS_SHA1_LEN);
}


static ngx_str_t
unit_sha1_hex(ngx_str_t data)
{
    u_char      digest[COS_SHA1_LEN];
    cos_sha1_t  sha1;

    cos_sha1_init(&sha1);
    cos_sha1_update(&sha1, data.data, data.len);
    cos_sha1_final(digest, &sha1);

    return unit_hex(digest, COS_SHA1_LEN);
}


/* from the first "from" on */

static ngx_str_t
unit_tail(ngx_str_t str, ngx_str_t from)
{
    size_t  i;

    for (i = 0; i + from.len <= str.len; i++) {

        if (ngx_memcmp(str.data + i, from.data, from.len) == 0) {
            return unit_str(str.data + i, str.len - i);
        }
    }

    return S("");
}
