
/*
 * Copyright (C) nginx-cos contributors
 *
 * A form upload, multipart/form-data: fields, then one file, which is last
 * (cos-protocol, section 5.2; RFC 7578).  No heap, no copies; data may come
 * in pieces of any size.
 *
 * Strict where two parsers could differ: what COS reads has to be what was
 * checked here.
 */


#ifndef _COS_FORM_H_INCLUDED_
#define _COS_FORM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_query.h"


/* RFC 2046, section 5.1.1 */
#define COS_FORM_BOUNDARY_LEN  70

#define COS_FORM_FIELDS        100


/* offsets into the head */
typedef struct {
    size_t         start;
    size_t         len;
} cos_form_span_t;


typedef struct {
    cos_form_span_t  name;      /* letters, digits, "-", "_", "." */
    cos_form_span_t  value;     /* any bytes */
} cos_form_field_t;


typedef struct {
    ngx_uint_t       state;
    const char      *error;     /* what is wrong, set with NGX_ERROR */

    size_t           delimiter_len;
    u_char           delimiter[4 + COS_FORM_BOUNDARY_LEN];

    /* the head: all that stands before the contents of the file */
    size_t           head_len;
    size_t           pos;
    size_t           scan;
    ngx_uint_t       nfields;
    cos_form_field_t fields[COS_FORM_FIELDS];
    cos_form_span_t  filename;
    cos_form_span_t  file_type;

    /* the file */
    off_t            file_len;
    size_t           matched;
    unsigned         cr:1;      /* is the last byte */
    unsigned         bare:1;    /* no CRLF of the file is before what matches */
} cos_form_t;


/* whether a Content-Type is that of a form */
ngx_uint_t cos_form_type(const ngx_str_t *content_type);

/*
 * Begins to read a form of this Content-Type: NGX_ERROR if its boundary is
 * missing, longer than COS_FORM_BOUNDARY_LEN or in doubt.
 */
ngx_int_t cos_form_init(cos_form_t *form, const ngx_str_t *content_type);

/*
 * Reads the head.  To be called with all that there is of the form, and again
 * with the same and more on NGX_AGAIN; buf may be at another address then.
 * NGX_OK when the contents of the file begin, at form->head_len; the spans are
 * valid now.  NGX_ERROR if this is no form with a file.
 */
ngx_int_t cos_form_head(cos_form_t *form, const u_char *buf, size_t len);

/*
 * Reads what comes behind the head, piece by piece, and counts the bytes of
 * the file.  NGX_ERROR if something else than the end comes behind the file.
 */
ngx_int_t cos_form_file(cos_form_t *form, const u_char *pos,
    const u_char *last);

/* NGX_ERROR if the end of the form has not been read yet */
ngx_int_t cos_form_end(cos_form_t *form);


#endif /* _COS_FORM_H_INCLUDED_ */
