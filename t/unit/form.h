
/*
 * Copyright (C) nginx-cos contributors
 *
 * A form read in pieces, for the unit test and the fuzzer.
 */


#ifndef _COS_UNIT_FORM_H_INCLUDED_
#define _COS_UNIT_FORM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_form.h"


/* the length of the next piece, when "done" bytes have been read */
typedef size_t (*form_piece_pt)(void *data, size_t done);


/*
 * Reads a body in pieces, each of them in memory of its own.  NGX_OK for a
 * form, NGX_ERROR with form->error; the spans of the form refer to the body.
 */
ngx_int_t form_read(cos_form_t *form, const ngx_str_t *type,
    const ngx_str_t *body, form_piece_pt piece, void *data);

/* pieces of *(size_t *) data bytes; of one byte */
size_t form_piece_of(void *data, size_t done);

/* two pieces, the first of *(size_t *) data bytes */
size_t form_piece_split(void *data, size_t done);


#endif /* _COS_UNIT_FORM_H_INCLUDED_ */
