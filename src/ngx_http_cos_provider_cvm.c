
/*
 * Copyright (C) nginx-cos contributors
 *
 * provider cvm: the role of the machine, from instance metadata (cos-protocol,
 * section 6.1): its name if it is not configured, then its credential.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_exchange.h"
#include "ngx_http_cos_provider.h"


#define NGX_HTTP_COS_METADATA  "http://metadata.tencentyun.com"
#define NGX_HTTP_COS_ROLES                                                   \
    "/latest/meta-data/cam/security-credentials/"


static char *ngx_http_cos_provider_cvm_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static ngx_uint_t ngx_http_cos_role_char(u_char ch);


const ngx_http_cos_provider_t  ngx_http_cos_provider_cvm = {
    ngx_string("cvm"),
    1,
    NGX_HTTP_COS_PARAM_ENDPOINT,
    ngx_http_cos_provider_cvm_init,
    NULL,
    ngx_http_cos_provider_cvm_request,
    ngx_http_cos_provider_cvm_response
};


static char *
ngx_http_cos_provider_cvm_init(ngx_conf_t *cf, ngx_http_cos_credentials_t *c)
{
    size_t  i;

    for (i = 0; i < c->path.len; i++) {
        if (!ngx_http_cos_role_char(c->path.data[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid role \"%V\"", &c->path);
            return NGX_CONF_ERROR;
        }
    }

    if (c->endpoint.len == 0) {
        ngx_str_set(&c->endpoint, NGX_HTTP_COS_METADATA);
    }

    return ngx_http_cos_provider_check_url(cf, &c->endpoint, 0);
}


static ngx_uint_t
ngx_http_cos_role_char(u_char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-' || ch == '.';
}


ngx_int_t
ngx_http_cos_provider_cvm_request(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x)
{
    x->direct = 1;

    if (c->path.len) {
        x->url = ngx_http_cos_exchange_printf(x, "%V%s%V", &c->endpoint,
                                              NGX_HTTP_COS_ROLES, &c->path);

    } else if (x->step == 0) {
        x->url = ngx_http_cos_exchange_printf(x, "%V%s", &c->endpoint,
                                              NGX_HTTP_COS_ROLES);

    } else {
        x->url = ngx_http_cos_exchange_printf(x, "%V%s%s", &c->endpoint,
                                              NGX_HTTP_COS_ROLES, x->note);
    }

    return x->url ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_cos_provider_cvm_response(ngx_http_cos_credentials_t *c,
    ngx_http_cos_exchange_t *x, ngx_http_cos_secret_t *secret)
{
    u_char  ch;
    size_t  i;

    if (c->path.len || x->step) {
        return ngx_http_cos_provider_answer(x, secret);
    }

    /* the first of the names, one in a line */

    for (i = 0; i < x->response.len; i++) {

        ch = x->response.data[i];

        if (ch == CR || ch == LF) {
            break;
        }

        if (i == sizeof(x->note) - 1 || !ngx_http_cos_role_char(ch)) {
            ngx_http_cos_exchange_error(x, "invalid name of a role");
            return NGX_ERROR;
        }

        x->note[i] = ch;
    }

    if (i == 0) {
        ngx_http_cos_exchange_error(x, "no role");
        return NGX_ERROR;
    }

    x->note[i] = '\0';

    return NGX_AGAIN;
}
