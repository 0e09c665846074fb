
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_domain.h"


#define NGX_HTTP_COS_KEEPALIVE  32


static ngx_int_t ngx_http_cos_bucket_name(ngx_str_t *name);
static ngx_int_t ngx_http_cos_bucket_word(ngx_str_t *word);
static char *ngx_http_cos_bucket_index(ngx_conf_t *cf,
    ngx_http_cos_main_conf_t *cmcf, ngx_http_cos_bucket_t *bucket,
    ngx_http_cos_bucket_node_t *node, ngx_str_t *name);
static ngx_int_t ngx_http_cos_bucket_endpoint(ngx_conf_t *cf,
    ngx_http_cos_bucket_t *bucket, ngx_str_t *endpoint);
static ngx_int_t ngx_http_cos_init_bucket(ngx_conf_t *cf,
    ngx_http_cos_main_conf_t *cmcf, ngx_http_cos_bucket_t *bucket);


char *
ngx_http_cos_bucket(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_cos_main_conf_t *cmcf = conf;

    char                    *rv;
    ngx_int_t                rc;
    ngx_str_t               *value;
    ngx_uint_t               i;
    ngx_http_cos_bucket_t   *bucket, **bucketp;

    value = cf->args->elts;

    if (ngx_http_cos_bucket_name(&value[1]) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid bucket name \"%V\", "
                           "it must be of the form BUCKET-APPID", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_cos_bucket_word(&value[2]) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid region \"%V\"", &value[2]);
        return NGX_CONF_ERROR;
    }

    bucket = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_bucket_t));
    if (bucket == NULL) {
        return NGX_CONF_ERROR;
    }

    bucket->name = value[1];
    bucket->region = value[2];
    bucket->ssl = 1;
    bucket->keepalive = NGX_CONF_UNSET_UINT;
    bucket->file_name = cf->conf_file->file.name.data;
    bucket->line = cf->conf_file->line;

    rv = ngx_http_cos_bucket_index(cf, cmcf, bucket, &bucket->name_node,
                                   &bucket->name);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    for (i = 3; i < cf->args->nelts; i++) {

        rc = ngx_http_cos_bucket_param(cf, bucket, &value[i]);

        if (rc == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_OK) {
            continue;
        }

        if (ngx_strncmp(value[i].data, "alias=", 6) == 0) {

            if (bucket->alias.len) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate parameter \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            bucket->alias.len = value[i].len - 6;
            bucket->alias.data = value[i].data + 6;

            if (ngx_http_cos_bucket_word(&bucket->alias) != NGX_OK) {
                goto invalid;
            }

            rv = ngx_http_cos_bucket_index(cf, cmcf, bucket,
                                           &bucket->alias_node,
                                           &bucket->alias);
            if (rv != NGX_CONF_OK) {
                return rv;
            }

            continue;
        }

        if (ngx_strcmp(value[i].data, "use_accelerate") == 0) {
            bucket->use_accelerate = 1;
            continue;
        }

        if (ngx_strcmp(value[i].data, "force_path_style") == 0) {
            bucket->force_path_style = 1;
            continue;
        }

        goto invalid;
    }

    bucketp = ngx_array_push(&cmcf->buckets);
    if (bucketp == NULL) {
        return NGX_CONF_ERROR;
    }

    *bucketp = bucket;

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\"", &value[i]);
    return NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_cos_bucket_param(ngx_conf_t *cf, ngx_http_cos_bucket_t *bucket,
    ngx_str_t *param)
{
    ngx_int_t  n;
    ngx_str_t  value;

    if (ngx_strncmp(param->data, "domain=", 7) == 0) {

        if (bucket->domain.len) {
            goto duplicate;
        }

        value.len = param->len - 7;
        value.data = param->data + 7;

        return ngx_http_cos_set_domain(cf, bucket, &value);
    }

    if (ngx_strncmp(param->data, "endpoint=", 9) == 0) {

        if (bucket->endpoint.len) {
            goto duplicate;
        }

        value.len = param->len - 9;
        value.data = param->data + 9;

        return ngx_http_cos_bucket_endpoint(cf, bucket, &value);
    }

    if (ngx_strncmp(param->data, "credentials=", 12) == 0) {

        if (bucket->credentials_name.len) {
            goto duplicate;
        }

        bucket->credentials_name.len = param->len - 12;
        bucket->credentials_name.data = param->data + 12;

        if (bucket->credentials_name.len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", param);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (ngx_strcmp(param->data, "protocol=https") == 0
        || ngx_strcmp(param->data, "protocol=http") == 0)
    {
        if (bucket->protocol_set) {
            goto duplicate;
        }

        bucket->protocol_set = 1;
        bucket->ssl = (param->len == sizeof("protocol=https") - 1);

        return NGX_OK;
    }

    if (ngx_strncmp(param->data, "keepalive=", 10) == 0) {

        if (bucket->keepalive != NGX_CONF_UNSET_UINT) {
            goto duplicate;
        }

        n = ngx_atoi(param->data + 10, param->len - 10);

        if (n == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", param);
            return NGX_ERROR;
        }

        bucket->keepalive = n;

        return NGX_OK;
    }

    return NGX_DECLINED;

duplicate:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "duplicate parameter \"%V\"", param);
    return NGX_ERROR;
}


