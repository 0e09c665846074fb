
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_error.h"


#define NGX_HTTP_COS_MESSAGE_LEN  512


static ngx_uint_t ngx_http_cos_has_error_page(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_int_t ngx_http_cos_error_body(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_str_t *body);
static u_char *ngx_http_cos_xml(u_char *p, const char *name, ngx_str_t *text);


ngx_int_t
ngx_http_cos_refuse(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_uint_t status, const char *code, const char *fmt, ...)
{
    u_char      *p;
    va_list      args;
    ngx_uint_t   level;

    p = ngx_pnalloc(r->pool, NGX_HTTP_COS_MESSAGE_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    va_start(args, fmt);
    ctx->error_message.data = p;
    ctx->error_message.len = ngx_vslprintf(p, p + NGX_HTTP_COS_MESSAGE_LEN,
                                           fmt, args)
                             - p;
    va_end(args);

    ctx->error_status = status;
    ctx->error_code.data = (u_char *) code;
    ctx->error_code.len = ngx_strlen(code);

    level = (status == NGX_HTTP_FORBIDDEN
             || status >= NGX_HTTP_INTERNAL_SERVER_ERROR)
            ? NGX_LOG_ERR : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "request refused: %V (%V)", &ctx->error_code,
                  &ctx->error_message);

    return NGX_DECLINED;
}


ngx_str_t *
ngx_http_cos_printable(ngx_http_request_t *r, ngx_str_t *name)
{
    size_t      len;
    ngx_str_t  *text;

    static ngx_str_t  unknown = ngx_string("?");

    len = ngx_min(name->len, 64);

    text = ngx_palloc(r->pool, sizeof(ngx_str_t) + 3 * len);
    if (text == NULL) {
        return &unknown;
    }

    text->data = (u_char *) text + sizeof(ngx_str_t);
    text->len = cos_escape(text->data, name->data, len, COS_ESCAPE_PATH)
                - text->data;

    return text;
}


ngx_int_t
ngx_http_cos_send_error(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_str_t                 type, value;
    ngx_uint_t                status;
    ngx_http_complex_value_t  cv;

    status = ctx->error_status;

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_str_set(&value, "1");

        if (ngx_http_cos_add_header(r, "Retry-After", &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_http_cos_get_request_id(r, &ctx->request_id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_cos_add_header(r, "x-cos-request-id", &ctx->request_id)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* in place of a link it is sent by a filter, which cannot redirect */

    if (!ctx->link && ngx_http_cos_has_error_page(r, status)) {
        return status;
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    if (ngx_http_cos_error_body(r, ctx, &cv.value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&type, "application/xml");

    /* a client that is not told to continue may or may not send its body */

    if (r->headers_in.expect && !r->expect_tested) {
        r->expect_tested = 1;
        r->keepalive = 0;
    }

    return ngx_http_send_response(r, status, &type, &cv);
}


ngx_int_t
ngx_http_cos_get_request_id(ngx_http_request_t *r, ngx_str_t *id)
{
    ngx_http_variable_value_t  *vv;

    static ngx_str_t  request_id = ngx_string("request_id");

    vv = ngx_http_get_variable(r, &request_id,
                               ngx_hash_key(request_id.data, request_id.len));

    if (vv == NULL) {
        return NGX_ERROR;
    }

    ngx_str_null(id);

    if (!vv->not_found) {
        id->data = vv->data;
        id->len = vv->len;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_cos_identify_error(ngx_http_request_t *r)
{
    ngx_str_t                 id;
    ngx_uint_t                i;
    ngx_list_part_t          *part;
    ngx_table_elt_t          *h;
    ngx_http_cos_loc_conf_t  *cclf;

    static ngx_str_t  name = ngx_string("x-cos-request-id");

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    if (cclf->pass == NULL || r->headers_out.status < NGX_HTTP_BAD_REQUEST) {
        return NGX_OK;
    }

    part = &r->headers_out.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash
            && h[i].key.len == name.len
            && ngx_strncasecmp(h[i].key.data, name.data, name.len) == 0)
        {
            return NGX_OK;
        }
    }

    if (ngx_http_cos_get_request_id(r, &id) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_cos_add_header(r, "x-cos-request-id", &id);
}


ngx_int_t
ngx_http_cos_no_credential(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    if (ngx_http_cos_refuse(r, ctx, NGX_HTTP_SERVICE_UNAVAILABLE,
                            "ServiceUnavailable",
                            "no valid credential at the moment")
        != NGX_DECLINED)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_cos_send_error(r, ctx);
}


static ngx_uint_t
ngx_http_cos_has_error_page(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *err_page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages == NULL
        || (r->error_page && !clcf->recursive_error_pages))
    {
        return 0;
    }

    err_page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (err_page[i].status == (ngx_int_t) status) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_cos_add_header(ngx_http_request_t *r, char *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = *value;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


static ngx_int_t
ngx_http_cos_error_body(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    ngx_str_t *body)
{
    u_char  *p;
    size_t   len;

    static u_char  head[] = "<?xml version='1.0' encoding='utf-8' ?>\n"
                            "<Error>\n";
    static u_char  tail[] = "</Error>\n";

    /* a byte becomes at most "&quot;" */

    len = sizeof(head) - 1 + sizeof(tail) - 1
          + 4 * sizeof("\t<RequestId></RequestId>\n")
          + 6 * (ctx->error_code.len + ctx->error_message.len + r->uri.len
                 + ctx->request_id.len);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;

    p = ngx_cpymem(p, head, sizeof(head) - 1);
    p = ngx_http_cos_xml(p, "Code", &ctx->error_code);
    p = ngx_http_cos_xml(p, "Message", &ctx->error_message);
    p = ngx_http_cos_xml(p, "Resource", &r->uri);
    p = ngx_http_cos_xml(p, "RequestId", &ctx->request_id);
    p = ngx_cpymem(p, tail, sizeof(tail) - 1);

    body->len = p - body->data;

    return NGX_OK;
}


static u_char *
ngx_http_cos_xml(u_char *p, const char *name, ngx_str_t *text)
{
    size_t  i;
    u_char  ch;

    p = ngx_sprintf(p, "\t<%s>", name);

    for (i = 0; i < text->len; i++) {
        ch = text->data[i];

        /* what XML cannot carry, and bytes that may not be UTF-8 */

        if (ch < 0x20 || ch >= 0x7f) {
            p = ngx_sprintf(p, "%%%02Xd", (unsigned) ch);
            continue;
        }

        p = (u_char *) ngx_escape_html(p, &ch, 1);
    }

    return ngx_sprintf(p, "</%s>\n", name);
}
