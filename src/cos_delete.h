
/*
 * Copyright (C) nginx-cos contributors
 *
 * The body of DeleteMultipleObjects (cos-protocol, section 8.21): read by
 * libxml2, and written anew, so that what COS reads is what was checked.
 */


#ifndef _COS_DELETE_H_INCLUDED_
#define _COS_DELETE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the most keys in one request (cos-protocol, section 9) */
#define COS_DELETE_MAX  1000


typedef struct {
    ngx_str_t              key;
    ngx_str_t              version_id;      /* empty if there is none */
} cos_delete_object_t;


typedef struct {
    cos_delete_object_t   *objects;
    ngx_uint_t             nobjects;
    ngx_uint_t             quiet;           /* unsigned  quiet:1; */
} cos_delete_t;


/*
 * Reads a document; d->objects has room for COS_DELETE_MAX, text for body->len
 * bytes, which back the strings.  NGX_DECLINED unless it is well-formed XML in
 * UTF-8, without a document type, processing instructions and attributes, of
 * Delete with Object (Key and perhaps VersionId), and perhaps Quiet, each once
 * where it belongs once, and 1 to COS_DELETE_MAX keys that are not empty.
 * NGX_ERROR if there is no memory.  Keys are not checked otherwise.
 */
ngx_int_t cos_delete_parse(cos_delete_t *d, const ngx_str_t *body,
    u_char *text);

/* the document that is sent, with the prefix in front of each key */
size_t cos_delete_len(const cos_delete_t *d, const ngx_str_t *prefix);
u_char *cos_delete_write(u_char *p, const cos_delete_t *d,
    const ngx_str_t *prefix);


#endif /* _COS_DELETE_H_INCLUDED_ */