ngx_http_cos_bucket_t *
ngx_http_cos_service(ngx_conf_t *cf)
{
    ngx_http_cos_bucket_t     *bucket, **bucketp;
    ngx_http_cos_main_conf_t  *cmcf;

    bucket = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_bucket_t));
    if (bucket == NULL) {
        return NULL;
    }

    bucket->ssl = 1;
    bucket->keepalive = NGX_CONF_UNSET_UINT;
    bucket->file_name = cf->conf_file->file.name.data;
    bucket->line = cf->conf_file->line;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_cos_module);

    bucketp = ngx_array_push(&cmcf->services);
    if (bucketp == NULL) {
        return NULL;
    }

    *bucketp = bucket;

    return bucket;
}


/* [a-z0-9-]+-[0-9]+ */

static ngx_int_t
ngx_http_cos_bucket_name(ngx_str_t *name)
{
    u_char  *p, *last;

    if (ngx_http_cos_bucket_word(name) != NGX_OK) {
        return NGX_ERROR;
    }

    last = name->data + name->len;

    for (p = last; p > name->data && p[-1] >= '0' && p[-1] <= '9'; p--) {
        /* void */
    }

    if (p == last || p - name->data < 2 || p[-1] != '-') {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_bucket_word(ngx_str_t *word)
{
    size_t  i;
    u_char  ch;

    if (word->len == 0) {
        return NGX_ERROR;
    }

    for (i = 0; i < word->len; i++) {
        ch = word->data[i];

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9') && ch != '-') {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static char *
ngx_http_cos_bucket_index(ngx_conf_t *cf, ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_bucket_t *bucket, ngx_http_cos_bucket_node_t *node,
    ngx_str_t *name)
{
    ngx_http_cos_bucket_t  *other;

    other = ngx_http_cos_find_bucket(cmcf, name);

    if (other != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate bucket name or alias \"%V\", "
                           "previously declared in %s:%ui",
                           name, other->file_name, other->line);
        return NGX_CONF_ERROR;
    }

    node->bucket = bucket;
    node->sn.str = *name;
    node->sn.node.key = ngx_murmur_hash2(name->data, name->len);

    ngx_rbtree_insert(&cmcf->bucket_names, &node->sn.node);

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_cos_bucket_endpoint(ngx_conf_t *cf, ngx_http_cos_bucket_t *bucket,
    ngx_str_t *endpoint)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *endpoint;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.family == AF_UNIX
        || u.host.len == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in endpoint \"%V\"",
                           u.err ? u.err : "invalid host", endpoint);
        return NGX_ERROR;
    }

    bucket->endpoint = u.host;

    /* the resolver of the system does not know the brackets of a URL */

    if (u.host.data[0] == '[') {
        bucket->endpoint.data++;
        bucket->endpoint.len -= 2;
    }

    bucket->endpoint_port = u.no_port ? 0 : u.port;

    return NGX_OK;
}


ngx_http_cos_bucket_t *
ngx_http_cos_find_bucket(ngx_http_cos_main_conf_t *cmcf, ngx_str_t *name)
{
    ngx_http_cos_bucket_node_t  *node;

    node = (ngx_http_cos_bucket_node_t *)
               ngx_str_rbtree_lookup(&cmcf->bucket_names, name,
                                    ngx_murmur_hash2(name->data, name->len));

    return node ? node->bucket : NULL;
}


ngx_http_cos_bucket_t *
ngx_http_cos_find_bucket_by_host(ngx_http_cos_main_conf_t *cmcf,
    ngx_str_t *host)
{
    u_char                 *p;
    ngx_str_t               name, rest;
    ngx_http_cos_bucket_t  *bucket;

    p = ngx_strlchr(host->data, host->data + host->len, '.');
    if (p == NULL) {
        return NULL;
    }

    name.data = host->data;
    name.len = p - host->data;

    bucket = ngx_http_cos_find_bucket(cmcf, &name);

    if (bucket == NULL || bucket->name.len != name.len
        || ngx_strncmp(bucket->name.data, name.data, name.len) != 0)
    {
        return NULL;
    }

    if (bucket->host.len == host->len
        && ngx_strncasecmp(bucket->host.data, host->data, host->len) == 0)
    {
        return bucket;
    }

    /* BUCKET-APPID.cos.REGION.myqcloud.com or .tencentcos.cn */

    rest.data = p;
    rest.len = host->len - name.len;

    if (rest.len <= 5 + bucket->region.len
        || ngx_strncmp(rest.data, ".cos.", 5) != 0
        || ngx_strncmp(rest.data + 5, bucket->region.data,
                       bucket->region.len)
           != 0)
    {
        return NULL;
    }

    rest.data += 5 + bucket->region.len;
    rest.len -= 5 + bucket->region.len;

    if ((rest.len == sizeof(".myqcloud.com") - 1
         && ngx_strncmp(rest.data, ".myqcloud.com", rest.len) == 0)
        || (rest.len == sizeof(".tencentcos.cn") - 1
            && ngx_strncmp(rest.data, ".tencentcos.cn", rest.len) == 0))
    {
        return bucket;
    }

    return NULL;
}


ngx_int_t
ngx_http_cos_init_buckets(ngx_conf_t *cf, ngx_http_cos_main_conf_t *cmcf)
{
    ngx_uint_t               i;
    ngx_http_cos_bucket_t  **bucketp;

    bucketp = cmcf->buckets.elts;

    for (i = 0; i < cmcf->buckets.nelts; i++) {
        if (ngx_http_cos_init_bucket(cf, cmcf, bucketp[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    bucketp = cmcf->services.elts;

    for (i = 0; i < cmcf->services.nelts; i++) {
        if (ngx_http_cos_init_bucket(cf, cmcf, bucketp[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_init_bucket(ngx_conf_t *cf, ngx_http_cos_main_conf_t *cmcf,
    ngx_http_cos_bucket_t *bucket)
{
    ngx_http_cos_credentials_t  **credentials;

    if (ngx_http_cos_init_host(cf, bucket) != NGX_OK) {
        return NGX_ERROR;
    }

    if (bucket->credentials_name.len) {

        bucket->credentials = ngx_http_cos_find_credentials(cmcf,
                                                    &bucket->credentials_name);

        if (bucket->credentials == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown cos_credentials \"%V\" in %s:%ui",
                          &bucket->credentials_name,
                          bucket->file_name, bucket->line);
            return NGX_ERROR;
        }

    } else if (cmcf->ncredentials == 1) {
        credentials = cmcf->credentials.elts;
        bucket->credentials = credentials[0];
    }

    if (bucket->credentials && bucket->name.len == 0
        && ngx_http_cos_is_template(bucket->credentials))
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "cos_credentials \"%V\" has placeholders and is for "
                      "\"cos_bucket\" alone in %s:%ui",
                      &bucket->credentials->name, bucket->file_name,
                      bucket->line);
        return NGX_ERROR;
    }

    if (bucket->credentials && bucket->name.len) {
        bucket->credentials = ngx_http_cos_bucket_credentials(cf,
                                                     bucket->credentials,
                                                     &bucket->name,
                                                     &bucket->region);
        if (bucket->credentials == NULL) {
            return NGX_ERROR;
        }
    }

#if !(NGX_HTTP_SSL)

    if (bucket->ssl) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "https protocol requires SSL support in %s:%ui",
                      bucket->file_name, bucket->line);
        return NGX_ERROR;
    }

#endif

    if (bucket->keepalive == NGX_CONF_UNSET_UINT) {
        bucket->keepalive = NGX_HTTP_COS_KEEPALIVE;
    }

    return NGX_OK;
}
