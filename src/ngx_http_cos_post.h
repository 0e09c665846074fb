
/*
 * Copyright (C) nginx-cos contributors
 *
 * Form uploads (PostObject): what stands before the file is read, checked and
 * written anew with a policy for exactly this upload; the file is passed on
 * as it is (cos-protocol, section 5).
 */


#ifndef _NGX_HTTP_COS_POST_H_INCLUDED_
#define _NGX_HTTP_COS_POST_H_INCLUDED_


#include "ngx_http_cos.h"
#include "cos_form.h"


struct ngx_http_cos_post_s {
    cos_form_t      form;

    u_char         *buf;        /* the head, as the client sent it */
    size_t          size;
    size_t          len;

    off_t           length;     /* of the whole form, -1 if it is not known */
    off_t           received;

    /* by ngx_http_cos_check_fields() */
    ngx_str_t       key;
    cos_pair_t     *fields;     /* to be sent, the key not among them */
    ngx_uint_t      nfields;
    ngx_uint_t      features;

    ngx_event_t     event;      /* ends an upload that turns out to be bad */

    unsigned        headed:1;   /* the head is complete */
    unsigned        refused:1;  /* nothing of the form is to be sent */
    unsigned        sent:1;     /* handed over to proxy */
};


/* whether the request is a form upload, to be handled by the next one */
ngx_uint_t ngx_http_cos_is_form(ngx_http_request_t *r);

/* the content handler of forms; ctx is new */
ngx_int_t ngx_http_cos_post(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx);

/*
 * Sends a form again that was sent as a whole, with another policy.  Returns
 * what the content handler has to return.
 */
ngx_int_t ngx_http_cos_post_again(ngx_http_request_t *r);

/* the last request body filter before the one that saves the body */
ngx_int_t ngx_http_cos_post_filter(ngx_http_request_t *r, ngx_chain_t *in,
    ngx_http_request_body_filter_pt next);

/*
 * Follows the form through the next buffer of the body, and leaves in it what
 * is of the file, or nothing of a bad form, which is refused.  NGX_ERROR.
 */
ngx_int_t ngx_http_cos_post_take(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, ngx_buf_t *b);

/* refuses a form that is none, and why; returns what refusing returns */
ngx_int_t ngx_http_cos_post_malformed(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, const char *error);

/*
 * Sorts the fields of ctx->post: what is sent, the key, the features they
 * ask for, whether the client has signed the form and this is to be kept.
 * NGX_DECLINED if the request is refused, NGX_ERROR.
 */
ngx_int_t ngx_http_cos_check_fields(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx);

/*
 * The new head, with a policy if there are credentials; the file may have
 * min to max bytes.  NGX_DECLINED without a credential, NGX_ERROR.
 */
ngx_int_t ngx_http_cos_write_head(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, off_t min, off_t max, ngx_str_t *head);


#endif /* _NGX_HTTP_COS_POST_H_INCLUDED_ */
