
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_hmac.h"
#include "cos_tc3.h"


#if (COS_HAVE_TC3)

#include <openssl/sha.h>


#define COS_TC3_BLOCK    64

#define COS_TC3_DAY      86400
#define COS_TC3_END      253402300799   /* 9999-12-31 23:59:59 */
#define COS_TC3_END_LEN  (sizeof("253402300799") - 1)

/* days from 0000-03-01 to 1970-01-01, and of 400 years */

#define COS_TC3_EPOCH    719468
#define COS_TC3_ERA      146097

#define COS_TC3_ALGORITHM   "TC3-HMAC-SHA256"
#define COS_TC3_CREDENTIAL  COS_TC3_ALGORITHM " Credential="
#define COS_TC3_REQUEST     "tc3_request"
#define COS_TC3_HEADERS     ", SignedHeaders="
#define COS_TC3_SIGNATURE   ", Signature="

#define COS_TC3_SIGNED         "content-type;host"
#define COS_TC3_SIGNED_ACTION  "content-type;host;x-tc-action"

#define cos_tc3_put(p, text)  ngx_cpymem(p, text, sizeof(text) - 1)

#define cos_tc3_hash(sha256, text)                                            \
    cos_tc3_update(sha256, (u_char *) text, sizeof(text) - 1)


static void cos_tc3_request(const cos_tc3_t *tc3, u_char *digest);
static void cos_tc3_sign(const cos_tc3_t *tc3, u_char *date,
    const ngx_str_t *text, u_char *signature);
static u_char *cos_tc3_scope(const cos_tc3_t *tc3, const u_char *date,
    u_char *p);
static void cos_tc3_value(SHA256_CTX *sha256, const ngx_str_t *value,
    ngx_uint_t lower);
static void cos_tc3_update(SHA256_CTX *sha256, const u_char *data, size_t len);
static uint64_t cos_tc3_time(time_t timestamp);
static u_char *cos_tc3_digits(u_char *p, uint64_t value, ngx_uint_t width);
static u_char *cos_tc3_copy(u_char *p, const ngx_str_t *str);


void
cos_sha256(const ngx_str_t *data, u_char *digest)
{
    SHA256_CTX  sha256;

    (void) SHA256_Init(&sha256);
    cos_tc3_update(&sha256, data->data, data->len);
    (void) SHA256_Final(digest, &sha256);

    cos_wipe(&sha256, sizeof(SHA256_CTX));
}


void
cos_hmac_sha256(const ngx_str_t *key, ngx_uint_t nkey, const ngx_str_t *data,
    u_char *mac)
{
    size_t       len;
    u_char      *p, pad[COS_TC3_BLOCK], digest[COS_SHA256_LEN];
    ngx_uint_t   i;
    SHA256_CTX   sha256;

    ngx_memzero(pad, COS_TC3_BLOCK);

    len = 0;

    for (i = 0; i < nkey; i++) {
        len += key[i].len;
    }

    if (len > COS_TC3_BLOCK) {
        (void) SHA256_Init(&sha256);

        for (i = 0; i < nkey; i++) {
            cos_tc3_update(&sha256, key[i].data, key[i].len);
        }

        (void) SHA256_Final(pad, &sha256);

    } else {
        p = pad;

        for (i = 0; i < nkey; i++) {
            p = cos_tc3_copy(p, &key[i]);
        }
    }

    for (i = 0; i < COS_TC3_BLOCK; i++) {
        pad[i] ^= 0x36;
    }

    (void) SHA256_Init(&sha256);
    cos_tc3_update(&sha256, pad, COS_TC3_BLOCK);
    cos_tc3_update(&sha256, data->data, data->len);
    (void) SHA256_Final(digest, &sha256);

    for (i = 0; i < COS_TC3_BLOCK; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }

    (void) SHA256_Init(&sha256);
    cos_tc3_update(&sha256, pad, COS_TC3_BLOCK);
    cos_tc3_update(&sha256, digest, COS_SHA256_LEN);
    (void) SHA256_Final(mac, &sha256);

    cos_wipe(pad, COS_TC3_BLOCK);
    cos_wipe(digest, COS_SHA256_LEN);
    cos_wipe(&sha256, sizeof(SHA256_CTX));
}


