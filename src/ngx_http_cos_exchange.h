
/*
 * Copyright (C) nginx-cos contributors
 *
 * One HTTP exchange with a source of credentials, by libcurl.
 */


#ifndef _NGX_HTTP_COS_EXCHANGE_H_INCLUDED_
#define _NGX_HTTP_COS_EXCHANGE_H_INCLUDED_


#include "ngx_http_cos_credentials.h"

#include <curl/curl.h>


/* the most of an answer that is read */

#define NGX_HTTP_COS_ANSWER_SIZE  65536
#define NGX_HTTP_COS_MEM_SIZE     32768


/* a transfer that can be used again and again; memory of the heap */
typedef struct {
    ngx_http_cos_exchange_t        x;
    CURL                          *easy;
    struct curl_slist             *headers;
    char                           err[CURL_ERROR_SIZE];
    ngx_uint_t                     too_large;   /* unsigned  too_large:1; */
} ngx_http_cos_transfer_t;


/* NGX_ERROR if out of memory */
ngx_int_t ngx_http_cos_transfer_init(ngx_http_cos_transfer_t *t);
void ngx_http_cos_transfer_destroy(ngx_http_cos_transfer_t *t);

/* makes t->easy for the request that is in t->x; the caller adds it to a multi
 * handle, and removes it before it is wiped */
ngx_int_t ngx_http_cos_transfer_prepare(ngx_http_cos_transfer_t *t,
    ngx_http_cos_credentials_t *c);

/* the answer in t->x, or NGX_ERROR with t->x.err */
ngx_int_t ngx_http_cos_transfer_done(ngx_http_cos_transfer_t *t,
    CURLcode code);

/* wipes what the step has left, secrets among it */
void ngx_http_cos_transfer_wipe(ngx_http_cos_transfer_t *t);

/*
 * Formats as ngx_sprintf() does into the memory of the exchange, with a NUL;
 * NULL and x->err if it is full.
 */
char *ngx_http_cos_exchange_printf(ngx_http_cos_exchange_t *x,
    const char *fmt, ...);

/* sets x->err, as ngx_sprintf() does */
void ngx_http_cos_exchange_error(ngx_http_cos_exchange_t *x, const char *fmt,
    ...);


#endif /* _NGX_HTTP_COS_EXCHANGE_H_INCLUDED_ */
