
/*
 * Copyright (C) nginx-cos contributors
 *
 * The root of a location with a PREFIX is for its clients what a bucket is:
 * they list and delete keys that are relative to it.
 */


#ifndef _NGX_HTTP_COS_ROOT_H_INCLUDED_
#define _NGX_HTTP_COS_ROOT_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Makes the request one to the bucket: sets ctx->path, ctx->key, and the
 * parameters that name keys, which get PREFIX in front.  Nothing is changed
 * without PREFIX.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_cos_set_root(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/* for the filters, with ctx->relative set: takes PREFIX from the answer */
void ngx_http_cos_relative_header(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);
ngx_int_t ngx_http_cos_relative_body(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_chain_t *in, ngx_chain_t **out);


#endif /* _NGX_HTTP_COS_ROOT_H_INCLUDED_ */
