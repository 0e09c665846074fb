
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_guard.h"
#include "ngx_http_cos_sign.h"
#include "ngx_http_cos_zone.h"


/*
 * The window starts in the past, for clocks that differ, and is quantised, so
 * that one SignKey serves all requests of five minutes.  COS takes clocks
 * that differ by less than 15 minutes (cos-protocol, section 1.6).
 */

#define NGX_HTTP_COS_WINDOW_STEP   300
#define NGX_HTTP_COS_WINDOW_PAST   60
#define NGX_HTTP_COS_WINDOW_LIFE   900


static ngx_uint_t ngx_http_cos_bad_header_name(ngx_str_t *name);
static ngx_int_t ngx_http_cos_collect_headers(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_array_t *headers);
static ngx_int_t ngx_http_cos_set_value(ngx_http_request_t *r,
    ngx_http_cos_set_header_t *set, ngx_str_t *value);
static ngx_uint_t ngx_http_cos_ends_line(ngx_str_t *value);
static ngx_uint_t ngx_http_cos_header_is_set(ngx_http_cos_loc_conf_t *cclf,
    ngx_str_t *lowcase);
static cos_pair_t *ngx_http_cos_push_header(ngx_array_t *headers,
    ngx_str_t *name, ngx_str_t *value);


static ngx_str_t  ngx_http_cos_host_name = ngx_string("host");
static ngx_str_t  ngx_http_cos_token_name = ngx_string("x-cos-security-token");


/* nginx sets, drops or changes these after the signature is made */

static ngx_str_t  ngx_http_cos_unsignable[] = {
    ngx_string("host"),
    ngx_string("authorization"),
    ngx_string("x-cos-security-token"),
    ngx_string("connection"),
    ngx_string("content-length"),
    ngx_string("cookie"),
    ngx_string("date"),
    ngx_string("expect"),
    ngx_string("if-match"),
    ngx_string("if-modified-since"),
    ngx_string("if-none-match"),
    ngx_string("if-range"),
    ngx_string("if-unmodified-since"),
    ngx_string("keep-alive"),
    ngx_string("proxy-connection"),
    ngx_string("range"),
    ngx_string("te"),
    ngx_string("transfer-encoding"),
    ngx_string("upgrade"),
    ngx_null_string
};


char *
ngx_http_cos_sign_headers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t    *value, *name, *un;
    ngx_uint_t    i;
    ngx_array_t **names;

    names = (ngx_array_t **) (p + cmd->offset);

    if (*names != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *names = ngx_array_create(cf->pool, cf->args->nelts - 1,
                              sizeof(ngx_str_t));
    if (*names == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        name = ngx_array_push(*names);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];

        if (ngx_http_cos_bad_header_name(name)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid header \"%V\" in \"%V\"",
                               name, &cmd->name);
            return NGX_CONF_ERROR;
        }

        ngx_strlow(name->data, name->data, name->len);

        for (un = ngx_http_cos_unsignable; un->len; un++) {
            if (un->len == name->len
                && ngx_strncmp(un->data, name->data, name->len) == 0)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "header \"%V\" cannot be signed, "
                                   "nginx sets or changes it", name);
                return NGX_CONF_ERROR;
            }
        }
    }

    return NGX_CONF_OK;
}


/* RFC 9110, section 5.6.2 */

static ngx_uint_t
ngx_http_cos_bad_header_name(ngx_str_t *name)
{
    size_t  i;
    u_char  ch;

    static ngx_str_t  separators = ngx_string("\"(),/:;<=>?@[\\]{}");

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if (ch <= 0x20 || ch >= 0x7f
            || ngx_strlchr(separators.data, separators.data + separators.len,
                           ch))
        {
            return 1;
        }
    }

    return name->len == 0;
}


ngx_uint_t
ngx_http_cos_service_header(ngx_str_t *lowcase)
{
    if (lowcase->len >= 6 && ngx_strncmp(lowcase->data, "x-cos-", 6) == 0) {
        return 1;
    }

    if (lowcase->len >= 5 && ngx_strncmp(lowcase->data, "x-ci-", 5) == 0) {
        return 1;
    }

    return ngx_http_cos_is(lowcase, "pic-operations");
}


