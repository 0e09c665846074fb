
/*
 * Copyright (C) nginx-cos contributors
 *
 * When a signature does not match, the error of COS repeats what was signed,
 * the security token included (cos-protocol, section 7.1).  It is masked here,
 * byte for byte, so that the length of the body stays what it was.
 *
 * The filter for the bodies of requests stands here, too, see cos_post.c.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_cors.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_post.h"
#include "ngx_http_cos_presign.h"
#include "ngx_http_cos_root.h"


static ngx_int_t ngx_http_cos_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_cos_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_cos_request_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_cos_mask(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_buf_t *b);
static ngx_uint_t ngx_http_cos_masked_element(ngx_http_cos_ctx_t *ctx);
static ngx_int_t ngx_http_cos_filter_init(ngx_conf_t *cf);


static ngx_http_module_t  ngx_http_cos_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_cos_filter_init,              /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_cos_filter_module = {
    NGX_MODULE_V1,
    &ngx_http_cos_filter_module_ctx,       /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;
static ngx_http_request_body_filter_pt   ngx_http_next_request_body_filter;


static ngx_str_t  ngx_http_cos_masked_elements[] = {
    ngx_string("FormatString"),
    ngx_string("StringToSign"),
    ngx_null_string
};


static ngx_int_t
ngx_http_cos_header_filter(ngx_http_request_t *r)
{
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx && ngx_http_cos_link_refused(r, ctx)) {
        return ngx_http_cos_send_link_error(r, ctx);
    }

    if (ctx && ctx->credentials && r->upstream && !r->header_only
        && r->headers_out.status >= NGX_HTTP_BAD_REQUEST)
    {
        ctx->mask = 1;
        r->filter_need_in_memory = 1;
    }

    if (ctx && ctx->relative) {
        ngx_http_cos_relative_header(r, ctx);
    }

    if (r == r->main
        && (ngx_http_cos_identify_error(r) != NGX_OK
            || ngx_http_cos_cors_set_headers(r) != NGX_OK))
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_cos_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t         *cl, *out;
    ngx_http_cos_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_cos_module);

    if (ctx && ctx->relative) {

        if (ngx_http_cos_relative_body(r, ctx, in, &out) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_next_body_filter(r, out);
    }

    if (ctx == NULL || !ctx->mask) {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        if (ngx_buf_in_memory(cl->buf)
            && ngx_http_cos_mask(r, ctx, cl->buf) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_next_body_filter(r, in);
}


static ngx_int_t
ngx_http_cos_request_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    return ngx_http_cos_post_filter(r, in, ngx_http_next_request_body_filter);
}


/* the text of an element ends with "<", since XML has to escape that */

static ngx_int_t
ngx_http_cos_mask(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx, ngx_buf_t *b)
{
    u_char  *p, *copy;
    size_t   len;

    if (!b->temporary) {

        /* it may be of a cache */

        len = b->last - b->pos;

        copy = ngx_pnalloc(r->pool, len);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(copy, b->pos, len);

        b->pos = copy;
        b->last = copy + len;
        b->start = copy;
        b->end = b->last;
    }

    /* or sendfile() would take what is in the file */

    b->in_file = 0;

    for (p = b->pos; p < b->last; p++) {

        switch (*p) {

        case '<':
            ctx->masking = 0;
            ctx->in_tag = 1;
            ctx->tag_len = 0;
            break;

        case '>':
            ctx->masking = ctx->in_tag && ngx_http_cos_masked_element(ctx);
            ctx->in_tag = 0;
            break;

        default:

            if (ctx->masking) {
                *p = '*';

            } else if (ctx->in_tag && ctx->tag_len < sizeof(ctx->tag)) {
                ctx->tag[ctx->tag_len++] = *p;
            }
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_cos_masked_element(ngx_http_cos_ctx_t *ctx)
{
    ngx_str_t  *name;

    for (name = ngx_http_cos_masked_elements; name->len; name++) {
        if (name->len == ctx->tag_len
            && ngx_strncmp(name->data, ctx->tag, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_cos_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_cos_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_cos_body_filter;

    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_cos_request_body_filter;

    return NGX_OK;
}
