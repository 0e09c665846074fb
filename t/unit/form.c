
/*
 * Copyright (C) nginx-cos contributors
 */


#include "form.h"


static ngx_int_t form_feed(cos_form_t *form, const u_char *body, size_t done,
    size_t len, ngx_uint_t *headed);


ngx_int_t
form_read(cos_form_t *form, const ngx_str_t *type, const ngx_str_t *body,
    form_piece_pt piece, void *data)
{
    size_t      done, len;
    ngx_uint_t  headed;

    if (!cos_form_type(type)) {
        ngx_memzero(form, sizeof(cos_form_t));
        form->error = "no form";
        return NGX_ERROR;
    }

    if (cos_form_init(form, type) != NGX_OK) {
        return NGX_ERROR;
    }

    headed = 0;

    for (done = 0; done < body->len; done += len) {

        len = piece(data, done);
        len = ngx_min(len, body->len - done);

        if (form_feed(form, body->data, done, len, &headed) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return cos_form_end(form);
}


static ngx_int_t
form_feed(cos_form_t *form, const u_char *body, size_t done, size_t len,
    ngx_uint_t *headed)
{
    u_char     *copy;
    size_t      from;
    ngx_int_t   rc;

    from = done;

    if (!*headed) {

        /* all of it, at another address than before */

        copy = malloc(done + len);
        ngx_memcpy(copy, body, done + len);

        rc = cos_form_head(form, copy, done + len);

        free(copy);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        if (form->head_len <= done || form->head_len > done + len) {
            abort();
        }

        *headed = 1;
        from = form->head_len;
    }

    len = done + len - from;

    copy = malloc(len);

    if (len) {
        ngx_memcpy(copy, body + from, len);
    }

    rc = cos_form_file(form, copy, copy + len);

    free(copy);

    return rc;
}


size_t
form_piece_of(void *data, size_t done)
{
    size_t *len = data;

    return *len;
}


size_t
form_piece_split(void *data, size_t done)
{
    size_t *first = data;

    return done < *first ? *first - done : (size_t) -1;
}
