
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_hmac.h"


#define COS_SHA1_BLOCK  64
#define COS_SHA1_LONG   (8 * COS_SHA1_BLOCK)

/* the state of LibreSSL is the same, that of others is not */

#if (NGX_OPENSSL && !defined OPENSSL_IS_BORINGSSL                            \
     && !defined OPENSSL_IS_AWSLC && !defined COS_SHA1_STATE)
#define COS_SHA1_STATE  1

static ngx_inline void cos_put32(u_char *p, uint32_t value);

#endif


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
#if (COS_SHA1_STATE)

    u_char      *p;
    ngx_uint_t   n;

    /* SHA1_Final() without the wiping, which costs as much again */

    p = (u_char *) sha1->data;
    n = sha1->num;

    p[n++] = 0x80;

    if (n > COS_SHA1_BLOCK - 8) {
        ngx_memzero(p + n, COS_SHA1_BLOCK - n);
        SHA1_Transform(sha1, p);
        n = 0;
    }

    ngx_memzero(p + n, COS_SHA1_BLOCK - 8 - n);

    cos_put32(p + COS_SHA1_BLOCK - 8, sha1->Nh);
    cos_put32(p + COS_SHA1_BLOCK - 4, sha1->Nl);

    SHA1_Transform(sha1, p);

    cos_put32(digest, sha1->h0);
    cos_put32(digest + 4, sha1->h1);
    cos_put32(digest + 8, sha1->h2);
    cos_put32(digest + 12, sha1->h3);
    cos_put32(digest + 16, sha1->h4);

#elif (NGX_OPENSSL)
    (void) SHA1_Final(digest, sha1);
#else
    ngx_sha1_final(digest, sha1);
#endif
}


void
cos_sha1_end(u_char *digest, cos_sha1_t *sha1, const void *data, size_t len)
{
#if (COS_SHA1_STATE)

    size_t         n;
    uint64_t       bits;
    const u_char  *p;

    /* whole blocks need not be copied */

    if (sha1->num == 0) {

        /* many of them are faster at once */

        if (len >= COS_SHA1_LONG) {
            n = len - len % COS_SHA1_BLOCK;

            (void) SHA1_Update(sha1, data, n);

            data = (const u_char *) data + n;
            len -= n;
        }

        bits = ((uint64_t) sha1->Nh << 32 | sha1->Nl) + ((uint64_t) len << 3);

        sha1->Nh = (uint32_t) (bits >> 32);
        sha1->Nl = (uint32_t) bits;

        for (p = data; len >= COS_SHA1_BLOCK; len -= COS_SHA1_BLOCK) {
            SHA1_Transform(sha1, p);
            p += COS_SHA1_BLOCK;
        }

        if (len) {
            ngx_memcpy(sha1->data, p, len);
            sha1->num = len;
        }

        cos_sha1_final(digest, sha1);

        return;
    }

#endif

    cos_sha1_update(sha1, data, len);
    cos_sha1_final(digest, sha1);
}


#if (COS_SHA1_STATE)

static ngx_inline void
cos_put32(u_char *p, uint32_t value)
{
    p[0] = (u_char) (value >> 24);
    p[1] = (u_char) (value >> 16);
    p[2] = (u_char) (value >> 8);
    p[3] = (u_char) value;
}

#endif


void
cos_hmac_key(cos_hmac_t *hmac, const u_char *key, size_t len)
{
    u_char      pad[COS_SHA1_BLOCK];
    ngx_uint_t  i;

    ngx_memzero(pad, COS_SHA1_BLOCK);

    if (len > COS_SHA1_BLOCK) {
        cos_sha1_init(&hmac->inner);
        cos_sha1_update(&hmac->inner, key, len);
        cos_sha1_final(pad, &hmac->inner);

    } else if (len) {
        ngx_memcpy(pad, key, len);
    }

    for (i = 0; i < COS_SHA1_BLOCK; i++) {
        pad[i] ^= 0x36;
    }

    cos_sha1_init(&hmac->inner);
    cos_sha1_update(&hmac->inner, pad, COS_SHA1_BLOCK);

    for (i = 0; i < COS_SHA1_BLOCK; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }

    cos_sha1_init(&hmac->outer);
    cos_sha1_update(&hmac->outer, pad, COS_SHA1_BLOCK);

    cos_wipe(pad, COS_SHA1_BLOCK);
}


void
cos_hmac(const cos_hmac_t *hmac, const void *data, size_t len, u_char *mac)
{
    u_char      digest[COS_SHA1_LEN];
    cos_sha1_t  sha1;

    sha1 = hmac->inner;
    cos_sha1_end(digest, &sha1, data, len);

    sha1 = hmac->outer;
    cos_sha1_end(mac, &sha1, digest, COS_SHA1_LEN);
}


u_char *
cos_hex(u_char *dst, const u_char *src, size_t len)
{
#define COS_HEX(h)                                                           \
    h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7"                          \
    h "8" h "9" h "a" h "b" h "c" h "d" h "e" h "f"

    static const u_char  hex[] =
        COS_HEX("0") COS_HEX("1") COS_HEX("2") COS_HEX("3")
        COS_HEX("4") COS_HEX("5") COS_HEX("6") COS_HEX("7")
        COS_HEX("8") COS_HEX("9") COS_HEX("a") COS_HEX("b")
        COS_HEX("c") COS_HEX("d") COS_HEX("e") COS_HEX("f");

#undef COS_HEX

#define cos_hex_byte(i)                                                      \
    ngx_memcpy(&dst[2 * (i)], &hex[2 * (size_t) src[i]], 2)

    /* digests are multiples of four */

    for ( /* void */ ; len >= 4; len -= 4) {
        cos_hex_byte(0);
        cos_hex_byte(1);
        cos_hex_byte(2);
        cos_hex_byte(3);

        dst += 8;
        src += 4;
    }

    for ( /* void */ ; len; len--) {
        cos_hex_byte(0);

        dst += 2;
        src++;
    }

#undef cos_hex_byte

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