void
cos_tc3_date(time_t timestamp, u_char *date)
{
    ngx_uint_t  days, era, year, month, day;

    days = (ngx_uint_t) (cos_tc3_time(timestamp) / COS_TC3_DAY)
           + COS_TC3_EPOCH;

    era = days / COS_TC3_ERA;
    days = days % COS_TC3_ERA;

    /* a year begins in March here, so that a leap day is its last one */

    year = (days - days / 1460 + days / 36524 - days / 146096) / 365;
    days -= 365 * year + year / 4 - year / 100;

    month = (5 * days + 2) / 153;
    day = days - (153 * month + 2) / 5 + 1;

    year += 400 * era;

    if (month < 10) {
        month += 3;

    } else {
        month -= 9;
        year++;
    }

    date = cos_tc3_digits(date, year, 4);
    *date++ = '-';
    date = cos_tc3_digits(date, month, 2);
    *date++ = '-';
    (void) cos_tc3_digits(date, day, 2);
}


size_t
cos_tc3_authorization_len(const cos_tc3_t *tc3)
{
    return sizeof(COS_TC3_CREDENTIAL "/" "/" "/" COS_TC3_REQUEST
                  COS_TC3_HEADERS COS_TC3_SIGNATURE) - 1
           + (tc3->action.len ? sizeof(COS_TC3_SIGNED_ACTION) - 1
                              : sizeof(COS_TC3_SIGNED) - 1)
           + tc3->secret_id.len + COS_TC3_DATE_LEN + tc3->service.len
           + COS_SHA256_HEX_LEN;
}


/*
 * StringToSign is made where the result goes.  Without the scope, which is in
 * both, and an empty id it takes 94 bytes at most, the result at least 137.
 */

size_t
cos_tc3_authorization(const cos_tc3_t *tc3, u_char *buf)
{
    u_char     *p, date[COS_TC3_DATE_LEN], digest[COS_SHA256_LEN];
    ngx_str_t   text;

    cos_tc3_date(tc3->timestamp, date);
    cos_tc3_request(tc3, digest);

    p = cos_tc3_put(buf, COS_TC3_ALGORITHM "\n");
    p = cos_tc3_digits(p, cos_tc3_time(tc3->timestamp), 0);
    *p++ = '\n';
    p = cos_tc3_scope(tc3, date, p);
    *p++ = '\n';
    p = cos_hex(p, digest, COS_SHA256_LEN);

    text.len = p - buf;
    text.data = buf;

    cos_tc3_sign(tc3, date, &text, digest);

    p = cos_tc3_put(buf, COS_TC3_CREDENTIAL);
    p = cos_tc3_copy(p, &tc3->secret_id);
    *p++ = '/';
    p = cos_tc3_scope(tc3, date, p);
    p = cos_tc3_put(p, COS_TC3_HEADERS);

    if (tc3->action.len) {
        p = cos_tc3_put(p, COS_TC3_SIGNED_ACTION);

    } else {
        p = cos_tc3_put(p, COS_TC3_SIGNED);
    }

    p = cos_tc3_put(p, COS_TC3_SIGNATURE);
    p = cos_hex(p, digest, COS_SHA256_LEN);

    return p - buf;
}


/* the digest of CanonicalRequest */

