
/*
 * Copyright (C) nginx-cos contributors
 *
 * What the providers share.
 */


#ifndef _NGX_HTTP_COS_PROVIDER_H_INCLUDED_
#define _NGX_HTTP_COS_PROVIDER_H_INCLUDED_


#include "ngx_http_cos_credentials.h"


/* these log an error at the block and return NGX_CONF_ERROR */
char *ngx_http_cos_provider_missing(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c, const char *param);
char *ngx_http_cos_provider_needless(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c, const char *param);

/* makes c->first */
char *ngx_http_cos_provider_first(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c, ngx_str_t *id, ngx_str_t *key,
    ngx_str_t *token, time_t expire);

/*
 * Reads a credential from JSON in any of the forms of cos-protocol, section
 * 6.1, and that of tccli (6.4).  On error returns NGX_ERROR and puts a text
 * without secrets into err, of at least 128 bytes.
 */
ngx_int_t ngx_http_cos_parse_json(ngx_str_t *text,
    ngx_http_cos_secret_t *secret, char *err);

/* the same for the answer of an exchange, which has to be temporary */
ngx_int_t ngx_http_cos_provider_answer(ngx_http_cos_exchange_t *x,
    ngx_http_cos_secret_t *secret);

/*
 * http or https with a host, and nothing behind it if there may be no path;
 * else an error at the block.
 */
char *ngx_http_cos_provider_check_url(ngx_conf_t *cf, ngx_str_t *url,
    ngx_uint_t path);

/*
 * The value of an environment variable, empty if it is not set; it is kept for
 * reloads and binary upgrades.  NGX_ERROR if out of memory.
 */
ngx_int_t ngx_http_cos_getenv(ngx_conf_t *cf, const char *name,
    ngx_str_t *value);

/* of cvm and tke, for auto */
ngx_int_t ngx_http_cos_provider_cvm_request(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x);
ngx_int_t ngx_http_cos_provider_cvm_response(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, ngx_http_cos_secret_t *secret);
ngx_int_t ngx_http_cos_provider_tke_request(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x);


#endif /* _NGX_HTTP_COS_PROVIDER_H_INCLUDED_ */
