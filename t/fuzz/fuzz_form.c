
/*
 * Copyright (C) nginx-cos contributors
 *
 * The form parser: the first byte says how the body is cut, a line has the
 * Content-Type, and the rest is the body.  In whatever pieces it comes, the
 * result is the same; and of a form every byte is accounted for.
 */


#include "form.h"


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);

static size_t fuzz_piece(void *data, size_t done);
static void fuzz_form(cos_form_t *form, const ngx_str_t *body);
static ngx_uint_t fuzz_has(const u_char *p, size_t len, const u_char *text,
    size_t n);
static void fuzz_same(const cos_form_t *one, const cos_form_t *two);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t         all, byte;
    uint32_t       seed;
    ngx_int_t      rc;
    ngx_str_t      type, body;
    cos_form_t     one, two;
    const u_char  *p, *last;

    if (size == 0) {
        return 0;
    }

    seed = data[0];
    last = data + size;

    for (p = data + 1; p < last && *p != LF; p++) { /* void */ }

    type.data = (u_char *) data + 1;
    type.len = p - type.data;

    body.data = (u_char *) (p < last ? p + 1 : last);
    body.len = last - body.data;

    all = (size_t) -1;
    byte = 1;

    rc = form_read(&one, &type, &body, form_piece_of, &all);

    if (rc == NGX_OK) {
        fuzz_form(&one, &body);
    }

    if (form_read(&two, &type, &body, fuzz_piece, &seed) != rc) {
        abort();
    }

    fuzz_same(&one, &two);

    /* all that there is before is copied for each byte */

    if (body.len < 2048) {

        if (form_read(&two, &type, &body, form_piece_of, &byte) != rc) {
            abort();
        }

        fuzz_same(&one, &two);
    }

    return 0;
}


static size_t
fuzz_piece(void *data, size_t done)
{
    uint32_t *seed = data;

    *seed = *seed * 1664525 + 1013904223;

    return 1 + (*seed >> 24) % (1 + (*seed >> 16) % 200);
}


static void
fuzz_form(cos_form_t *form, const ngx_str_t *body)
{
    size_t             n, rest, pos;
    u_char            *p, *delimiter;
    ngx_uint_t         i;
    cos_form_field_t  *field;

    delimiter = form->delimiter;
    n = form->delimiter_len;
    pos = 0;

    for (i = 0; i < form->nfields; i++) {
        field = &form->fields[i];

        if (field->name.len == 0 || field->name.start < pos
            || field->value.start < field->name.start + field->name.len + 4
            || field->value.start + field->value.len + n + 2 > form->head_len)
        {
            abort();
        }

        p = body->data + field->value.start;
        pos = field->value.start + field->value.len;

        if (ngx_memcmp(p - 4, "\r\n\r\n", 4) != 0
            || ngx_memcmp(body->data + pos, delimiter, n) != 0
            || fuzz_has(p - 2, field->value.len + 2, delimiter, n))
        {
            abort();
        }
    }

    if (form->filename.start + form->filename.len > form->head_len
        || form->file_type.start + form->file_type.len > form->head_len
        || fuzz_has(body->data + form->filename.start, form->filename.len,
                    (u_char *) CRLF, 1)
        || fuzz_has(body->data + form->file_type.start, form->file_type.len,
                    (u_char *) CRLF, 1))
    {
        abort();
    }

    p = body->data + form->head_len;
    rest = body->len - form->head_len;

    if ((size_t) form->file_len + n + 2 > rest
        || fuzz_has(p - 1, form->file_len + 1, delimiter + 1, n - 1))
    {
        abort();
    }

    p += form->file_len;
    rest -= form->file_len + n + 2;

    if (ngx_memcmp(p, delimiter, n) != 0
        || ngx_memcmp(p + n, "--\r\n", 2 + rest) != 0
        || (rest != 0 && rest != 2))
    {
        abort();
    }
}


static ngx_uint_t
fuzz_has(const u_char *p, size_t len, const u_char *text, size_t n)
{
    size_t  i;

    for (i = 0; i + n <= len; i++) {
        if (ngx_memcmp(p + i, text, n) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
fuzz_same(const cos_form_t *one, const cos_form_t *two)
{
    if (one->error != two->error) {
        abort();
    }

    if (one->error) {
        return;
    }

    if (one->nfields != two->nfields || one->head_len != two->head_len
        || one->file_len != two->file_len
        || ngx_memcmp(one->fields, two->fields,
                      one->nfields * sizeof(cos_form_field_t))
           != 0
        || ngx_memcmp(&one->filename, &two->filename, sizeof(cos_form_span_t))
           != 0
        || ngx_memcmp(&one->file_type, &two->file_type,
                      sizeof(cos_form_span_t))
           != 0)
    {
        abort();
    }
}
