
/*
 * Copyright (C) nginx-cos contributors
 *
 * The URL that is sent to COS, and the addresses in what comes back.
 */


#ifndef _NGX_HTTP_COS_URL_H_INCLUDED_
#define _NGX_HTTP_COS_URL_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Other parameters than those that the query string gave: from now on they are
 * written of what they are, and not copied from there.
 */
void ngx_http_cos_set_params(ngx_http_cos_ctx_t *ctx, cos_pair_t *params,
    ngx_uint_t n);

/* writes ctx->url, unless it is there, of what the rest of ctx says */
ngx_int_t ngx_http_cos_write_url(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/*
 * What a URL begins with: "scheme://SIGNER@HOST".  The user is who signs, or
 * "-", for the default key of proxy_cache to tell apart what different rights
 * gave; and with it the host cannot be resolved, so that nothing but our
 * peer.init() leads to an address.  The text ends where the result points to.
 */
size_t ngx_http_cos_origin_len(ngx_http_cos_bucket_t *bucket,
    ngx_http_cos_credentials_t *credentials);
u_char *ngx_http_cos_write_origin(u_char *p, ngx_http_cos_bucket_t *bucket,
    ngx_http_cos_credentials_t *credentials);

/*
 * For u->rewrite_redirect: an address of the bucket becomes that of the client
 * (cos-protocol, section 8.19), and is dropped if the client has none for it.
 */
ngx_int_t ngx_http_cos_rewrite_redirect(ngx_http_request_t *r,
    ngx_table_elt_t *h, size_t prefix);


#endif /* _NGX_HTTP_COS_URL_H_INCLUDED_ */
