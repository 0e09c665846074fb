
/*
 * Copyright (C) nginx-cos contributors
 *
 * The cos_pass directive.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_pass.h"
#include "ngx_http_cos_proxy.h"


static char *ngx_http_cos_pass_bucket(ngx_conf_t *cf,
    ngx_http_cos_pass_t *pass, ngx_str_t *value);
static char *ngx_http_cos_pass_add_bucket(ngx_conf_t *cf,
    ngx_http_cos_pass_t *pass, ngx_array_t **buckets, ngx_str_t *name);


char *
ngx_http_cos_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_cos_loc_conf_t *cclf = conf;

    char                       *rv;
    ngx_int_t                   rc;
    ngx_str_t                  *value, *name, url;
    ngx_uint_t                  i;
    ngx_http_cos_pass_t        *pass, **passp;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_cos_main_conf_t   *cmcf;

    if (cclf->pass) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "cannot be used beside another content handler "
               "of the location";
    }

    pass = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_pass_t));
    if (pass == NULL) {
        return NGX_CONF_ERROR;
    }

    pass->file_name = cf->conf_file->file.name.data;
    pass->line = cf->conf_file->line;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "path_style") == 0) {
        pass->mode = NGX_HTTP_COS_PASS_PATH_STYLE;

    } else if (ngx_strcmp(value[1].data, "host_style") == 0) {
        pass->mode = NGX_HTTP_COS_PASS_HOST_STYLE;

    } else if (ngx_strcmp(value[1].data, "service") == 0) {
        pass->mode = NGX_HTTP_COS_PASS_SERVICE;

        pass->bucket = ngx_http_cos_service(cf);
        if (pass->bucket == NULL) {
            return NGX_CONF_ERROR;
        }

    } else {
        rv = ngx_http_cos_pass_bucket(cf, pass, &value[1]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (pass->mode == NGX_HTTP_COS_PASS_SERVICE) {

            rc = ngx_http_cos_bucket_param(cf, pass->bucket, &value[i]);

            if (rc == NGX_ERROR) {
                return NGX_CONF_ERROR;
            }

            if (rc == NGX_OK) {
                continue;
            }

        } else if (ngx_strncmp(value[i].data, "credentials=", 12) == 0) {

            if (pass->credentials_name.len) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate parameter \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            pass->credentials_name.data = value[i].data + 12;
            pass->credentials_name.len = value[i].len - 12;

            if (pass->credentials_name.len) {
                continue;
            }

        } else if (pass->mode != NGX_HTTP_COS_PASS_BUCKET
                   && ngx_strlchr(value[i].data,
                                  value[i].data + value[i].len, '=')
                      == NULL)
        {
            if (pass->names == NULL) {
                pass->names = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
                if (pass->names == NULL) {
                    return NGX_CONF_ERROR;
                }
            }

            name = ngx_array_push(pass->names);
            if (name == NULL) {
                return NGX_CONF_ERROR;
            }

            *name = value[i];
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_cos_add_upstream(cf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_str_set(&url, "$cos_internal_url");

    rv = ngx_http_cos_proxy_set(cf, "proxy_pass", &url);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    passp = ngx_array_push(&cmcf->passes);
    if (passp == NULL) {
        return NGX_CONF_ERROR;
    }

    *passp = pass;

    pass->proxy = clcf->handler;
    pass->conf_ctx = cf->ctx;
    clcf->handler = ngx_http_cos_handler;

    cclf->pass = pass;

    return NGX_CONF_OK;
}


/* BUCKET[/PREFIX], or BUCKET/KEY with variables in KEY */

