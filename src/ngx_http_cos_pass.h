
/*
 * Copyright (C) nginx-cos contributors
 *
 * cos_pass: from the client's request to the upstream request of
 * ngx_http_proxy_module.
 */


#ifndef _NGX_HTTP_COS_PASS_H_INCLUDED_
#define _NGX_HTTP_COS_PASS_H_INCLUDED_


#include "ngx_http_cos.h"


/* cos_pass */
char *ngx_http_cos_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* finds what the directive names, when all buckets have been declared */
char *ngx_http_cos_pass_resolve(ngx_conf_t *cf,
    ngx_http_cos_loc_conf_t *conf);

/* declares the one upstream of all cos_pass, once for the configuration */
ngx_int_t ngx_http_cos_add_upstream(ngx_conf_t *cf);

/* who signs requests to the bucket in a location, NULL with "cos_sign off" */
ngx_http_cos_credentials_t *ngx_http_cos_signer(ngx_http_cos_loc_conf_t *cclf,
    ngx_http_cos_bucket_t *bucket);

/* the content handler */
ngx_int_t ngx_http_cos_handler(ngx_http_request_t *r);

/* its second half, when there is a credential: hands over to proxy */
ngx_int_t ngx_http_cos_proceed(ngx_http_request_t *r);

/* the value of the first header of this lower-case name, or NULL */
ngx_str_t *ngx_http_cos_header(ngx_list_t *headers, const char *lowcase);

/* the variables that proxy evaluates: URL, Authorization, token, no cache */
ngx_int_t ngx_http_cos_url_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
ngx_int_t ngx_http_cos_authorization_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
ngx_int_t ngx_http_cos_token_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
ngx_int_t ngx_http_cos_private_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


#endif /* _NGX_HTTP_COS_PASS_H_INCLUDED_ */
