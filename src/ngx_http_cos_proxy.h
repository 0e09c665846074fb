
/*
 * Copyright (C) nginx-cos contributors
 *
 * Configures ngx_http_proxy_module, whose structures are private, through its
 * table of directives.
 */


#ifndef _NGX_HTTP_COS_PROXY_H_INCLUDED_
#define _NGX_HTTP_COS_PROXY_H_INCLUDED_


#include "ngx_http_cos.h"


/*
 * Sets a directive of ngx_http_proxy_module, with one parameter, for the
 * current location.  Returns what its setter returns.
 */
char *ngx_http_cos_proxy_set(ngx_conf_t *cf, const char *name,
    ngx_str_t *value);

/*
 * Checks that nginx is what this module expects: the proxy directives it
 * needs are there, of the known type, and its own merge runs before the one
 * of ngx_http_proxy_module.  Remembers the settings of the http level.
 */
ngx_int_t ngx_http_cos_proxy_init(ngx_conf_t *cf);

/*
 * To be called by our merge, for every level.  Where cos_pass applies, puts
 * our headers and defaults into the location's proxy settings; below it, puts
 * the user's own back.
 */
char *ngx_http_cos_proxy_merge(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *prev,
    ngx_http_cos_loc_conf_t *conf);

/* the same for an "if" or "limit_except" block that keeps its cos_pass */
void ngx_http_cos_proxy_inherit(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *prev,
    ngx_http_cos_loc_conf_t *conf);

/* the upstream settings in those of ngx_http_proxy_module */
ngx_http_upstream_conf_t *ngx_http_cos_upstream_conf(void *conf);

/* the upstream settings of proxy_* in the request's location, after merging */
ngx_http_upstream_conf_t *ngx_http_cos_proxy_upstream_conf(
    ngx_http_request_t *r);

/* whether a body of known length would be passed on while it is read */
ngx_uint_t ngx_http_cos_proxy_unbuffered(ngx_http_request_t *r);


#endif /* _NGX_HTTP_COS_PROXY_H_INCLUDED_ */