static char *
ngx_http_cos_pass_bucket(ngx_conf_t *cf, ngx_http_cos_pass_t *pass,
    ngx_str_t *value)
{
    u_char                            *p, *last;
    ngx_str_t                         *name, rest;
    ngx_http_compile_complex_value_t   ccv;

    pass->mode = NGX_HTTP_COS_PASS_BUCKET;

    last = value->data + value->len;

    p = ngx_strlchr(value->data, last, '/');
    if (p == NULL) {
        p = last;
    }

    if (ngx_strlchr(value->data, p, ':')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a bucket, as declared with "
                           "\"cos_bucket\"", value);
        return NGX_CONF_ERROR;
    }

    if (ngx_strlchr(value->data, p, '$')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "bucket in \"%V\" must not be a variable", value);
        return NGX_CONF_ERROR;
    }

    pass->names = ngx_array_create(cf->pool, 1, sizeof(ngx_str_t));
    if (pass->names == NULL) {
        return NGX_CONF_ERROR;
    }

    name = ngx_array_push(pass->names);
    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    name->data = value->data;
    name->len = p - value->data;

    if (p == last) {
        return NGX_CONF_OK;
    }

    rest.data = p + 1;
    rest.len = last - rest.data;

    if (ngx_http_script_variables_count(&rest) == 0) {

        if (rest.len && (rest.data[0] == '/'
                         || cos_key_check(&rest, NULL) != NGX_OK))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid key prefix \"%V\"", &rest);
            return NGX_CONF_ERROR;
        }

        pass->prefix = rest;

        return NGX_CONF_OK;
    }

    pass->key = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (pass->key == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &rest;
    ccv.complex_value = pass->key;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_cos_pass_resolve(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *conf)
{
    ngx_str_t                  *name;
    ngx_uint_t                  i;
    ngx_array_t                *buckets;
    ngx_http_cos_pass_t        *pass;
    ngx_http_cos_bucket_t     **bucketp;
    ngx_http_cos_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);
    pass = conf->pass;

    if (pass->credentials_name.len) {

        pass->credentials = ngx_http_cos_find_credentials(cmcf,
                                                      &pass->credentials_name);
        if (pass->credentials == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown cos_credentials \"%V\" in %s:%ui",
                          &pass->credentials_name,
                          pass->file_name, pass->line);
            return NGX_CONF_ERROR;
        }
    }

    if (pass->credentials && ngx_http_cos_is_template(pass->credentials)) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "cos_credentials \"%V\" has placeholders and is for "
                      "\"cos_bucket\" alone in %s:%ui",
                      &pass->credentials_name, pass->file_name, pass->line);
        return NGX_CONF_ERROR;
    }

    buckets = NULL;

    if (pass->names) {
        name = pass->names->elts;

        for (i = 0; i < pass->names->nelts; i++) {
            if (ngx_http_cos_pass_add_bucket(cf, pass, &buckets, &name[i])
                != NGX_CONF_OK)
            {
                return NGX_CONF_ERROR;
            }
        }
    }

    if (pass->mode == NGX_HTTP_COS_PASS_BUCKET) {
        bucketp = buckets->elts;
        pass->bucket = bucketp[0];

    } else if (pass->mode == NGX_HTTP_COS_PASS_SERVICE) {
        buckets = &cmcf->services;

    } else if (buckets) {
        pass->buckets = buckets;

    } else {
        buckets = &cmcf->buckets;

        if (buckets->nelts == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no \"cos_bucket\" is declared for \"cos_pass\" "
                          "in %s:%ui", pass->file_name, pass->line);
            return NGX_CONF_ERROR;
        }
    }

    if (conf->sign == NGX_HTTP_COS_SIGN_OFF || pass->credentials) {
        return NGX_CONF_OK;
    }

    bucketp = buckets->elts;

    for (i = 0; i < buckets->nelts; i++) {

        if (bucketp[i]->credentials
            || (pass->bucket && pass->bucket != bucketp[i]))
        {
            continue;
        }

        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no credentials for %s \"%V\" that \"cos_pass\" "
                      "signs for in %s:%ui: %s",
                      bucketp[i]->name.len ? "bucket" : "service",
                      bucketp[i]->name.len ? &bucketp[i]->name
                                           : &bucketp[i]->host,
                      pass->file_name, pass->line,
                      cmcf->ncredentials
                      ? "there are several \"cos_credentials\", "
                        "choose with \"credentials=\""
                      : "there is no \"cos_credentials\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_http_cos_credentials_t *
ngx_http_cos_signer(ngx_http_cos_loc_conf_t *cclf,
    ngx_http_cos_bucket_t *bucket)
{
    if (cclf->sign == NGX_HTTP_COS_SIGN_OFF) {
        return NULL;
    }

    return cclf->pass->credentials ? cclf->pass->credentials
                                   : bucket->credentials;
}


static char *
ngx_http_cos_pass_add_bucket(ngx_conf_t *cf, ngx_http_cos_pass_t *pass,
    ngx_array_t **buckets, ngx_str_t *name)
{
    ngx_http_cos_bucket_t     *bucket, **bucketp;
    ngx_http_cos_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    bucket = ngx_http_cos_find_bucket(cmcf, name);

    if (bucket == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "bucket \"%V\" is not declared with \"cos_bucket\" "
                      "in %s:%ui", name, pass->file_name, pass->line);
        return NGX_CONF_ERROR;
    }

    if (*buckets == NULL) {
        *buckets = ngx_array_create(cf->pool, 4,
                                    sizeof(ngx_http_cos_bucket_t *));
        if (*buckets == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    bucketp = ngx_array_push(*buckets);
    if (bucketp == NULL) {
        return NGX_CONF_ERROR;
    }

    *bucketp = bucket;

    return NGX_CONF_OK;
}
