
/*
 * Copyright (C) nginx-cos contributors
 */


#ifndef _NGX_HTTP_COS_ATOMIC_H_INCLUDED_
#define _NGX_HTTP_COS_ATOMIC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * nginx has no atomic load.  That of a word is one on all its platforms, but
 * only this says so to the compiler, and keeps it before later ones.
 */

#ifdef __ATOMIC_ACQUIRE

#define ngx_http_cos_atomic_load(word)                                        \
    __atomic_load_n(word, __ATOMIC_ACQUIRE)

#else

#define ngx_http_cos_atomic_load(word)  (*(word))

#endif


#endif /* _NGX_HTTP_COS_ATOMIC_H_INCLUDED_ */
