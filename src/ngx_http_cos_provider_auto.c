
/*
 * Copyright (C) nginx-cos contributors
 *
 * provider auto: the order of the official SDKs (cos-protocol, section 6.4):
 * environment, file, the role of the machine, the role of the pod.  The first
 * two are looked for when the configuration is read.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_provider.h"


static char *ngx_http_cos_provider_auto_init(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c);
static ngx_int_t ngx_http_cos_find_file(ngx_conf_t *cf, ngx_str_t *path);


const ngx_http_cos_provider_t  ngx_http_cos_provider_auto = {
    ngx_string("auto"),
    0,
    NGX_HTTP_COS_PARAM_FETCH,
    ngx_http_cos_provider_auto_init,
    NULL,
    NULL,
    NULL
};


static char *
ngx_http_cos_provider_auto_init(ngx_conf_t *cf, ngx_http_cos_credentials_t *c)
{
    ngx_str_t  id, id2, pod;

    if (ngx_http_cos_getenv(cf, "TENCENTCLOUD_SECRET_ID", &id) != NGX_OK
        || ngx_http_cos_getenv(cf, "TENCENTCLOUD_SECRETID", &id2) != NGX_OK
        || ngx_http_cos_getenv(cf, "TKE_ROLE_ARN", &pod) != NGX_OK
        || ngx_http_cos_find_file(cf, &c->path) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (id.len || id2.len) {
        ngx_str_null(&c->path);
        c->provider = &ngx_http_cos_provider_env;

    } else if (c->path.len) {
        c->provider = &ngx_http_cos_provider_file;

    } else {
        c->provider = &ngx_http_cos_provider_cvm;

        if (pod.len) {
            c->fallback = ngx_palloc(cf->pool,
                                     sizeof(ngx_http_cos_credentials_t));
            if (c->fallback == NULL) {
                return NGX_CONF_ERROR;
            }

            *c->fallback = *c;
            c->fallback->fallback = NULL;
            c->fallback->provider = &ngx_http_cos_provider_tke;

            if (c->fallback->provider->init(cf, c->fallback) != NGX_CONF_OK) {
                return NGX_CONF_ERROR;
            }
        }
    }

    ngx_conf_log_error(NGX_LOG_NOTICE, cf, 0,
                       "cos_credentials \"%V\" has provider \"%V\"%s",
                       &c->name, &c->provider->name,
                       c->fallback ? ", else \"tke\"" : "");

    return c->provider->init(cf, c);
}


/* NGX_OK with an empty path if there is none */

static ngx_int_t
ngx_http_cos_find_file(ngx_conf_t *cf, ngx_str_t *path)
{
    u_char           *p;
    ngx_str_t         value;
    ngx_file_info_t   fi;

    static ngx_str_t  home = ngx_string("/.tencentcloud/credentials");
    static ngx_str_t  system = ngx_string("/etc/tencentcloud/credentials");

    ngx_str_null(path);

    if (ngx_http_cos_getenv(cf, "TENCENTCLOUD_CREDENTIALS_FILE", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (value.len) {
        *path = value;
        return NGX_OK;
    }

    if (ngx_http_cos_getenv(cf, "HOME", &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len) {
        p = ngx_pnalloc(cf->pool, value.len + home.len + 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        (void) ngx_sprintf(p, "%V%V%Z", &value, &home);

        if (ngx_file_info(p, &fi) != NGX_FILE_ERROR) {
            path->data = p;
            path->len = value.len + home.len;
            return NGX_OK;
        }
    }

    if (ngx_file_info(system.data, &fi) != NGX_FILE_ERROR) {
        *path = system;
    }

    return NGX_OK;
}