ngx_uint_t
ngx_http_cos_signed_header(ngx_http_cos_loc_conf_t *cclf, ngx_str_t *lowcase)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    /* most headers are not */

    switch (lowcase->len ? lowcase->data[0] : 0) {

    case 'c':
        if (ngx_http_cos_is(lowcase, "content-type")
            || ngx_http_cos_is(lowcase, "content-md5"))
        {
            return 1;
        }

        break;

    case 'x':
    case 'p':
        if (ngx_http_cos_service_header(lowcase)) {
            return 1;
        }

        break;
    }

    if (cclf->sign_headers == NULL) {
        return 0;
    }

    name = cclf->sign_headers->elts;

    for (i = 0; i < cclf->sign_headers->nelts; i++) {
        if (name[i].len == lowcase->len
            && ngx_strncmp(name[i].data, lowcase->data, lowcase->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


const cos_hmac_t *
ngx_http_cos_window_key(ngx_http_cos_ctx_t *ctx,
    ngx_http_upstream_conf_t *ucf, ngx_str_t *key_time, time_t *expire)
{
    time_t  start, life;

    ctx->generation = ctx->credentials->generation;
    ctx->skew = ctx->bucket->skew;

    /* the same bytes are sent again by proxy_next_upstream */

    life = ngx_max((time_t) (ucf->next_upstream_timeout / 1000), 0)
           + NGX_HTTP_COS_WINDOW_LIFE;

    start = ngx_time() + ctx->skew - NGX_HTTP_COS_WINDOW_PAST;
    start -= start % NGX_HTTP_COS_WINDOW_STEP;

    *expire = start + NGX_HTTP_COS_WINDOW_STEP + NGX_HTTP_COS_WINDOW_PAST
              + life;

    return ngx_http_cos_sign_key(ctx->credentials, start, *expire, key_time);
}


ngx_int_t
ngx_http_cos_sign_request(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *authorization)
{
    time_t                  expire;
    u_char                 *buf;
    cos_pair_t              pairs[16], *pair;
    cos_sign_t              sign;
    ngx_array_t             headers;
    ngx_http_upstream_t    *u;
    ngx_http_cos_secret_t  *secret;

    u = r->upstream;

    /* it moves to the pool if there are more */

    headers.elts = pairs;
    headers.nelts = 0;
    headers.size = sizeof(cos_pair_t);
    headers.nalloc = 16;
    headers.pool = r->pool;

    if (ngx_http_cos_collect_headers(r, ctx, &headers) != NGX_OK) {
        return NGX_ERROR;
    }

    /* the values of headers may be variables that look at the secret, too */

    secret = ngx_http_cos_get_secret(ctx->credentials);
    if (secret == NULL) {
        return NGX_DECLINED;
    }

    if (secret->token_len) {
        ctx->token.len = secret->token_len;
        ctx->token.data = ngx_pnalloc(r->pool, secret->token_len);
        if (ctx->token.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(ctx->token.data, secret->token, secret->token_len);

        pair = ngx_http_cos_push_header(&headers, &ngx_http_cos_token_name,
                                        &ctx->token);
        if (pair == NULL) {
            return NGX_ERROR;
        }

        pair->flags = COS_PAIR_PLAIN_NAME;

        if (ctx->credentials->plain_token) {
            pair->escaped = ctx->token;
        }
    }

    sign.sign_key = ngx_http_cos_window_key(ctx, u->conf, &sign.key_time,
                                            &expire);

    /* HEAD may have been changed to GET to cache the response */

    sign.method = u->method.len ? u->method : r->method_name;
    sign.path = ctx->path;
    sign.params = ctx->params;
    sign.nparams = ctx->nparams;
    sign.headers = headers.elts;
    sign.nheaders = headers.nelts;
    sign.secret_id.data = secret->id;
    sign.secret_id.len = secret->id_len;

    buf = ngx_pnalloc(r->pool, cos_sign_size(&sign));
    if (buf == NULL) {
        return NGX_ERROR;
    }

    cos_sign(&sign, buf, authorization);

    return NGX_OK;
}


/* what proxy_set_header sets, then what the client sent and is passed on */

static ngx_int_t
ngx_http_cos_collect_headers(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_array_t *headers)
{
    ngx_str_t                   name, value;
    ngx_uint_t                  i;
    cos_pair_t                 *pair;
    ngx_list_part_t            *part;
    ngx_table_elt_t            *header;
    ngx_http_cos_loc_conf_t    *cclf;
    ngx_http_cos_set_header_t  *set;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    /* there is room for the first one */

    pair = headers->elts;
    headers->nelts = 1;

    pair->name = ngx_http_cos_host_name;
    pair->value = ctx->bucket->host;
    pair->escaped = ctx->bucket->escaped_host;
    pair->flags = COS_PAIR_PLAIN_NAME;

    if (cclf->set_headers) {
        set = cclf->set_headers->elts;

        for (i = 0; i < cclf->set_headers->nelts; i++) {

            if (ngx_http_cos_set_value(r, &set[i], &value) != NGX_OK) {
                return NGX_ERROR;
            }

            /* an empty value is not sent */

            if (value.len && set[i].sign
                && ngx_http_cos_push_header(headers, &set[i].name, &value)
                   == NULL)
            {
                return NGX_ERROR;
            }
        }
    }

    if (!r->upstream->conf->pass_request_headers || ctx->nheaders == 0) {
        return NGX_OK;
    }

    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        name.len = header[i].key.len;
        name.data = header[i].lowcase_key;

        if (!ngx_http_cos_signed_header(cclf, &name)
            || ngx_http_cos_client_only(&name)
            || ngx_http_cos_header_is_set(cclf, &name))
        {
            continue;
        }

        if (ngx_http_cos_push_header(headers, &name, &header[i].value)
            == NULL)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_cos_check_set_headers(ngx_http_request_t *r)
{
    ngx_str_t                   value;
    ngx_uint_t                  i;
    ngx_http_cos_loc_conf_t    *cclf;
    ngx_http_cos_set_header_t  *set;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    if (cclf->set_headers == NULL) {
        return NGX_OK;
    }

    set = cclf->set_headers->elts;

    for (i = 0; i < cclf->set_headers->nelts; i++) {
        if (ngx_http_cos_set_value(r, &set[i], &value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_set_value(ngx_http_request_t *r, ngx_http_cos_set_header_t *set,
    ngx_str_t *value)
{
    if (ngx_http_complex_value(r, &set->value, value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_cos_ends_line(value)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "line break in \"proxy_set_header\" of \"%V\"",
                      &set->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_cos_ends_line(ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] == CR || value->data[i] == LF
            || value->data[i] == '\0')
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_cos_header_is_set(ngx_http_cos_loc_conf_t *cclf, ngx_str_t *lowcase)
{
    ngx_uint_t                  i;
    ngx_http_cos_set_header_t  *set;

    if (cclf->set_headers == NULL) {
        return 0;
    }

    set = cclf->set_headers->elts;

    for (i = 0; i < cclf->set_headers->nelts; i++) {
        if (set[i].name.len == lowcase->len
            && ngx_strncmp(set[i].name.data, lowcase->data, lowcase->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static cos_pair_t *
ngx_http_cos_push_header(ngx_array_t *headers, ngx_str_t *name,
    ngx_str_t *value)
{
    cos_pair_t  *pair;

    pair = ngx_array_push(headers);
    if (pair == NULL) {
        return NULL;
    }

    pair->name = *name;
    pair->value = *value;
    pair->flags = 0;

    ngx_str_null(&pair->escaped);

    /* spaces around a value are not a part of it (RFC 9110, section 5.5) */

    while (pair->value.len && (pair->value.data[0] == ' '
                               || pair->value.data[0] == '\t'))
    {
        pair->value.data++;
        pair->value.len--;
    }

    while (pair->value.len
           && (pair->value.data[pair->value.len - 1] == ' '
               || pair->value.data[pair->value.len - 1] == '\t'))
    {
        pair->value.len--;
    }

    return pair;
}
