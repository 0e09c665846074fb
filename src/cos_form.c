
/*
 * Copyright (C) nginx-cos contributors
 */


#include "cos_form.h"


typedef enum {
    cos_form_first = 0,     /* the first delimiter, without its CRLF */
    cos_form_headers,
    cos_form_value,
    cos_form_data,          /* of the file */
    cos_form_dash,
    cos_form_dash_dash,
    cos_form_closed,
    cos_form_closed_cr,
    cos_form_closed_crlf
} cos_form_state_e;


static ngx_int_t cos_form_boundary(cos_form_t *form, const u_char *p,
    const u_char *last);
static ngx_int_t cos_form_part(cos_form_t *form, const u_char *buf,
    size_t end);
static ngx_int_t cos_form_header(cos_form_t *form, const u_char *buf,
    const u_char *p, const u_char *last, cos_form_field_t *field);
static ngx_int_t cos_form_disposition(cos_form_t *form, const u_char *buf,
    const u_char *p, const u_char *last, cos_form_field_t *field);
static const u_char *cos_form_param(const u_char *p, const u_char *last,
    ngx_str_t *name, ngx_str_t *value);
static const u_char *cos_form_find(const u_char *p, const u_char *last,
    const u_char *text, size_t len);
static const u_char *cos_form_space(const u_char *p, const u_char *last);
static const u_char *cos_form_token(const u_char *p, const u_char *last);
static ngx_uint_t cos_form_is(const u_char *p, size_t len, const char *text);
static ngx_int_t cos_form_error(cos_form_t *form, const char *error);


ngx_uint_t
cos_form_type(const ngx_str_t *content_type)
{
    size_t         len;
    const u_char  *p, *last;

    static const char  type[] = "multipart/form-data";

    len = sizeof(type) - 1;
    p = content_type->data;

    if (content_type->len < len || !cos_form_is(p, len, type)) {
        return 0;
    }

    last = p + content_type->len;
    p = cos_form_space(p + len, last);

    return p == last || *p == ';';
}


ngx_int_t
cos_form_init(cos_form_t *form, const ngx_str_t *content_type)
{
    ngx_str_t      name, value;
    const u_char  *p, *last;

    ngx_memzero(form, sizeof(cos_form_t));

    last = content_type->data + content_type->len;

    for (p = content_type->data; p < last && *p != ';'; p++) { /* void */ }

    while (p < last) {

        p = cos_form_param(p, last, &name, &value);
        if (p == NULL) {
            return cos_form_error(form, "invalid Content-Type of the form");
        }

        if (cos_form_is(name.data, name.len, "boundary")) {

            if (cos_form_boundary(form, value.data, value.data + value.len)
                != NGX_OK)
            {
                return cos_form_error(form, "invalid boundary of the form");
            }

            continue;
        }

        /* others could hide something from one of two parsers */

        if (!cos_form_is(name.data, name.len, "charset")
            || !(cos_form_is(value.data, value.len, "utf-8")
                 || cos_form_is(value.data, value.len, "us-ascii")))
        {
            return cos_form_error(form, "invalid Content-Type of the form");
        }
    }

    if (form->delimiter_len == 0) {
        return cos_form_error(form, "the form has no boundary");
    }

    return NGX_OK;
}


static ngx_int_t
cos_form_boundary(cos_form_t *form, const u_char *p, const u_char *last)
{
    u_char  *dst;
    size_t   i;

    static const char  special[] = "'()+_,-./:=? ";

    if (form->delimiter_len || p == last || last - p > COS_FORM_BOUNDARY_LEN
        || last[-1] == ' ')
    {
        return NGX_ERROR;
    }

    dst = ngx_cpymem(form->delimiter, "\r\n--", 4);

    for ( /* void */ ; p < last; p++) {

        if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z')
            || (*p >= 'a' && *p <= 'z'))
        {
            *dst++ = *p;
            continue;
        }

        for (i = 0; special[i] != *p; i++) {
            if (special[i] == '\0') {
                return NGX_ERROR;
            }
        }

        *dst++ = *p;
    }

    form->delimiter_len = dst - form->delimiter;

    return NGX_OK;
}


