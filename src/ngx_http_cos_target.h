
/*
 * Copyright (C) nginx-cos contributors
 *
 * From the client's URI to bucket and key.
 */


#ifndef _NGX_HTTP_COS_TARGET_H_INCLUDED_
#define _NGX_HTTP_COS_TARGET_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Sets ctx->bucket, ctx->key and ctx->path by the cos_pass of the location.
 * NGX_DECLINED if the request is refused: the path is not in its normal form,
 * the bucket is not declared, or COS could take the key for something else.
 */
ngx_int_t ngx_http_cos_find_target(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/*
 * Whether the URI is where forms are sent to: the root of a bucket, of a
 * PREFIX or of path_style.
 */
ngx_uint_t ngx_http_cos_is_root(ngx_http_request_t *r);

/*
 * The same for a form: its key is what the URI is to be followed by, so that a
 * GET of both finds the object.  ctx->path is that of the bucket.
 */
ngx_int_t ngx_http_cos_find_form_target(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *key);


#endif /* _NGX_HTTP_COS_TARGET_H_INCLUDED_ */
