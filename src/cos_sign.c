
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_uri.h"
#include "cos_sign.h"


#define COS_SIGN_ALGORITHM   "q-sign-algorithm=sha1&q-ak="
#define COS_SIGN_SIGN_TIME   "&q-sign-time="
#define COS_SIGN_KEY_TIME    "&q-key-time="
#define COS_SIGN_HEADERS     "&q-header-list="
#define COS_SIGN_PARAMS      "&q-url-param-list="
#define COS_SIGN_SIGNATURE   "&q-signature="

#define cos_sign_put(p, text)  ngx_cpymem(p, text, sizeof(text) - 1)


typedef enum {
    COS_FIELD_ALGORITHM = 0,
    COS_FIELD_AK,
    COS_FIELD_SIGN_TIME,
    COS_FIELD_KEY_TIME,
    COS_FIELD_HEADER_LIST,
    COS_FIELD_PARAM_LIST,
    COS_FIELD_SIGNATURE,
    COS_FIELDS
} cos_field_e;


typedef struct {
    ngx_str_t          name;    /* escaped and lower-cased */
    const cos_pair_t  *pair;
} cos_sign_item_t;


/* the sorted parameters and headers */
typedef struct {
    cos_sign_item_t  *params;
    cos_sign_item_t  *headers;
} cos_sign_lists_t;


/* how much there is of parameters and headers, at most */
typedef struct {
    size_t       plain;         /* of names that are only copied */
    size_t       other;
    size_t       values;        /* escaped */
} cos_sign_lens_t;


typedef struct {
    ngx_str_t    value[COS_FIELDS];
    ngx_uint_t   seen;
} cos_fields_t;


static u_char *cos_sign_make(const cos_sign_t *sign, u_char *buf,
    cos_sign_lists_t *lists, u_char *signature);
static void cos_sign_measure(const cos_pair_t *pairs, ngx_uint_t n,
    cos_sign_lens_t *lens);
static u_char *cos_sign_items(cos_sign_item_t *items, const cos_pair_t *pairs,
    ngx_uint_t n, u_char *p);
static void cos_sign_sort(cos_sign_item_t *items, ngx_uint_t n);
static ngx_int_t cos_sign_cmp(const cos_sign_item_t *one,
    const cos_sign_item_t *two);
static ngx_int_t cos_sign_cmp_str(const ngx_str_t *one, const ngx_str_t *two);
static u_char *cos_sign_text(u_char *p, const cos_sign_item_t *items,
    ngx_uint_t n);
static u_char *cos_sign_copy(u_char *p, const ngx_str_t *str);
static u_char *cos_sign_list(u_char *p, const cos_sign_item_t *items,
    ngx_uint_t n);
static u_char *cos_sign_list_escape(u_char *p, const cos_sign_item_t *items,
    ngx_uint_t n);

static ngx_int_t cos_field_add(cos_fields_t *fields, const ngx_str_t *name,
    const ngx_str_t *value);
static ngx_int_t cos_field_check(const cos_fields_t *fields,
    cos_authorization_t *a);
static ngx_int_t cos_field_is_time(const ngx_str_t *value);
static ngx_int_t cos_field_is_signature(const ngx_str_t *value);


static const ngx_str_t  cos_field_names[COS_FIELDS] = {
    ngx_string("q-sign-algorithm"),
    ngx_string("q-ak"),
    ngx_string("q-sign-time"),
    ngx_string("q-key-time"),
    ngx_string("q-header-list"),
    ngx_string("q-url-param-list"),
    ngx_string("q-signature")
};


void
cos_sign_key(cos_hmac_t *sign_key, const ngx_str_t *secret_key,
    const ngx_str_t *key_time)
{
    u_char      mac[COS_SHA1_LEN], hex[COS_SHA1_HEX_LEN];
    cos_hmac_t  secret;

    cos_hmac_key(&secret, secret_key->data, secret_key->len);
    cos_hmac(&secret, key_time->data, key_time->len, mac);

    (void) cos_hex(hex, mac, COS_SHA1_LEN);

    cos_hmac_key(sign_key, hex, COS_SHA1_HEX_LEN);

    cos_wipe(&secret, sizeof(cos_hmac_t));
    cos_wipe(mac, COS_SHA1_LEN);
    cos_wipe(hex, COS_SHA1_HEX_LEN);
}


