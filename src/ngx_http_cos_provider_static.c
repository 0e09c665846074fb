
/*
 * Copyright (C) nginx-cos contributors
 *
 * provider static: the secret stands in the configuration.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_provider.h"


static char *ngx_http_cos_provider_static_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);


const ngx_http_cos_provider_t  ngx_http_cos_provider_static = {
    ngx_string("static"),
    0,
    NGX_HTTP_COS_PARAM_SECRET,
    ngx_http_cos_provider_static_init,
    NULL,
    NULL,
    NULL
};


static char *
ngx_http_cos_provider_static_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c)
{
    if (c->secret_id.len == 0) {
        return ngx_http_cos_provider_missing(cf, c, "secret_id");
    }

    if (c->secret_key.len == 0) {
        return ngx_http_cos_provider_missing(cf, c, "secret_key");
    }

    return ngx_http_cos_provider_first(cf, c, &c->secret_id, &c->secret_key,
                                       &c->token, 0);
}
