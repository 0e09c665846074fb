
/*
 * Copyright (C) nginx-cos contributors
 */


#include <openssl/sha.h>

#include "unit.h"


typedef struct {
    const char  *name;
    const char  *digest;
    u_char       key_ch;        /* key: key_len times key_ch, or key */
    size_t       key_len;
    const char  *key;
    u_char       data_ch;
    size_t       data_len;
    const char  *data;
} unit_hmac_t;


static ngx_str_t unit_sha1(ngx_str_t data, size_t step, ngx_uint_t end);


/* RFC 2202, section 3 */

static const unit_hmac_t  unit_hmac[] = {

    { "1", "b617318655057264e28bc0b6fb378c8ef146be00",
      0x0b, 20, NULL, 0, 0, "Hi There" },

    { "2", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
      0, 0, "Jefe", 0, 0, "what do ya want for nothing?" },

    { "3", "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
      0xaa, 20, NULL, 0xdd, 50, NULL },

    { "4", "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
      0, 0, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
      "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", 0xcd, 50, NULL },

    { "5", "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04",
      0x0c, 20, NULL, 0, 0, "Test With Truncation" },

    { "6, a key longer than a block",
      "aa4ae5e15272d00e95705637ce8a3b55ed402112",
      0xaa, 80, NULL, 0, 0,
      "Test Using Larger Than Block-Size Key - Hash Key First" },

    { "7, a key longer than a block",
      "e8e99d0f45237d786d6bbaa7965c7808bbff1a91",
      0xaa, 80, NULL, 0, 0,
      "Test Using Larger Than Block-Size Key and Larger Than One "
      "Block-Size Data" }
};


void
test_hmac(void)
{
    u_char              mac[COS_SHA1_LEN];
    ngx_str_t           key, data, empty;
    ngx_uint_t          i;
    cos_hmac_t          hmac, copy;
    const unit_hmac_t  *v;

    ngx_str_null(&empty);

    /* FIPS 180, RFC 3174 */

    unit_is(unit_sha1(S("abc"), 3, 0),
            S("a9993e364706816aba3e25717850c26c9cd0d89d"), "sha1 abc");

    unit_is(unit_sha1(S("abcdbcdecdefdefgefghfghighijhijk"
                        "ijkljklmklmnlmnomnopnopq"), 56, 0),
            S("84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
            "sha1 two blocks");

    unit_is(unit_sha1(empty, 1, 0),
            S("da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            "sha1 empty, no address");

    unit_is(unit_sha1(unit_fill('a', 1000000), 1000000, 0),
            S("34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
            "sha1 a million letters");

    unit_is(unit_sha1(unit_fill('a', 1000000), 63, 0),
            S("34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
            "sha1 a million letters in pieces");

    /* the padding is ours; all the ways it can fall */

    for (i = 0; i < 200; i++) {
        data = unit_fill('a', i);

        (void) SHA1(data.data, i, mac);

        unit_is(unit_sha1(data, 61, 0), unit_hex(mac, COS_SHA1_LEN),
                "SHA-1 of %lu bytes", (unsigned long) i);
        unit_is(unit_sha1(data, 61, 1), unit_hex(mac, COS_SHA1_LEN),
                "SHA-1 of %lu bytes, the end at once", (unsigned long) i);
        unit_is(unit_sha1(data, 64, 1), unit_hex(mac, COS_SHA1_LEN),
                "SHA-1 of %lu bytes, the end behind blocks",
                (unsigned long) i);
        unit_is(unit_sha1(data, 200, 1), unit_hex(mac, COS_SHA1_LEN),
                "SHA-1 of %lu bytes, at once", (unsigned long) i);
    }

    for (i = 0; i < sizeof(unit_hmac) / sizeof(unit_hmac[0]); i++) {
        v = &unit_hmac[i];

        key = v->key ? unit_str(v->key, strlen(v->key))
                     : unit_fill(v->key_ch, v->key_len);
        data = v->data ? unit_str(v->data, strlen(v->data))
                       : unit_fill(v->data_ch, v->data_len);

        cos_hmac_key(&hmac, key.data, key.len);
        cos_hmac(&hmac, data.data, data.len, mac);

        unit_is(unit_hex(mac, COS_SHA1_LEN),
                unit_str(v->digest, COS_SHA1_HEX_LEN),
                "hmac rfc 2202 case %s", v->name);

        copy = hmac;
        cos_hmac(&hmac, empty.data, empty.len, mac);
        cos_hmac(&copy, data.data, data.len, mac);

        unit_is(unit_hex(mac, COS_SHA1_LEN),
                unit_str(v->digest, COS_SHA1_HEX_LEN),
                "hmac rfc 2202 case %s, a used and copied key", v->name);
    }

    cos_hmac_key(&hmac, empty.data, empty.len);
    cos_hmac(&hmac, empty.data, empty.len, mac);

    unit_is(unit_hex(mac, COS_SHA1_LEN),
            S("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"),
            "hmac empty key and data");

    /* a key of exactly one block is taken as it is, one byte more is not */

    key = unit_fill('k', 64);
    cos_hmac_key(&hmac, key.data, key.len);
    cos_hmac(&hmac, "x", 1, mac);

    unit_is(unit_hex(mac, COS_SHA1_LEN),
            S("2c31eadf68d9ba971ad29339d28ce725b03c11f6"),
            "hmac key of 64 bytes");

    key = unit_fill('k', 65);
    cos_hmac_key(&hmac, key.data, key.len);
    cos_hmac(&hmac, "x", 1, mac);

    unit_is(unit_hex(mac, COS_SHA1_LEN),
            S("7209aca75ec680871725fd309aa689746677dbd4"),
            "hmac key of 65 bytes");

    unit_is(unit_hex((u_char *) "\x00\x09\x0a\x9f\xf0\xff", 6),
            S("00090a9ff0ff"), "hex digits");
}


static ngx_str_t
unit_sha1(ngx_str_t data, size_t step, ngx_uint_t end)
{
    size_t      n, i;
    u_char      digest[COS_SHA1_LEN];
    cos_sha1_t  sha1;

    cos_sha1_init(&sha1);

    if (data.len == 0) {
        cos_sha1_update(&sha1, data.data, 0);
    }

    for (i = 0; i < data.len; i += n) {
        n = ngx_min(step, data.len - i);

        if (end && i + n == data.len) {
            cos_sha1_end(digest, &sha1, data.data + i, n);
            return unit_hex(digest, COS_SHA1_LEN);
        }

        cos_sha1_update(&sha1, data.data + i, n);
    }

    cos_sha1_final(digest, &sha1);

    return unit_hex(digest, COS_SHA1_LEN);
}