size_t
cos_sign_size(const cos_sign_t *sign)
{
    size_t           text, result;
    ngx_uint_t       n;
    cos_sign_lens_t  lens;

    ngx_memzero(&lens, sizeof(cos_sign_lens_t));

    cos_sign_measure(sign->params, sign->nparams, &lens);
    cos_sign_measure(sign->headers, sign->nheaders, &lens);

    n = sign->nparams + sign->nheaders;

    /*
     * The items, their names, and behind them HttpString, then StringToSign,
     * then the result.  An escaped name takes up to three times its length.
     * In the query form, which is the longer one, a byte of it ends up as
     * "%25xx".
     */

    text = sign->method.len + sign->path.len + sizeof("\n\n\n\n") - 1
           + lens.plain + 3 * lens.other + lens.values
           + n * (sizeof("=&") - 1);

    result = sizeof(COS_SIGN_ALGORITHM COS_SIGN_SIGN_TIME COS_SIGN_KEY_TIME
                    COS_SIGN_HEADERS COS_SIGN_PARAMS COS_SIGN_SIGNATURE) - 1
             + COS_SHA1_HEX_LEN
             + 3 * sign->secret_id.len + 2 * 3 * sign->key_time.len
             + lens.plain + 5 * lens.other + n * (sizeof("%3B") - 1);

    return NGX_ALIGNMENT + n * sizeof(cos_sign_item_t) + 3 * lens.other
           + ngx_max(text, result);
}


static void
cos_sign_measure(const cos_pair_t *pairs, ngx_uint_t n, cos_sign_lens_t *lens)
{
    ngx_uint_t         i;
    const cos_pair_t  *pair;

    for (i = 0; i < n; i++) {
        pair = &pairs[i];

        if (pair->flags & COS_PAIR_PLAIN_NAME) {
            lens->plain += pair->name.len;

        } else {
            lens->other += pair->name.len;
        }

        lens->values += pair->escaped.data ? pair->escaped.len
                                           : 3 * pair->value.len;
    }
}


void
cos_sign(const cos_sign_t *sign, u_char *buf, ngx_str_t *authorization)
{
    u_char            *p, signature[COS_SHA1_HEX_LEN];
    cos_sign_lists_t   lists;

    buf = cos_sign_make(sign, buf, &lists, signature);

    p = cos_sign_put(buf, COS_SIGN_ALGORITHM);
    p = cos_sign_copy(p, &sign->secret_id);
    p = cos_sign_put(p, COS_SIGN_SIGN_TIME);
    p = cos_sign_copy(p, &sign->key_time);
    p = cos_sign_put(p, COS_SIGN_KEY_TIME);
    p = cos_sign_copy(p, &sign->key_time);
    p = cos_sign_put(p, COS_SIGN_HEADERS);
    p = cos_sign_list(p, lists.headers, sign->nheaders);
    p = cos_sign_put(p, COS_SIGN_PARAMS);
    p = cos_sign_list(p, lists.params, sign->nparams);
    p = cos_sign_put(p, COS_SIGN_SIGNATURE);
    p = ngx_cpymem(p, signature, COS_SHA1_HEX_LEN);

    authorization->len = p - buf;
    authorization->data = buf;
}


void
cos_sign_query(const cos_sign_t *sign, u_char *buf, ngx_str_t *query)
{
    u_char            *p, signature[COS_SHA1_HEX_LEN];
    cos_sign_lists_t   lists;

    buf = cos_sign_make(sign, buf, &lists, signature);

    p = cos_sign_put(buf, COS_SIGN_ALGORITHM);
    p = cos_escape(p, sign->secret_id.data, sign->secret_id.len,
                   COS_ESCAPE_VALUE);
    p = cos_sign_put(p, COS_SIGN_SIGN_TIME);
    p = cos_escape(p, sign->key_time.data, sign->key_time.len,
                   COS_ESCAPE_VALUE);
    p = cos_sign_put(p, COS_SIGN_KEY_TIME);
    p = cos_escape(p, sign->key_time.data, sign->key_time.len,
                   COS_ESCAPE_VALUE);
    p = cos_sign_put(p, COS_SIGN_HEADERS);
    p = cos_sign_list_escape(p, lists.headers, sign->nheaders);
    p = cos_sign_put(p, COS_SIGN_PARAMS);
    p = cos_sign_list_escape(p, lists.params, sign->nparams);
    p = cos_sign_put(p, COS_SIGN_SIGNATURE);
    p = ngx_cpymem(p, signature, COS_SHA1_HEX_LEN);

    query->len = p - buf;
    query->data = buf;
}


/* returns where the result begins */