ngx_int_t
cos_form_head(cos_form_t *form, const u_char *buf, size_t len)
{
    size_t         n;
    ngx_int_t      rc;
    const u_char  *p, *last;

    last = buf + len;

    for ( ;; ) {

        switch (form->state) {

        case cos_form_first:

            n = form->delimiter_len - 2;

            if (ngx_memcmp(buf, form->delimiter + 2, ngx_min(n, len)) != 0) {
                return cos_form_error(form, "the form does not begin with "
                                            "its boundary");
            }

            if (len < n + 2) {
                return NGX_AGAIN;
            }

            form->pos = n;
            break;

        case cos_form_headers:

            /* the CRLF behind the delimiter ends a part without headers */

            p = cos_form_find(buf + form->scan, last,
                              (const u_char *) "\r\n\r\n", 4);

            if (p == NULL) {
                form->scan = ngx_max(form->scan, len - ngx_min(len, 3));
                return NGX_AGAIN;
            }

            rc = cos_form_part(form, buf, p + 2 - buf);
            if (rc != NGX_OK) {
                return rc;
            }

            form->pos = p + 4 - buf;

            if (form->state == cos_form_data) {
                form->head_len = form->pos;
                form->matched = 2;
                form->bare = 1;
                return NGX_OK;
            }

            /* to some, the CRLF of the empty line begins a delimiter */

            form->scan = form->pos - 2;
            form->state = cos_form_value;
            continue;

        case cos_form_value:

            n = form->delimiter_len;

            p = cos_form_find(buf + form->scan, last, form->delimiter, n);

            if (p == NULL) {
                form->scan = ngx_max(form->scan, len - ngx_min(len, n - 1));
                return NGX_AGAIN;
            }

            form->scan = p - buf;

            if (form->scan < form->pos) {
                return cos_form_error(form, "invalid boundary line in the "
                                            "form");
            }

            if ((size_t) (last - p) < n + 2) {
                return NGX_AGAIN;
            }

            form->fields[form->nfields].value.start = form->pos;
            form->fields[form->nfields].value.len = form->scan - form->pos;
            form->nfields++;

            form->pos = form->scan + n;
            break;

        default:
            return cos_form_error(form, "the head has been read already");
        }

        /* behind a delimiter */

        p = buf + form->pos;

        if (p[0] == '-' && p[1] == '-') {
            return cos_form_error(form, "the form has no file");
        }

        if (p[0] != CR || p[1] != LF) {
            return cos_form_error(form, "invalid boundary line in the form");
        }

        form->scan = form->pos;
        form->pos += 2;
        form->state = cos_form_headers;
    }
}


/* the headers of a part end, with a CRLF, at "end" */

static ngx_int_t
cos_form_part(cos_form_t *form, const u_char *buf, size_t end)
{
    size_t             len;
    const u_char      *p, *line, *last;
    cos_form_field_t  *field, file;

    /* with a field too many there may still come the file */

    field = form->nfields < COS_FORM_FIELDS ? &form->fields[form->nfields]
                                            : &file;

    ngx_memzero(field, sizeof(cos_form_field_t));

    ngx_memzero(&form->filename, sizeof(cos_form_span_t));
    ngx_memzero(&form->file_type, sizeof(cos_form_span_t));

    p = buf + form->pos;
    last = buf + end;

    while (p < last) {

        for (line = p; *p != CR; p++) {
            if ((*p < 0x20 && *p != '\t') || *p == 0x7f) {
                return cos_form_error(form, "control character in a header "
                                            "of the form");
            }
        }

        if (p[1] != LF) {
            return cos_form_error(form, "control character in a header "
                                        "of the form");
        }

        if (cos_form_header(form, buf, line, p, field) != NGX_OK) {
            return NGX_ERROR;
        }

        p += 2;
    }

    len = field->name.len;

    if (len == 0) {
        return cos_form_error(form, "a part of the form has no name");
    }

    if (cos_form_is(buf + field->name.start, len, "file")) {
        form->state = cos_form_data;
        return NGX_OK;
    }

    if (form->filename.start) {
        return cos_form_error(form, "a file of the form is not named "
                                    "\"file\"");
    }

    if (field == &file) {
        return cos_form_error(form, "the form has too many fields");
    }

    return NGX_OK;
}


