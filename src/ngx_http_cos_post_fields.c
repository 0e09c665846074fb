
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_bucket.h"
#include "ngx_http_cos_credentials.h"
#include "ngx_http_cos_error.h"
#include "ngx_http_cos_guard.h"
#include "ngx_http_cos_post.h"
#include "ngx_http_cos_proxy.h"
#include "ngx_http_cos_sign.h"
#include "ngx_http_cos_zone.h"
#include "cos_policy.h"


/* those that are added: the token, four of the signature, the policy */

#define NGX_HTTP_COS_OWN_FIELDS  6

#define NGX_HTTP_COS_DISPOSITION                                             \
    CRLF "Content-Disposition: form-data; name=\""


static ngx_int_t ngx_http_cos_check_field(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, cos_pair_t *field, ngx_str_t *lowcase);
static ngx_uint_t ngx_http_cos_signature_field(ngx_str_t *lowcase);
static void ngx_http_cos_form_signed(ngx_http_cos_ctx_t *ctx,
    ngx_str_t *lowcase, cos_pair_t *fields, ngx_uint_t n);
static cos_pair_t *ngx_http_cos_find_field(ngx_str_t *lowcase,
    cos_pair_t *fields, ngx_uint_t n, const char *name);
static ngx_int_t ngx_http_cos_add_policy(ngx_http_request_t *r,
    ngx_http_cos_ctx_t *ctx, cos_pair_t *fields, ngx_uint_t *n, off_t min,
    off_t max);
static ngx_uint_t ngx_http_cos_plain(ngx_str_t *text);
static u_char *ngx_http_cos_write_part(u_char *p, cos_form_t *form,
    ngx_str_t *name);


ngx_int_t
ngx_http_cos_check_fields(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_str_t                *lowcase;
    ngx_uint_t                i, k, n;
    cos_pair_t               *fields;
    cos_form_field_t         *field;
    ngx_http_cos_post_t      *post;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    post = ctx->post;
    n = post->form.nfields;

    fields = ngx_palloc(r->pool, (n + 1) * sizeof(cos_pair_t));
    lowcase = ngx_palloc(r->pool, (n + 1) * sizeof(ngx_str_t));

    if (fields == NULL || lowcase == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        field = &post->form.fields[i];

        fields[i].name.data = post->buf + field->name.start;
        fields[i].name.len = field->name.len;
        fields[i].value.data = post->buf + field->value.start;
        fields[i].value.len = field->value.len;
        ngx_str_null(&fields[i].escaped);
        fields[i].flags = 0;

        lowcase[i].len = field->name.len;
        lowcase[i].data = ngx_pnalloc(r->pool, field->name.len);
        if (lowcase[i].data == NULL) {
            return NGX_ERROR;
        }

        ngx_strlow(lowcase[i].data, fields[i].name.data, field->name.len);

        for (k = 0; k < i; k++) {
            if (lowcase[k].len == lowcase[i].len
                && ngx_memcmp(lowcase[k].data, lowcase[i].data,
                              lowcase[i].len)
                   == 0)
            {
                return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                           "InvalidArgument",
                                           "duplicate field \"%V\" in the "
                                           "form", &lowcase[i]);
            }
        }
    }

    if (cclf->sign == NGX_HTTP_COS_SIGN_UNLESS_SIGNED) {
        ngx_http_cos_form_signed(ctx, lowcase, fields, n);
    }

    for (i = 0, k = 0; i < n; i++) {

        rc = ngx_http_cos_check_field(r, ctx, &fields[i], &lowcase[i]);

        if (rc == NGX_DONE) {
            continue;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        fields[k++] = fields[i];
    }

    post->fields = fields;
    post->nfields = k;

    return NGX_OK;
}


/* NGX_DONE if the field is not sent, or not as it is */

