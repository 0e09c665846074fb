
/*
 * Copyright (C) nginx-cos contributors
 *
 * TC3-HMAC-SHA256, the signature of Tencent Cloud API v3 (cos-protocol,
 * section 6.2).  No heap, no error path.  nginx itself has no SHA-256, hence
 * nothing of this without OpenSSL: COS_HAVE_TC3 is 0 then.
 */


#ifndef _COS_TC3_H_INCLUDED_
#define _COS_TC3_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#if (NGX_OPENSSL)
#define COS_HAVE_TC3  1
#else
#define COS_HAVE_TC3  0
#endif


#if (COS_HAVE_TC3)


#define COS_SHA256_LEN      32
#define COS_SHA256_HEX_LEN  64

#define COS_TC3_DATE_LEN    (sizeof("1970-01-01") - 1)


/*
 * A "POST /" without a query.  All strings are borrowed; those of header
 * fields are as they are sent, without surrounding space or line breaks.
 */
typedef struct {
    ngx_str_t    secret_id;
    ngx_str_t    secret_key;
    ngx_str_t    service;       /* "sts" */
    ngx_str_t    host;
    ngx_str_t    content_type;
    ngx_str_t    action;        /* X-TC-Action; not signed if empty */
    ngx_str_t    body;
    time_t       timestamp;     /* X-TC-Timestamp */
} cos_tc3_t;


/* digest: COS_SHA256_LEN bytes */
void cos_sha256(const ngx_str_t *data, u_char *digest);

/*
 * The key is nkey strings, one after another; mac: COS_SHA256_LEN bytes, may
 * be where a string of the key is.
 */
void cos_hmac_sha256(const ngx_str_t *key, ngx_uint_t nkey,
    const ngx_str_t *data, u_char *mac);

/*
 * "YYYY-MM-DD" in UTC, COS_TC3_DATE_LEN bytes.  A time before 1970 is taken
 * for the first second of 1970, one after 9999 for the last second of 9999.
 */
void cos_tc3_date(time_t timestamp, u_char *date);

/* the exact length of what cos_tc3_authorization() makes */
size_t cos_tc3_authorization_len(const cos_tc3_t *tc3);

/*
 * Writes the value of the Authorization header, returns its length; nothing
 * is written behind it.  With an action, "content-type;host;x-tc-action" are
 * signed, in lower case; without, "content-type;host", as they are.
 */
size_t cos_tc3_authorization(const cos_tc3_t *tc3, u_char *buf);


#endif /* COS_HAVE_TC3 */


#endif /* _COS_TC3_H_INCLUDED_ */
