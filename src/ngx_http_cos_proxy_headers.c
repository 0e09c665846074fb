
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_guard.h"
#include "ngx_http_cos_pass.h"
#include "ngx_http_cos_proxy_headers.h"
#include "ngx_http_cos_sign.h"


static char *ngx_http_cos_check_headers_text(ngx_conf_t *cf,
    ngx_http_cos_loc_conf_t *conf);
static void ngx_http_cos_fix_value(ngx_http_cos_loc_conf_t *conf,
    ngx_keyval_t *header);
static ngx_int_t ngx_http_cos_keep_back(ngx_array_t *headers, ngx_str_t *name);
static ngx_keyval_t *ngx_http_cos_find_header(ngx_array_t *headers,
    ngx_str_t *name);
static ngx_int_t ngx_http_cos_compile_set_headers(ngx_conf_t *cf,
    ngx_http_cos_loc_conf_t *conf);


/*
 * Authorization stands first: its value is made before other values are
 * evaluated, so that those it signs are the same ones.
 */

static ngx_keyval_t  ngx_http_cos_headers[] = {
    { ngx_string("Authorization"), ngx_string("$cos_internal_authorization") },
    { ngx_string("x-cos-security-token"), ngx_string("$cos_internal_token") },
    { ngx_string("Host"), ngx_string("$cos_host") },
    { ngx_null_string, ngx_null_string }
};


/* client headers that are not the business of COS, if not set on purpose */

static ngx_str_t  ngx_http_cos_kept_back[] = {
    ngx_string("Cookie"),
    ngx_string("Date"),         /* COS compares clocks */
    ngx_null_string
};


/* with cos_cors, since the bucket is not asked then */

static ngx_str_t  ngx_http_cos_kept_origin[] = {
    ngx_string("Origin"),
    ngx_null_string
};


static char *
ngx_http_cos_check_headers_text(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *conf)
{
    ngx_uint_t     i;
    ngx_keyval_t  *header;

    if (conf->headers == NULL) {
        return NGX_CONF_OK;
    }

    header = conf->headers->elts;

    for (i = 0; i < conf->headers->nelts; i++) {
        if (ngx_strlcasestrn(header[i].value.data,
                             header[i].value.data + header[i].value.len,
                             (u_char *) "cos_internal_", 13 - 1))
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "internal variable in \"proxy_set_header %V %V\" "
                          "for \"cos_pass\" in %s:%ui",
                          &header[i].key, &header[i].value,
                          conf->pass->file_name, conf->pass->line);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_array_t *
ngx_http_cos_add_headers(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *conf)
{
    ngx_uint_t     i;
    ngx_array_t   *headers;
    ngx_keyval_t  *header, *ours, *user;

    static ngx_str_t  connection = ngx_string("Connection");

    if (ngx_http_cos_check_headers_text(cf, conf) != NGX_CONF_OK
        || ngx_http_cos_compile_set_headers(cf, conf) != NGX_OK)
    {
        return NULL;
    }

    headers = ngx_array_create(cf->pool, 16, sizeof(ngx_keyval_t));
    if (headers == NULL) {
        return NULL;
    }

    for (ours = ngx_http_cos_headers; ours->key.len; ours++) {

        header = ngx_array_push(headers);
        if (header == NULL) {
            return NULL;
        }

        *header = *ours;

        ngx_http_cos_fix_value(conf, header);

        user = ngx_http_cos_find_header(conf->headers, &ours->key);

        /* Host is often set for all locations; the others are a mistake */

        if (user && ngx_strcmp(ours->key.data, "Host") != 0) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"proxy_set_header %V\" is ignored with cos_pass "
                          "in %s:%ui", &user->key, conf->pass->file_name,
                          conf->pass->line);
        }
    }

    /* or COS would be told to close the connection, before nginx 1.29.7 */

    if (ngx_http_cos_find_header(conf->headers, &connection) == NULL) {

        header = ngx_array_push(headers);
        if (header == NULL) {
            return NULL;
        }

        header->key = connection;
        ngx_str_set(&header->value, "");
    }

    if (conf->headers) {
        user = conf->headers->elts;

        for (i = 0; i < conf->headers->nelts; i++) {

            for (ours = ngx_http_cos_headers; ours->key.len; ours++) {
                if (ours->key.len == user[i].key.len
                    && ngx_strncasecmp(ours->key.data, user[i].key.data,
                                       ours->key.len)
                       == 0)
                {
                    break;
                }
            }

            if (ours->key.len) {
                continue;
            }

            header = ngx_array_push(headers);
            if (header == NULL) {
                return NULL;
            }

            *header = user[i];
        }
    }

    if (ngx_http_cos_keep_back(headers, ngx_http_cos_client_only_headers)
        != NGX_OK
        || ngx_http_cos_keep_back(headers, ngx_http_cos_kept_back) != NGX_OK)
    {
        return NULL;
    }

    if (conf->cors
        && ngx_http_cos_keep_back(headers, ngx_http_cos_kept_origin) != NGX_OK)
    {
        return NULL;
    }

    return headers;
}


/* where a value is always the same, there is no variable to evaluate */