static ngx_int_t
ngx_http_cos_check_field(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    cos_pair_t *field, ngx_str_t *lowcase)
{
    ngx_str_t                *value;
    ngx_http_cos_post_t      *post;
    ngx_http_cos_guard_t     *guard;
    ngx_http_cos_loc_conf_t  *cclf;

    post = ctx->post;
    value = &field->value;

    /* it becomes a header of the object, and a string of the policy */

    if (!cos_policy_text(value)) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "InvalidArgument",
                                   "field \"%V\" of the form has a control "
                                   "character or is not UTF-8", lowcase);
    }

    if (ngx_http_cos_signature_field(lowcase)) {
        return NGX_DONE;
    }

    if (ngx_http_cos_is(lowcase, "key")) {
        post->key = *value;
        return NGX_DONE;
    }

    guard = ngx_http_cos_field_guard(lowcase);

    if (guard == NULL) {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                                   "field \"%V\" of a form is not known",
                                   ngx_http_cos_printable(r, lowcase));
    }

    post->features |= guard->feature;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    if (guard->feature == NGX_HTTP_COS_PIC_OPERATIONS
        && (cclf->pass->prefix.len || cclf->pass->key))
    {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                                   "field \"%V\" is not allowed where keys "
                                   "are confined", lowcase);
    }

    if (ngx_http_cos_is(lowcase, "success_action_status")
        && !ngx_http_cos_is(value, "200")
        && !ngx_http_cos_is(value, "201")
        && !ngx_http_cos_is(value, "204"))
    {
        return ngx_http_cos_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                   "InvalidArgument",
                                   "\"success_action_status\" is 200, 201 "
                                   "or 204");
    }

    /* some clients send what was not set as an empty field */

    return value->len ? NGX_OK : NGX_DONE;
}


static ngx_uint_t
ngx_http_cos_signature_field(ngx_str_t *lowcase)
{
    ngx_str_t  *name;

    static ngx_str_t  names[] = {
        ngx_string("policy"),
        ngx_string("signature"),
        ngx_string("sign"),
        ngx_null_string
    };

    if (lowcase->len > 2 && ngx_strncmp(lowcase->data, "q-", 2) == 0) {
        return 1;
    }

    for (name = names; name->len; name++) {
        if (name->len == lowcase->len
            && ngx_strncmp(name->data, lowcase->data, name->len) == 0)
        {
            return 1;
        }
    }

    return ngx_http_cos_client_only(lowcase);
}


static void
ngx_http_cos_form_signed(ngx_http_cos_ctx_t *ctx, ngx_str_t *lowcase,
    cos_pair_t *fields, ngx_uint_t n)
{
    cos_pair_t           *signature;
    cos_authorization_t   a;

    signature = ngx_http_cos_find_field(lowcase, fields, n, "signature");

    if (signature) {
        ctx->client_signed = (cos_authorization_parse(&signature->value, &a)
                              == NGX_OK);
        return;
    }

    ctx->client_signed = ngx_http_cos_find_field(lowcase, fields, n, "policy")
                         && ngx_http_cos_find_field(lowcase, fields, n,
                                                    "q-signature");
}


