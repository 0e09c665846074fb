
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_hmac.h"


#define COS_HMAC_BLOCK  64


void
cos_sha1_init(cos_sha1_t *sha1)
{
#if (NGX_OPENSSL)
    (void) SHA1_Init(sha1);
#else
    ngx_sha1_init(sha1);
#endif
}


void
cos_sha1_update(cos_sha1_t *sha1, const void *data, size_t len)
{
    /* an empty string may have no address */

    if (len == 0) {
        return;
    }

#if (NGX_OPENSSL)
    (void) SHA1_Update(sha1, data, len);
#else
    ngx_sha1_update(sha1, data, len);
#endif
}


void
cos_sha1_final(u_char *digest, cos_sha1_t *sha1)
{
#if (NGX_OPENSSL)
    (void) SHA1_Final(digest, sha1);
#else
    ngx_sha1_final(digest, sha1);
#endif
}


void
cos_hmac_key(cos_hmac_t *hmac, const u_char *key, size_t len)
{
    u_char      pad[COS_HMAC_BLOCK];
    ngx_uint_t  i;

    ngx_memzero(pad, COS_HMAC_BLOCK);

    if (len > COS_HMAC_BLOCK) {
        cos_sha1_init(&hmac->inner);
        cos_sha1_update(&hmac->inner, key, len);
        cos_sha1_final(pad, &hmac->inner);

    } else if (len) {
        ngx_memcpy(pad, key, len);
    }

    for (i = 0; i < COS_HMAC_BLOCK; i++) {
        pad[i] ^= 0x36;
    }

    cos_sha1_init(&hmac->inner);
    cos_sha1_update(&hmac->inner, pad, COS_HMAC_BLOCK);

    for (i = 0; i < COS_HMAC_BLOCK; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }

    cos_sha1_init(&hmac->outer);
    cos_sha1_update(&hmac->outer, pad, COS_HMAC_BLOCK);

    cos_wipe(pad, COS_HMAC_BLOCK);
}


void
cos_hmac(const cos_hmac_t *hmac, const void *data, size_t len, u_char *mac)
{
    u_char      digest[COS_SHA1_LEN];
    cos_sha1_t  sha1;

    sha1 = hmac->inner;
    cos_sha1_update(&sha1, data, len);
    cos_sha1_final(digest, &sha1);

    sha1 = hmac->outer;
    cos_sha1_update(&sha1, digest, COS_SHA1_LEN);
    cos_sha1_final(mac, &sha1);
}


u_char *
cos_hex(u_char *dst, const u_char *src, size_t len)
{
    static const u_char  hex[] = "0123456789abcdef";

    const u_char  *last;

    for (last = src + len; src < last; src++, dst += 2) {
        dst[0] = hex[*src >> 4];
        dst[1] = hex[*src & 0xf];
    }

    return dst;
}


/* as ngx_explicit_memzero(), which is a function of nginx */

void
cos_wipe(void *data, size_t len)
{
    volatile u_char  *p;

    p = data;

    while (len--) {
        *p++ = 0;
    }
}