static void
cos_tc3_request(const cos_tc3_t *tc3, u_char *digest)
{
    u_char      body[COS_SHA256_LEN], hex[COS_SHA256_HEX_LEN];
    ngx_uint_t  action;
    SHA256_CTX  sha256;

    action = (tc3->action.len != 0);

    cos_sha256(&tc3->body, body);
    (void) cos_hex(hex, body, COS_SHA256_LEN);

    (void) SHA256_Init(&sha256);

    cos_tc3_hash(&sha256, "POST\n/\n\ncontent-type:");
    cos_tc3_value(&sha256, &tc3->content_type, action);
    cos_tc3_hash(&sha256, "\nhost:");
    cos_tc3_value(&sha256, &tc3->host, action);

    if (action) {
        cos_tc3_hash(&sha256, "\nx-tc-action:");
        cos_tc3_value(&sha256, &tc3->action, action);
        cos_tc3_hash(&sha256, "\n\n" COS_TC3_SIGNED_ACTION "\n");

    } else {
        cos_tc3_hash(&sha256, "\n\n" COS_TC3_SIGNED "\n");
    }

    cos_tc3_update(&sha256, hex, COS_SHA256_HEX_LEN);

    (void) SHA256_Final(digest, &sha256);
}


static void
cos_tc3_sign(const cos_tc3_t *tc3, u_char *date, const ngx_str_t *text,
    u_char *signature)
{
    u_char     mac[COS_SHA256_LEN];
    ngx_str_t  key[2], data;

    ngx_str_set(&key[0], "TC3");
    key[1] = tc3->secret_key;

    data.len = COS_TC3_DATE_LEN;
    data.data = date;

    cos_hmac_sha256(key, 2, &data, mac);

    key[0].len = COS_SHA256_LEN;
    key[0].data = mac;

    cos_hmac_sha256(key, 1, &tc3->service, mac);

    ngx_str_set(&data, COS_TC3_REQUEST);

    cos_hmac_sha256(key, 1, &data, mac);
    cos_hmac_sha256(key, 1, text, signature);

    cos_wipe(mac, COS_SHA256_LEN);
}


static u_char *
cos_tc3_scope(const cos_tc3_t *tc3, const u_char *date, u_char *p)
{
    p = ngx_cpymem(p, date, COS_TC3_DATE_LEN);
    *p++ = '/';
    p = cos_tc3_copy(p, &tc3->service);

    return cos_tc3_put(p, "/" COS_TC3_REQUEST);
}


static void
cos_tc3_value(SHA256_CTX *sha256, const ngx_str_t *value, ngx_uint_t lower)
{
    size_t  i, n;
    u_char  text[COS_TC3_BLOCK];

    if (!lower) {
        cos_tc3_update(sha256, value->data, value->len);
        return;
    }

    n = 0;

    for (i = 0; i < value->len; i++) {

        if (n == COS_TC3_BLOCK) {
            cos_tc3_update(sha256, text, n);
            n = 0;
        }

        text[n++] = ngx_tolower(value->data[i]);
    }

    cos_tc3_update(sha256, text, n);
}


static void
cos_tc3_update(SHA256_CTX *sha256, const u_char *data, size_t len)
{
    /* an empty string may have no address */

    if (len) {
        (void) SHA256_Update(sha256, data, len);
    }
}


static uint64_t
cos_tc3_time(time_t timestamp)
{
    uint64_t  seconds;

    if (timestamp < 0) {
        return 0;
    }

    seconds = (uint64_t) timestamp;

    return ngx_min(seconds, COS_TC3_END);
}


/* at least "width" digits, at most COS_TC3_END_LEN */

static u_char *
cos_tc3_digits(u_char *p, uint64_t value, ngx_uint_t width)
{
    u_char      digits[COS_TC3_END_LEN];
    ngx_uint_t  n;

    n = 0;

    do {
        digits[n++] = (u_char) ('0' + value % 10);
        value /= 10;

    } while (value || n < width);

    while (n) {
        *p++ = digits[--n];
    }

    return p;
}


static u_char *
cos_tc3_copy(u_char *p, const ngx_str_t *str)
{
    return str->len ? ngx_cpymem(p, str->data, str->len) : p;
}


#endif /* COS_HAVE_TC3 */
