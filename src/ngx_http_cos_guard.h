
/*
 * Copyright (C) nginx-cos contributors
 *
 * Headers and parameters that make of an operation more than its name says:
 * the guarded features of cos_allow (cos-protocol, section 8).
 */


#ifndef _NGX_HTTP_COS_GUARD_H_INCLUDED_
#define _NGX_HTTP_COS_GUARD_H_INCLUDED_


#include "ngx_http_cos.h"


/* features */

#define NGX_HTTP_COS_ACL                0x01
#define NGX_HTTP_COS_COPY               0x02
#define NGX_HTTP_COS_RESPONSE_OVERRIDE  0x04
#define NGX_HTTP_COS_IMAGE              0x08
#define NGX_HTTP_COS_SSE                0x10
#define NGX_HTTP_COS_CALLBACK           0x20
#define NGX_HTTP_COS_TAGGING            0x40
#define NGX_HTTP_COS_REDIRECT           0x100

/* "image" is processing on reading by a parameter, on writing by a header */

#define NGX_HTTP_COS_PIC_OPERATIONS     0x80


typedef struct {
    ngx_str_t    name;
    ngx_uint_t   prefix;        /* any name that begins so */
    ngx_uint_t   feature;
} ngx_http_cos_guard_t;


/* the first entry of a table that fits the name, or NULL */
ngx_http_cos_guard_t *ngx_http_cos_guard(ngx_http_cos_guard_t *guard,
    ngx_str_t *name);

/*
 * Adds the features that the client's headers ask for.  NGX_DECLINED if the
 * request is refused: a header of COS is not known or comes twice, or the
 * source of a copy is out of reach in this location.
 */
ngx_int_t ngx_http_cos_check_headers(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_uint_t *features);

/* the same for a field of a form, by its name in lower case; NULL if unknown */
ngx_http_cos_guard_t *ngx_http_cos_field_guard(ngx_str_t *lowcase);

/*
 * Client headers that never reach COS from here: its own signature, its
 * tokens (cos-protocol, section 8.1).  The list ends with a null string.
 */
extern ngx_str_t  ngx_http_cos_client_only_headers[];

/* whether a header is one of these; the name is in lower case */
ngx_uint_t ngx_http_cos_client_only(ngx_str_t *lowcase);

/*
 * Takes headers out of the client's, for what proxy sends.  The names are in
 * lower case, and the list ends with a null string.  A subrequest leaves the
 * headers of its parent as they are.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_cos_drop_headers(ngx_http_request_t *r, ngx_str_t *names);


#endif /* _NGX_HTTP_COS_GUARD_H_INCLUDED_ */
