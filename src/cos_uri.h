
/*
 * Copyright (C) nginx-cos contributors
 *
 * Escaping and unescaping as COS does it (cos-protocol, sections 1.2, 1.5).
 * The same encoder makes the bytes that are signed and the bytes that are
 * sent.
 */


#ifndef _COS_URI_H_INCLUDED_
#define _COS_URI_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the longest object key (cos-protocol, section 9) */
#define COS_KEY_LEN  850


typedef enum {
    COS_ESCAPE_VALUE = 0,   /* all but A-Z a-z 0-9 - _ . ~, upper-case hex */
    COS_ESCAPE_NAME,        /* the same, then lower-cased as a whole */
    COS_ESCAPE_PATH         /* as VALUE, but "/" stays */
} cos_escape_e;


/* what cos_escape() leaves, lower-cased; zero for what it has to escape */
extern const u_char  cos_unreserved[256];


/* the number of bytes that cos_escape() will write */
size_t cos_escape_len(const u_char *src, size_t len, cos_escape_e type);

/* writes the escaped bytes, returns the end */
u_char *cos_escape(u_char *dst, const u_char *src, size_t len,
    cos_escape_e type);

/* whether cos_escape() would only copy it */
ngx_uint_t cos_is_plain(const u_char *src, size_t len, cos_escape_e type);

/*
 * Decodes %XX once, byte for byte; with "plus" also "+" to a space (query
 * strings only).  dst holds at least len bytes and may be src.  Returns the
 * end, or NULL if a "%" is not followed by two hex digits.
 */
u_char *cos_unescape(u_char *dst, const u_char *src, size_t len,
    ngx_uint_t plus);

/*
 * The same in place for a part of a query string, which ends before "&" or
 * stop: there has to be one.  "+" is a space.  Returns where the part ends
 * and sets last to the end of what is decoded.  Also NULL if there is a
 * control character after decoding (0x00-0x1f, 0x7f).  Zeroes canonical
 * unless cos_escape() as VALUE would make the source of it again.
 */
u_char *cos_unescape_query(u_char *p, u_char stop, u_char **last,
    ngx_uint_t *canonical);

/*
 * Checks a decoded object key: NGX_OK; NGX_DECLINED if it is empty, nothing
 * but slashes, or longer than COS_KEY_LEN; NGX_ERROR if it has a control
 * character (0x00-0x1f, 0x7f) or a "." or ".." segment (cos-protocol,
 * sections 8.8, 8.14 and 9).  Of a good one "plain", which may be NULL, tells
 * whether cos_escape() as PATH would only copy it.
 */
ngx_int_t cos_key_check(const ngx_str_t *key, ngx_uint_t *plain);


#endif /* _COS_URI_H_INCLUDED_ */