static ngx_int_t
cos_form_header(cos_form_t *form, const u_char *buf, const u_char *p,
    const u_char *last, cos_form_field_t *field)
{
    size_t         len;
    const u_char  *name;

    name = p;
    p = cos_form_token(p, last);
    len = p - name;

    if (len == 0 || p == last || *p != ':') {
        return cos_form_error(form, "invalid header in the form");
    }

    p = cos_form_space(p + 1, last);

    while (last > p && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }

    if (cos_form_is(name, len, "Content-Disposition")) {

        if (field->name.len) {
            return cos_form_error(form, "duplicate Content-Disposition in "
                                        "the form");
        }

        return cos_form_disposition(form, buf, p, last, field);
    }

    /* another form could be in it */

    if (cos_form_is(name, len, "Content-Type")) {

        if (last - p >= 10 && cos_form_is(p, 10, "multipart/")) {
            return cos_form_error(form, "a part of the form has parts");
        }

        form->file_type.start = p - buf;
        form->file_type.len = last - p;

        return NGX_OK;
    }

    /* RFC 7578, section 4.7: deprecated, and COS stores it as it is */

    if (cos_form_is(name, len, "Content-Transfer-Encoding")) {
        len = last - p;

        if (!cos_form_is(p, len, "binary") && !cos_form_is(p, len, "8bit")
            && !cos_form_is(p, len, "7bit"))
        {
            return cos_form_error(form, "a part of the form has a transfer "
                                        "encoding");
        }
    }

    return NGX_OK;
}


static ngx_int_t
cos_form_disposition(cos_form_t *form, const u_char *buf, const u_char *p,
    const u_char *last, cos_form_field_t *field)
{
    size_t         i;
    u_char         ch;
    ngx_str_t      name, value;
    const u_char  *type;

    type = p;
    p = cos_form_token(p, last);

    if (!cos_form_is(type, p - type, "form-data")) {
        goto invalid;
    }

    for (p = cos_form_space(p, last); p < last; /* void */ ) {

        p = cos_form_param(p, last, &name, &value);
        if (p == NULL) {
            goto invalid;
        }

        if (cos_form_is(name.data, name.len, "name")) {

            if (field->name.len || value.len == 0) {
                goto invalid;
            }

            for (i = 0; i < value.len; i++) {
                ch = value.data[i];

                if ((ch < '0' || ch > '9') && (ch < 'A' || ch > 'Z')
                    && (ch < 'a' || ch > 'z')
                    && ch != '-' && ch != '_' && ch != '.')
                {
                    return cos_form_error(form, "invalid name of a field in "
                                                "the form");
                }
            }

            field->name.start = value.data - buf;
            field->name.len = value.len;

        } else if (cos_form_is(name.data, name.len, "filename")) {

            if (form->filename.start) {
                goto invalid;
            }

            form->filename.start = value.data - buf;
            form->filename.len = value.len;

        } else if (cos_form_is(name.data, name.len, "name*")) {
            goto invalid;
        }
    }

    return NGX_OK;

invalid:

    return cos_form_error(form, "invalid Content-Disposition in the form");
}


/* one parameter with the ";" before it; returns what is behind it, or NULL */

static const u_char *
cos_form_param(const u_char *p, const u_char *last, ngx_str_t *name,
    ngx_str_t *value)
{
    if (*p != ';') {
        return NULL;
    }

    p = cos_form_space(p + 1, last);

    name->data = (u_char *) p;
    p = cos_form_token(p, last);
    name->len = p - name->data;

    if (name->len == 0 || p == last || *p != '=') {
        return NULL;
    }

    p++;

    if (p < last && *p == '"') {

        value->data = (u_char *) ++p;

        /* a backslash may also be one of a Windows path */

        while (p < last && *p != '"') {
            if (*p == '\\' && last - p > 1 && p[1] == '"') {
                p++;
            }

            p++;
        }

        if (p >= last) {
            return NULL;
        }

        value->len = p++ - value->data;

    } else {
        value->data = (u_char *) p;

        while (p < last && *p != ';' && *p != ' ' && *p != '\t' && *p != '"')
        {
            p++;
        }

        value->len = p - value->data;

        if (value->len == 0) {
            return NULL;
        }
    }

    p = cos_form_space(p, last);

    if (p < last && *p != ';') {
        return NULL;
    }

    return p;
}


