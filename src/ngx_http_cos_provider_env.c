
/*
 * Copyright (C) nginx-cos contributors
 *
 * provider env: the secret stands in the environment of the master process,
 * under the names that the official tools use (cos-protocol, section 6.4).
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_provider.h"


static char *ngx_http_cos_provider_env_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static ngx_int_t ngx_http_cos_getenv_of(ngx_conf_t *cf, const char **names,
    ngx_str_t *value);


const ngx_http_cos_provider_t  ngx_http_cos_provider_env = {
    ngx_string("env"),
    0,
    0,
    ngx_http_cos_provider_env_init,
    NULL,
    NULL,
    NULL
};


static const char  *ngx_http_cos_env_id[] = {
    "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRETID", NULL
};

static const char  *ngx_http_cos_env_key[] = {
    "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SECRETKEY", NULL
};

static const char  *ngx_http_cos_env_token[] = {
    "TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SECURITY_TOKEN",
    "TENCENTCLOUD_SESSIONTOKEN", NULL
};


static char *
ngx_http_cos_provider_env_init(ngx_conf_t *cf, ngx_http_cos_credentials_t *c)
{
    ngx_str_t  id, key, token;

    if (ngx_http_cos_getenv_of(cf, ngx_http_cos_env_id, &id) != NGX_OK
        || ngx_http_cos_getenv_of(cf, ngx_http_cos_env_key, &key) != NGX_OK
        || ngx_http_cos_getenv_of(cf, ngx_http_cos_env_token, &token) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (id.len == 0 || key.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"%s\" in the environment, "
                           "cos_credentials \"%V\" needs it",
                           id.len ? ngx_http_cos_env_key[0]
                                  : ngx_http_cos_env_id[0],
                           &c->name);
        return NGX_CONF_ERROR;
    }

    return ngx_http_cos_provider_first(cf, c, &id, &key, &token, 0);
}


static ngx_int_t
ngx_http_cos_getenv_of(ngx_conf_t *cf, const char **names, ngx_str_t *value)
{
    for ( /* void */ ; *names; names++) {

        if (ngx_http_cos_getenv(cf, *names, value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (value->len) {
            break;
        }
    }

    return NGX_OK;
}
