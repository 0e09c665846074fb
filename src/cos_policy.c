
/*
 * Copyright (C) nginx-cos contributors
 */


#include "cos_policy.h"


/* more than all of the text between the strings */
#define COS_POLICY_FRAME       256
#define COS_POLICY_FIELD       16


static u_char *cos_policy_string(u_char *dst, const ngx_str_t *text);
static u_char *cos_policy_copy(u_char *dst, const char *text);
static u_char *cos_policy_number(u_char *dst, off_t value);


ngx_uint_t
cos_policy_text(const ngx_str_t *text)
{
    u_char    ch, *p;
    size_t    i, k, n;
    uint32_t  code;

    /* what fits into fewer bytes is not valid in more */

    static const uint32_t  least[] = { 0, 0x80, 0x800, 0x10000 };

    for (i = 0; i < text->len; i += n + 1) {

        p = text->data + i;
        ch = p[0];

        if (ch < 0x80) {
            if (ch < 0x20 || ch == 0x7f) {
                return 0;
            }

            n = 0;
            continue;
        }

        if (ch >= 0xc0 && ch < 0xe0) {
            n = 1;
            code = ch & 0x1f;

        } else if (ch >= 0xe0 && ch < 0xf0) {
            n = 2;
            code = ch & 0x0f;

        } else if (ch >= 0xf0 && ch < 0xf8) {
            n = 3;
            code = ch & 0x07;

        } else {
            return 0;
        }

        if (text->len - i <= n) {
            return 0;
        }

        for (k = 1; k <= n; k++) {
            if ((p[k] & 0xc0) != 0x80) {
                return 0;
            }

            code = (code << 6) | (p[k] & 0x3f);
        }

        /* 0x80 to 0x9f are controls as well */

        if (code < least[n] || code > 0x10ffff || code < 0xa0
            || (code >= 0xd800 && code < 0xe000))
        {
            return 0;
        }
    }

    return 1;
}


size_t
cos_policy_size(const cos_policy_t *policy)
{
    size_t      len;
    ngx_uint_t  i;

    /* a byte becomes at most two */

    len = COS_POLICY_FRAME
          + 2 * (policy->bucket.len + policy->expiration.len
                 + policy->secret_id.len + policy->key_time.len
                 + NGX_OFF_T_LEN);

    for (i = 0; i < policy->nfields; i++) {
        len += COS_POLICY_FIELD
               + 2 * (policy->fields[i].name.len
                      + policy->fields[i].value.len);
    }

    return len;
}


u_char *
cos_policy_write(u_char *p, const cos_policy_t *policy)
{
    ngx_uint_t  i;

    p = cos_policy_copy(p, "{\"expiration\":\"");
    p = cos_policy_string(p, &policy->expiration);
    p = cos_policy_copy(p, "\",\"conditions\":"
                           "[{\"q-sign-algorithm\":\"sha1\"},{\"q-ak\":\"");
    p = cos_policy_string(p, &policy->secret_id);
    p = cos_policy_copy(p, "\"},{\"q-sign-time\":\"");
    p = cos_policy_string(p, &policy->key_time);
    p = cos_policy_copy(p, "\"},{\"bucket\":\"");
    p = cos_policy_string(p, &policy->bucket);
    p = cos_policy_copy(p, "\"}");

    for (i = 0; i < policy->nfields; i++) {
        p = cos_policy_copy(p, ",[\"eq\",\"$");
        p = cos_policy_string(p, &policy->fields[i].name);
        p = cos_policy_copy(p, "\",\"");
        p = cos_policy_string(p, &policy->fields[i].value);
        p = cos_policy_copy(p, "\"]");
    }

    p = cos_policy_copy(p, ",[\"content-length-range\",");
    p = cos_policy_number(p, policy->min_length);
    *p++ = ',';
    p = cos_policy_number(p, policy->max_length);

    return cos_policy_copy(p, "]]}");
}


u_char *
cos_policy_sign(u_char *dst, const cos_hmac_t *sign_key, const u_char *text,
    size_t len)
{
    u_char      digest[COS_SHA1_LEN], hex[COS_SHA1_HEX_LEN];
    cos_sha1_t  sha1;

    cos_sha1_init(&sha1);
    cos_sha1_update(&sha1, text, len);
    cos_sha1_final(digest, &sha1);

    (void) cos_hex(hex, digest, COS_SHA1_LEN);

    cos_hmac(sign_key, hex, COS_SHA1_HEX_LEN, digest);

    return cos_hex(dst, digest, COS_SHA1_LEN);
}


static u_char *
cos_policy_string(u_char *dst, const ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] == '"' || text->data[i] == '\\') {
            *dst++ = '\\';
        }

        *dst++ = text->data[i];
    }

    return dst;
}


static u_char *
cos_policy_copy(u_char *dst, const char *text)
{
    while (*text) {
        *dst++ = *text++;
    }

    return dst;
}


static u_char *
cos_policy_number(u_char *dst, off_t value)
{
    u_char  *p, digits[NGX_OFF_T_LEN];

    p = digits + NGX_OFF_T_LEN;

    do {
        *--p = (u_char) (value % 10 + '0');
        value /= 10;
    } while (value);

    return ngx_cpymem(dst, p, digits + NGX_OFF_T_LEN - p);
}
