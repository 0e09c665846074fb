
/*
 * Copyright (C) nginx-cos contributors
 *
 * Query strings: parsed into decoded name and value pairs, written back in
 * the one form that is both signed and sent (cos-protocol, section 1.3).
 */


#ifndef _COS_QUERY_H_INCLUDED_
#define _COS_QUERY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define COS_PAIR_BARE        0x01   /* without "="; signed as empty */
#define COS_PAIR_PLAIN_NAME  0x02   /* cos_escape() as NAME would copy it */


/* a query parameter or a header; name and value decoded */
typedef struct {
    ngx_str_t   name;
    ngx_str_t   value;
    ngx_str_t   escaped;    /* the value as VALUE, or null if not known */
    ngx_uint_t  flags;      /* COS_PAIR_* */
} cos_pair_t;


/* the number of pairs that cos_query_parse() gives */
ngx_uint_t cos_query_count(const ngx_str_t *args);

/*
 * Splits at "&" (empty segments are dropped) and at the first "=", decodes
 * each side once, "+" as a space.  There is room for n pairs, of which n is
 * the number then, and buf holds args->len + 1 bytes; the strings point into
 * it or into args.  Tells whether cos_query_write() would make args of the
 * pairs again.  Returns NGX_ERROR on an invalid escape, on a control character
 * after decoding (0x00-0x1f, 0x7f), or if there are more pairs.
 */
ngx_int_t cos_query_parse(const ngx_str_t *args, cos_pair_t *pairs,
    ngx_uint_t *n, u_char *buf, ngx_uint_t *canonical);

/*
 * The canonical wire form, in the given order, without "?": both sides
 * escaped with COS_ESCAPE_VALUE, a bare parameter without "=".
 */
size_t cos_query_len(const cos_pair_t *pairs, ngx_uint_t n);
u_char *cos_query_write(u_char *dst, const cos_pair_t *pairs, ngx_uint_t n);


#endif /* _COS_QUERY_H_INCLUDED_ */
