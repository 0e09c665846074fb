
/*
 * Copyright (C) nginx-cos contributors
 *
 * Signs the request that ngx_http_proxy_module is about to build.
 */


#ifndef _NGX_HTTP_COS_SIGN_H_INCLUDED_
#define _NGX_HTTP_COS_SIGN_H_INCLUDED_


#include "ngx_http_cos.h"


/* cos_sign_headers; its slot is a ngx_array_t * of ngx_str_t */
char *ngx_http_cos_sign_headers(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* whether a header means something to COS alone: x-cos-*, x-ci-*, ... */
ngx_uint_t ngx_http_cos_service_header(ngx_str_t *lowcase);

/* whether a header is signed when it is sent; the name is in lower case */
ngx_uint_t ngx_http_cos_signed_header(ngx_http_cos_loc_conf_t *cclf,
    ngx_str_t *lowcase);

/*
 * SignKey for what is signed now and may be sent again for the time of
 * proxy_next_upstream_timeout; key_time and expire get the window it is for.
 * To be called after ngx_http_cos_get_secret(), whose secret it notes in ctx.
 */
const cos_hmac_t *ngx_http_cos_window_key(ngx_http_cos_ctx_t *ctx,
    ngx_http_upstream_conf_t *ucf, ngx_str_t *key_time, time_t *expire);

/*
 * Makes the Authorization value and sets ctx->token, both for the upstream
 * request that is being created, in memory of the request pool.  NGX_DECLINED
 * if there is no usable credential, NGX_ERROR if there is no memory.
 */
ngx_int_t ngx_http_cos_sign_request(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *authorization);

/*
 * What signing does as well, for requests that are not signed in a header:
 * NGX_ERROR if a variable of proxy_set_header has brought a line break.
 */
ngx_int_t ngx_http_cos_check_set_headers(ngx_http_request_t *r);


#endif /* _NGX_HTTP_COS_SIGN_H_INCLUDED_ */