static void
ngx_http_cos_fix_value(ngx_http_cos_loc_conf_t *conf, ngx_keyval_t *header)
{
    ngx_http_cos_bucket_t       *bucket;
    ngx_http_cos_credentials_t  *c;

    bucket = conf->pass->bucket;

    if (bucket == NULL) {
        return;
    }

    if (ngx_strcmp(header->key.data, "Host") == 0) {

        if (cos_is_plain(bucket->host.data, bucket->host.len,
                         COS_ESCAPE_VALUE))
        {
            header->value = bucket->host;
        }

        return;
    }

    if (ngx_strcmp(header->key.data, "x-cos-security-token") != 0
        || conf->sign != NGX_HTTP_COS_SIGN_ON)
    {
        return;
    }

    c = ngx_http_cos_signer(conf, bucket);

    /* what stands in the configuration is never renewed */

    if (c->provider == &ngx_http_cos_provider_static && c->token.len == 0) {
        ngx_str_set(&header->value, "");
    }
}


/* an empty value keeps the client's header back */

static ngx_int_t
ngx_http_cos_keep_back(ngx_array_t *headers, ngx_str_t *name)
{
    ngx_keyval_t  *header;

    for ( /* void */ ; name->len; name++) {

        if (ngx_http_cos_find_header(headers, name)) {
            continue;
        }

        header = ngx_array_push(headers);
        if (header == NULL) {
            return NGX_ERROR;
        }

        header->key = *name;
        ngx_str_set(&header->value, "");
    }

    return NGX_OK;
}


ngx_array_t *
ngx_http_cos_copy_headers(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *conf)
{
    ngx_uint_t     n;
    ngx_array_t   *headers;
    ngx_keyval_t  *header;

    n = conf->headers ? conf->headers->nelts : 0;

    headers = ngx_array_create(cf->pool, n ? n : 1, sizeof(ngx_keyval_t));
    if (headers == NULL) {
        return NULL;
    }

    if (n) {
        header = ngx_array_push_n(headers, n);
        if (header == NULL) {
            return NULL;
        }

        ngx_memcpy(header, conf->headers->elts, n * sizeof(ngx_keyval_t));
    }

    return headers;
}


static ngx_keyval_t *
ngx_http_cos_find_header(ngx_array_t *headers, ngx_str_t *name)
{
    ngx_uint_t     i;
    ngx_keyval_t  *header;

    if (headers == NULL) {
        return NULL;
    }

    header = headers->elts;

    for (i = 0; i < headers->nelts; i++) {
        if (header[i].key.len == name->len
            && ngx_strncasecmp(header[i].key.data, name->data, name->len) == 0)
        {
            return &header[i];
        }
    }

    return NULL;
}


/*
 * Those of proxy_set_header that the signature has to cover, and those whose
 * variables could bring a line break, and behind it a header of COS.
 */

static ngx_int_t
ngx_http_cos_compile_set_headers(ngx_conf_t *cf, ngx_http_cos_loc_conf_t *conf)
{
    ngx_str_t                          name;
    ngx_uint_t                         i, sign;
    ngx_keyval_t                      *header;
    ngx_http_cos_set_header_t         *set;
    ngx_http_compile_complex_value_t   ccv;

    ngx_str_set(&name, "origin");

    if (conf->cors && ngx_http_cos_signed_header(conf, &name)
        && ngx_http_cos_find_header(conf->headers, &name) == NULL)
    {
        /* what is kept back must not be signed */

        conf->set_headers = ngx_array_create(cf->pool, 4,
                                           sizeof(ngx_http_cos_set_header_t));
        if (conf->set_headers == NULL) {
            return NGX_ERROR;
        }

        set = ngx_array_push(conf->set_headers);
        if (set == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(set, sizeof(ngx_http_cos_set_header_t));
        set->name = name;
    }

    if (conf->headers == NULL) {
        return NGX_OK;
    }

    header = conf->headers->elts;

    for (i = 0; i < conf->headers->nelts; i++) {

        name.len = header[i].key.len;
        name.data = ngx_pnalloc(cf->pool, name.len + 1);
        if (name.data == NULL) {
            return NGX_ERROR;
        }

        ngx_strlow(name.data, header[i].key.data, name.len);

        sign = ngx_http_cos_signed_header(conf, &name);

        if (ngx_strcasecmp(header[i].key.data,
                           (u_char *) "x-cos-security-token")
            == 0
            || (!sign && ngx_http_script_variables_count(&header[i].value)
                         == 0))
        {
            continue;
        }

        if (conf->set_headers == NULL) {
            conf->set_headers = ngx_array_create(cf->pool, 4,
                                           sizeof(ngx_http_cos_set_header_t));
            if (conf->set_headers == NULL) {
                return NGX_ERROR;
            }
        }

        set = ngx_array_push(conf->set_headers);
        if (set == NULL) {
            return NGX_ERROR;
        }

        set->name = name;
        set->sign = sign;

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

        ccv.cf = cf;
        ccv.value = &header[i].value;
        ccv.complex_value = &set->value;

        if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
            return NGX_ERROR;
        }

        /*
         * Proxy flushes the variables of its headers once, before it asks
         * for Authorization; flushed again they could change in between.
         */

        set->value.flushes = NULL;
    }

    return NGX_OK;
}