static u_char *
cos_sign_make(const cos_sign_t *sign, u_char *buf, cos_sign_lists_t *lists,
    u_char *signature)
{
    u_char      *p, digest[COS_SHA1_LEN];
    size_t       i;
    cos_sha1_t   sha1;

    p = ngx_align_ptr(buf, NGX_ALIGNMENT);

    lists->params = (cos_sign_item_t *) p;
    lists->headers = lists->params + sign->nparams;

    p = (u_char *) (lists->headers + sign->nheaders);
    p = cos_sign_items(lists->params, sign->params, sign->nparams, p);
    buf = cos_sign_items(lists->headers, sign->headers, sign->nheaders, p);

    p = buf;

    for (i = 0; i < sign->method.len; i++) {
        *p++ = ngx_tolower(sign->method.data[i]);
    }

    *p++ = '\n';
    p = cos_sign_copy(p, &sign->path);
    *p++ = '\n';
    p = cos_sign_text(p, lists->params, sign->nparams);
    *p++ = '\n';
    p = cos_sign_text(p, lists->headers, sign->nheaders);
    *p++ = '\n';

    cos_sha1_init(&sha1);
    cos_sha1_end(digest, &sha1, buf, p - buf);

    p = cos_sign_put(buf, "sha1\n");
    p = cos_sign_copy(p, &sign->key_time);
    *p++ = '\n';
    p = cos_hex(p, digest, COS_SHA1_LEN);
    *p++ = '\n';

    cos_hmac(sign->sign_key, buf, p - buf, digest);

    (void) cos_hex(signature, digest, COS_SHA1_LEN);

    return buf;
}


static u_char *
cos_sign_items(cos_sign_item_t *items, const cos_pair_t *pairs, ngx_uint_t n,
    u_char *p)
{
    u_char      *last;
    ngx_uint_t   i;

    for (i = 0; i < n; i++) {
        items[i].pair = &pairs[i];

        if (pairs[i].flags & COS_PAIR_PLAIN_NAME) {
            items[i].name = pairs[i].name;
            continue;
        }

        last = cos_escape(p, pairs[i].name.data, pairs[i].name.len,
                          COS_ESCAPE_NAME);

        items[i].name.len = last - p;
        items[i].name.data = p;

        p = last;
    }

    if (n > 1) {
        cos_sign_sort(items, n);
    }

    return p;
}


/*
 * Insertion sort for the usual handful of items.  A query with thousands of
 * parameters is the client's choice, hence the wider steps (Shell sort).
 * Equal items are the same text, so that stability does not matter.
 */

static void
cos_sign_sort(cos_sign_item_t *items, ngx_uint_t n)
{
    ngx_uint_t       i, k, s, gap;
    cos_sign_item_t  item;

    static const ngx_uint_t  gaps[] = {
        3501, 1577, 701, 301, 132, 57, 23, 10, 4, 1
    };

    s = 0;

    while (gaps[s] >= n) {
        s++;
    }

    for ( /* void */ ; s < sizeof(gaps) / sizeof(gaps[0]); s++) {
        gap = gaps[s];

        for (i = gap; i < n; i++) {

            if (cos_sign_cmp(&items[i - gap], &items[i]) <= 0) {
                continue;
            }

            item = items[i];
            k = i;

            do {
                items[k] = items[k - gap];
                k -= gap;

            } while (k >= gap && cos_sign_cmp(&items[k - gap], &item) > 0);

            items[k] = item;
        }
    }
}


static ngx_int_t
cos_sign_cmp(const cos_sign_item_t *one, const cos_sign_item_t *two)
{
    ngx_int_t  rc;

    rc = cos_sign_cmp_str(&one->name, &two->name);

    return rc ? rc : cos_sign_cmp_str(&one->pair->value, &two->pair->value);
}


static ngx_int_t
cos_sign_cmp_str(const ngx_str_t *one, const ngx_str_t *two)
{
    size_t     len;
    ngx_int_t  rc;

    len = ngx_min(one->len, two->len);

    if (len) {
        rc = ngx_memcmp(one->data, two->data, len);

        if (rc != 0) {
            return rc;
        }
    }

    return (one->len > two->len) - (one->len < two->len);
}


static u_char *
cos_sign_text(u_char *p, const cos_sign_item_t *items, ngx_uint_t n)
{
    ngx_uint_t         i;
    const cos_pair_t  *pair;

    for (i = 0; i < n; i++) {
        pair = items[i].pair;

        if (i) {
            *p++ = '&';
        }

        p = cos_sign_copy(p, &items[i].name);
        *p++ = '=';

        p = pair->escaped.data
            ? cos_sign_copy(p, &pair->escaped)
            : cos_escape(p, pair->value.data, pair->value.len,
                         COS_ESCAPE_VALUE);
    }

    return p;
}


static u_char *
cos_sign_copy(u_char *p, const ngx_str_t *str)
{
    return str->len ? ngx_cpymem(p, str->data, str->len) : p;
}


static u_char *
cos_sign_list(u_char *p, const cos_sign_item_t *items, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (i) {
            *p++ = ';';
        }

        p = cos_sign_copy(p, &items[i].name);
    }

    return p;
}


