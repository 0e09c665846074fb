
/*
 * Copyright (C) nginx-cos contributors
 *
 * SHA-1 and HMAC-SHA1 for COS v5 signatures.  No heap, no error path; the
 * state is a plain structure, so a keyed HMAC can be kept and copied.
 */


#ifndef _COS_HMAC_H_INCLUDED_
#define _COS_HMAC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#if (NGX_OPENSSL)
#include <openssl/sha.h>
typedef SHA_CTX     cos_sha1_t;
#else
#include <ngx_sha1.h>
typedef ngx_sha1_t  cos_sha1_t;
#endif


#define COS_SHA1_LEN      20
#define COS_SHA1_HEX_LEN  40


typedef struct {
    cos_sha1_t  inner;
    cos_sha1_t  outer;
} cos_hmac_t;


void cos_sha1_init(cos_sha1_t *sha1);
void cos_sha1_update(cos_sha1_t *sha1, const void *data, size_t len);
/* digest: COS_SHA1_LEN bytes */
void cos_sha1_final(u_char *digest, cos_sha1_t *sha1);
/* both, for the last piece */
void cos_sha1_end(u_char *digest, cos_sha1_t *sha1, const void *data,
    size_t len);

/* keys the HMAC; a key longer than 64 bytes is hashed first (RFC 2104) */
void cos_hmac_key(cos_hmac_t *hmac, const u_char *key, size_t len);

/* mac: COS_SHA1_LEN bytes; "hmac" is left keyed and may be used again */
void cos_hmac(const cos_hmac_t *hmac, const void *data, size_t len,
    u_char *mac);

/* writes 2 * len lower-case hex digits, returns the end */
u_char *cos_hex(u_char *dst, const u_char *src, size_t len);

/* zeroes what the compiler might think nobody looks at any more */
void cos_wipe(void *data, size_t len);


#endif /* _COS_HMAC_H_INCLUDED_ */