static cos_pair_t *
ngx_http_cos_find_field(ngx_str_t *lowcase, cos_pair_t *fields, ngx_uint_t n,
    const char *name)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (lowcase[i].len == ngx_strlen(name)
            && ngx_strncmp(lowcase[i].data, name, lowcase[i].len) == 0)
        {
            return &fields[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_cos_write_head(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    off_t min, off_t max, ngx_str_t *head)
{
    u_char               *p;
    size_t                len;
    ngx_int_t             rc;
    ngx_str_t             filename, type;
    ngx_uint_t            i, n;
    cos_form_t           *form;
    cos_pair_t           *fields;
    ngx_http_cos_post_t  *post;

    static ngx_str_t  file = ngx_string("file");

    post = ctx->post;
    form = &post->form;

    if (ctx->client_signed) {
        head->data = post->buf;
        head->len = post->len;
        return NGX_OK;
    }

    fields = ngx_palloc(r->pool, (1 + post->nfields + NGX_HTTP_COS_OWN_FIELDS)
                                 * sizeof(cos_pair_t));
    if (fields == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&fields[0].name, "key");
    fields[0].value = ctx->key;

    ngx_memcpy(&fields[1], post->fields, post->nfields * sizeof(cos_pair_t));
    n = 1 + post->nfields;

    if (ctx->credentials) {
        rc = ngx_http_cos_add_policy(r, ctx, fields, &n, min, max);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    /* neither means anything to COS */

    filename.data = post->buf + form->filename.start;
    filename.len = form->filename.len;

    if (!ngx_http_cos_plain(&filename)) {
        filename = file;
    }

    type.data = post->buf + form->file_type.start;
    type.len = form->file_type.len;

    len = (n + 1) * (form->delimiter_len
                     + sizeof(NGX_HTTP_COS_DISPOSITION) - 1
                     + sizeof("\"" CRLF CRLF CRLF) - 1)
          + file.len + sizeof("; filename=\"\"") - 1 + filename.len
          + sizeof(CRLF "Content-Type: ") - 1 + type.len;

    for (i = 0; i < n; i++) {
        len += fields[i].name.len + fields[i].value.len;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    head->data = p;

    for (i = 0; i < n; i++) {
        p = ngx_http_cos_write_part(p, form, &fields[i].name);
        p = ngx_cpymem(p, CRLF CRLF, 4);
        p = ngx_cpymem(p, fields[i].value.data, fields[i].value.len);
        p = ngx_cpymem(p, CRLF, 2);
    }

    p = ngx_http_cos_write_part(p, form, &file);

    if (form->filename.start) {
        p = ngx_sprintf(p, "; filename=\"%V\"", &filename);
    }

    if (type.len) {
        p = ngx_sprintf(p, CRLF "Content-Type: %V", &type);
    }

    p = ngx_cpymem(p, CRLF CRLF, 4);

    head->len = p - head->data;

    return NGX_OK;
}


/* NGX_DECLINED without a credential */

static ngx_int_t
ngx_http_cos_add_policy(ngx_http_request_t *r, ngx_http_cos_ctx_t *ctx,
    cos_pair_t *fields, ngx_uint_t *n, off_t min, off_t max)
{
    time_t                  expire;
    u_char                 *p;
    ngx_tm_t                tm;
    ngx_str_t               text;
    cos_pair_t             *field;
    cos_policy_t            policy;
    const cos_hmac_t       *sign_key;
    ngx_http_cos_secret_t  *secret;

    u_char  expiration[sizeof("1970-01-01T00:00:00.000Z") + NGX_TIME_T_LEN];

    secret = ngx_http_cos_get_secret(ctx->credentials);
    if (secret == NULL) {
        return NGX_DECLINED;
    }

    ngx_memzero(&policy, sizeof(cos_policy_t));

    sign_key = ngx_http_cos_window_key(ctx, ngx_http_cos_proxy_upstream_conf(r),
                                       &policy.key_time, &expire);

    /* what the worker holds may change at any time */

    p = ngx_pnalloc(r->pool, secret->token_len + secret->id_len
                             + policy.key_time.len + COS_SHA1_HEX_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    field = &fields[*n];

    if (secret->token_len) {
        ngx_str_set(&field->name, "x-cos-security-token");
        field->value.data = p;
        field->value.len = secret->token_len;
        field++;

        p = ngx_cpymem(p, secret->token, secret->token_len);
    }

    policy.fields = fields;
    policy.nfields = field - fields;

    ngx_str_set(&field->name, "q-sign-algorithm");
    ngx_str_set(&field->value, "sha1");
    field++;

    ngx_str_set(&field->name, "q-ak");
    field->value.data = p;
    field->value.len = secret->id_len;
    policy.secret_id = field->value;
    field++;

    p = ngx_cpymem(p, secret->id, secret->id_len);

    ngx_str_set(&field->name, "q-key-time");
    field->value.data = p;
    field->value.len = policy.key_time.len;
    field++;

    p = ngx_cpymem(p, policy.key_time.data, policy.key_time.len);

    ngx_str_set(&field->name, "q-signature");
    field->value.data = p;
    field->value.len = COS_SHA1_HEX_LEN;
    field++;

    policy.bucket = ctx->bucket->name;
    policy.min_length = min;
    policy.max_length = max;

    ngx_gmtime(expire, &tm);

    policy.expiration.data = expiration;
    policy.expiration.len = ngx_sprintf(expiration,
                                        "%4d-%02d-%02dT%02d:%02d:%02d.000Z",
                                        tm.ngx_tm_year, tm.ngx_tm_mon,
                                        tm.ngx_tm_mday, tm.ngx_tm_hour,
                                        tm.ngx_tm_min, tm.ngx_tm_sec)
                            - expiration;

    text.data = ngx_pnalloc(r->pool, cos_policy_size(&policy));
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.len = cos_policy_write(text.data, &policy) - text.data;

    (void) cos_policy_sign(p, sign_key, text.data, text.len);

    ngx_str_set(&field->name, "policy");
    field->value.data = ngx_pnalloc(r->pool,
                                    ngx_base64_encoded_length(text.len));
    if (field->value.data == NULL) {
        return NGX_ERROR;
    }

    ngx_encode_base64(&field->value, &text);
    field++;

    *n = field - fields;

    return NGX_OK;
}


/* what means the same in quotes to everybody */

static ngx_uint_t
ngx_http_cos_plain(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] == '\\' || text->data[i] < 0x20) {
            return 0;
        }
    }

    return 1;
}


static u_char *
ngx_http_cos_write_part(u_char *p, cos_form_t *form, ngx_str_t *name)
{
    /* without the CRLF that ends the part before */

    p = ngx_cpymem(p, form->delimiter + 2, form->delimiter_len - 2);
    p = ngx_cpymem(p, NGX_HTTP_COS_DISPOSITION,
                   sizeof(NGX_HTTP_COS_DISPOSITION) - 1);
    p = ngx_cpymem(p, name->data, name->len);
    *p++ = '"';

    return p;
}