static u_char *
cos_sign_list_escape(u_char *p, const cos_sign_item_t *items, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (i) {
            p = cos_sign_put(p, "%3B");
        }

        p = cos_escape(p, items[i].name.data, items[i].name.len,
                       COS_ESCAPE_VALUE);
    }

    return p;
}


ngx_int_t
cos_authorization_parse(const ngx_str_t *text, cos_authorization_t *a)
{
    u_char        *p, *last;
    ngx_str_t      name, value;
    cos_fields_t   fields;

    if (text->len == 0) {
        return NGX_ERROR;
    }

    fields.seen = 0;

    p = text->data;
    last = p + text->len;

    for ( ;; ) {
        name.data = p;

        while (p < last && *p != '=' && *p != '&') {
            p++;
        }

        if (p == last || *p == '&') {
            return NGX_ERROR;
        }

        name.len = p - name.data;
        value.data = ++p;

        while (p < last && *p != '&') {
            p++;
        }

        value.len = p - value.data;

        if (cos_field_add(&fields, &name, &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (p == last) {
            return cos_field_check(&fields, a);
        }

        p++;
    }
}


ngx_int_t
cos_authorization_from_query(const cos_pair_t *params, ngx_uint_t n,
    cos_authorization_t *a)
{
    ngx_uint_t        i;
    cos_fields_t      fields;
    const ngx_str_t  *sign;

    sign = NULL;
    fields.seen = 0;

    for (i = 0; i < n; i++) {

        if (params[i].name.len == sizeof("sign") - 1
            && ngx_memcmp(params[i].name.data, "sign", sizeof("sign") - 1)
               == 0)
        {
            if (sign) {
                return NGX_ERROR;
            }

            sign = &params[i].value;
            continue;
        }

        if (cos_field_add(&fields, &params[i].name, &params[i].value)
            == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    if (sign) {
        return fields.seen ? NGX_ERROR : cos_authorization_parse(sign, a);
    }

    return fields.seen ? cos_field_check(&fields, a) : NGX_DECLINED;
}


/* NGX_DECLINED: not a field of a signature; NGX_ERROR: given twice */

static ngx_int_t
cos_field_add(cos_fields_t *fields, const ngx_str_t *name,
    const ngx_str_t *value)
{
    ngx_uint_t  i;

    if (name->len < 2 || name->data[0] != 'q' || name->data[1] != '-') {
        return NGX_DECLINED;
    }

    for (i = 0; i < COS_FIELDS; i++) {

        if (name->len != cos_field_names[i].len
            || ngx_memcmp(name->data, cos_field_names[i].data, name->len) != 0)
        {
            continue;
        }

        if (fields->seen & (1 << i)) {
            return NGX_ERROR;
        }

        fields->seen |= 1 << i;
        fields->value[i] = *value;

        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
cos_field_check(const cos_fields_t *fields, cos_authorization_t *a)
{
    const ngx_str_t  *value;

    if (fields->seen != (1 << COS_FIELDS) - 1) {
        return NGX_ERROR;
    }

    value = fields->value;

    if (value[COS_FIELD_ALGORITHM].len != sizeof("sha1") - 1
        || ngx_memcmp(value[COS_FIELD_ALGORITHM].data, "sha1",
                      sizeof("sha1") - 1)
           != 0)
    {
        return NGX_ERROR;
    }

    if (cos_field_is_time(&value[COS_FIELD_SIGN_TIME]) != NGX_OK
        || cos_field_is_time(&value[COS_FIELD_KEY_TIME]) != NGX_OK
        || cos_field_is_signature(&value[COS_FIELD_SIGNATURE]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    a->secret_id = value[COS_FIELD_AK];
    a->sign_time = value[COS_FIELD_SIGN_TIME];
    a->key_time = value[COS_FIELD_KEY_TIME];
    a->header_list = value[COS_FIELD_HEADER_LIST];
    a->param_list = value[COS_FIELD_PARAM_LIST];
    a->signature = value[COS_FIELD_SIGNATURE];

    return NGX_OK;
}


static ngx_int_t
cos_field_is_time(const ngx_str_t *value)
{
    u_char      ch;
    size_t      i;
    ngx_uint_t  digits, parts;

    parts = 0;
    digits = 0;

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (ch >= '0' && ch <= '9') {
            digits++;
            continue;
        }

        if (ch != ';' || digits == 0) {
            return NGX_ERROR;
        }

        parts++;
        digits = 0;
    }

    return (parts == 1 && digits) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
cos_field_is_signature(const ngx_str_t *value)
{
    u_char  ch;
    size_t  i;

    if (value->len != COS_SHA1_HEX_LEN) {
        return NGX_ERROR;
    }

    for (i = 0; i < COS_SHA1_HEX_LEN; i++) {
        ch = value->data[i];

        if ((ch < '0' || ch > '9') && (ch < 'a' || ch > 'f')) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
