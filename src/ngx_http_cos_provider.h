
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

/* refuses secret_id, secret_key and token beside a source that gives them */
char *ngx_http_cos_provider_no_literals(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);

/* makes c->first */
char *ngx_http_cos_provider_first(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c, ngx_str_t *id, ngx_str_t *key,
    ngx_str_t *token, time_t expire);

/*
 * Reads a credential from JSON in any of the forms of cos-protocol, section
 * 6.1, and that of tccli (6.4).  On error returns NGX_ERROR and sets err to a
 * static text without secrets.
 */
ngx_int_t ngx_http_cos_parse_json(ngx_str_t *text,
    ngx_http_cos_secret_t *secret, const char **err);


#endif /* _NGX_HTTP_COS_PROVIDER_H_INCLUDED_ */
