
/*
 * Copyright (C) nginx-cos contributors
 *
 * provider http: the user's own sts.php (cos-protocol, section 6.1).
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_exchange.h"
#include "ngx_http_cos_provider.h"


static char *ngx_http_cos_provider_http_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static ngx_int_t ngx_http_cos_provider_http_request(
    ngx_http_cos_credentials_t *c, ngx_http_cos_exchange_t *x);
static ngx_int_t ngx_http_cos_provider_http_response(
    ngx_http_cos_credentials_t *c, ngx_http_cos_exchange_t *x,
    ngx_http_cos_secret_t *secret);


const ngx_http_cos_provider_t  ngx_http_cos_provider_http = {
    ngx_string("http"),
    1,
    NGX_HTTP_COS_PARAM_HEADER|NGX_HTTP_COS_PARAM_VEND,
    ngx_http_cos_provider_http_init,
    NULL,
    ngx_http_cos_provider_http_request,
    ngx_http_cos_provider_http_response
};


static char *
ngx_http_cos_provider_http_init(ngx_conf_t *cf, ngx_http_cos_credentials_t *c)
{
    if (c->path.len == 0) {
        return ngx_http_cos_provider_missing(cf, c, "a URL");
    }

    return ngx_http_cos_provider_check_url(cf, &c->path, 1);
}


static ngx_int_t
ngx_http_cos_provider_http_request(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x)
{
    ngx_str_t   *header;
    ngx_uint_t   i;

    x->url = (const char *) c->path.data;

    if (c->headers) {
        header = c->headers->elts;

        for (i = 0; i < c->headers->nelts; i++) {
            x->headers[i] = (const char *) header[i].data;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_provider_http_response(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, ngx_http_cos_secret_t *secret)
{
    return ngx_http_cos_provider_answer(x, secret);
}
