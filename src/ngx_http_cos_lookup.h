
/*
 * Copyright (C) nginx-cos contributors
 *
 * The resolver of the system, which blocks, and therefore runs in threads.
 */


#ifndef _NGX_HTTP_COS_LOOKUP_H_INCLUDED_
#define _NGX_HTTP_COS_LOOKUP_H_INCLUDED_


#include "ngx_http_cos.h"

#include <netdb.h>


typedef struct ngx_http_cos_lookup_s  ngx_http_cos_lookup_t;

/* err is that of getaddrinfo(), the list is freed after the call */
typedef void (*ngx_http_cos_lookup_pt)(void *data, int err,
    struct addrinfo *list);


/*
 * Looks up a host name.  The handler is called later, from the event loop of
 * this process.  NULL if the lookup cannot be started.
 */
ngx_http_cos_lookup_t *ngx_http_cos_lookup(ngx_str_t *host,
    ngx_http_cos_lookup_pt handler, void *data);

/* the handler will not be called; getaddrinfo() itself cannot be stopped */
void ngx_http_cos_cancel_lookup(ngx_http_cos_lookup_t *lookup);

/* before the process exits: threads end when they can, nobody waits */
void ngx_http_cos_end_lookups(void);


#endif /* _NGX_HTTP_COS_LOOKUP_H_INCLUDED_ */