/*
 * Some parsers take a delimiter without its CR, or directly behind the headers,
 * for one: there must be none.
 */

ngx_int_t
cos_form_file(cos_form_t *form, const u_char *p, const u_char *last)
{
    const u_char  *lf;

    while (p < last) {

        switch (form->state) {

        case cos_form_data:

            if (form->matched == 0) {

                lf = memchr(p, LF, last - p);

                if (lf == NULL) {
                    form->file_len += last - p;
                    form->cr = (last[-1] == CR);
                    return NGX_OK;
                }

                form->bare = !(lf > p ? lf[-1] == CR : form->cr);
                form->file_len += lf + 1 - p;
                form->matched = 2;
                p = lf + 1;
                break;
            }

            if (*p == form->delimiter[form->matched]) {
                form->file_len++;
                p++;

                if (++form->matched < form->delimiter_len) {
                    break;
                }

                if (form->bare) {
                    return cos_form_error(form, "invalid boundary line in the "
                                                "form");
                }

                form->file_len -= form->delimiter_len;
                form->state = cos_form_dash;
                break;
            }

            /* its only LF is at its beginning, so nothing else can be one */

            form->matched = 0;
            form->cr = 0;
            break;

        case cos_form_dash:

            if (*p == CR) {
                return cos_form_error(form, "the file is not the last part "
                                            "of the form");
            }

            /* fall through */

        case cos_form_dash_dash:

            if (*p++ != '-') {
                return cos_form_error(form, "invalid boundary line in the "
                                            "form");
            }

            form->state++;
            break;

        case cos_form_closed:

            if (*p++ != CR) {
                return cos_form_error(form, "there is something behind the "
                                            "form");
            }

            form->state = cos_form_closed_cr;
            break;

        case cos_form_closed_cr:

            if (*p++ != LF) {
                return cos_form_error(form, "there is something behind the "
                                            "form");
            }

            form->state = cos_form_closed_crlf;
            break;

        default: /* cos_form_closed_crlf */
            return cos_form_error(form, "there is something behind the form");
        }
    }

    return NGX_OK;
}


ngx_int_t
cos_form_end(cos_form_t *form)
{
    if (form->state == cos_form_closed || form->state == cos_form_closed_crlf)
    {
        return NGX_OK;
    }

    return cos_form_error(form, "the form is not complete");
}


static const u_char *
cos_form_find(const u_char *p, const u_char *last, const u_char *text,
    size_t len)
{
    while ((size_t) (last - p) >= len) {

        p = memchr(p, text[0], last - p - len + 1);

        if (p == NULL || ngx_memcmp(p, text, len) == 0) {
            return p;
        }

        p++;
    }

    return NULL;
}


static const u_char *
cos_form_space(const u_char *p, const u_char *last)
{
    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    return p;
}


/* RFC 9110, section 5.6.2 */

static const u_char *
cos_form_token(const u_char *p, const u_char *last)
{
    size_t  i;

    static const char  separators[] = "\"(),/:;<=>?@[\\]{}";

    for ( /* void */ ; p < last && *p > 0x20 && *p < 0x7f; p++) {

        for (i = 0; separators[i] && separators[i] != (char) *p; i++) {
            /* void */
        }

        if (separators[i]) {
            break;
        }
    }

    return p;
}


static ngx_uint_t
cos_form_is(const u_char *p, size_t len, const char *text)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (text[i] == '\0' || ngx_tolower(p[i]) != ngx_tolower(text[i])) {
            return 0;
        }
    }

    return text[len] == '\0';
}


static ngx_int_t
cos_form_error(cos_form_t *form, const char *error)
{
    form->error = error;

    return NGX_ERROR;
}
