
/*
 * Copyright (C) nginx-cos contributors
 *
 * The functions that are given to libraries take and return memory of malloc()
 * as it is.  So it does not matter who has allocated a piece, before or after
 * they were set, and other users of these libraries in the process notice
 * nothing.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_cos_memory.h"

#include <curl/curl.h>
#include <jansson.h>

#if (NGX_HTTP_COS_MALLOC_USABLE_SIZE)
#ifdef __FreeBSD__
#include <malloc_np.h>
#else
#include <malloc.h>
#endif
#endif


#if (NGX_HAVE_MAP_ANON)

typedef struct {
    void                    *addr;
    size_t                   size;
} ngx_http_cos_pages_t;


static void ngx_http_cos_pages_cleanup(void *data);

#endif


#if (NGX_HTTP_COS_MALLOC_USABLE_SIZE)

static void ngx_http_cos_wipe_free(void *p);
static void *ngx_http_cos_wipe_realloc(void *p, size_t size);


static ngx_uint_t     ngx_http_cos_json_wiping;
static json_malloc_t  ngx_http_cos_json_malloc;
static json_free_t    ngx_http_cos_json_free;

#endif


void
ngx_http_cos_no_dump(void *addr, size_t size)
{
    /* an old kernel may not know it, and nothing else depends on it */

#if defined(MADV_DONTDUMP)
    (void) madvise(addr, size, MADV_DONTDUMP);
#elif defined(MADV_NOCORE)
    (void) madvise(addr, size, MADV_NOCORE);
#endif
}


#if (NGX_HAVE_MAP_ANON)

void *
ngx_http_cos_secret_pages(ngx_pool_t *pool, size_t size)
{
    void                  *p;
    ngx_pool_cleanup_t    *cln;
    ngx_http_cos_pages_t  *pages;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_http_cos_pages_t));
    if (cln == NULL) {
        return NULL;
    }

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_ANON|MAP_PRIVATE, -1, 0);

    if (p == MAP_FAILED) {
        ngx_log_error(NGX_LOG_ALERT, pool->log, ngx_errno,
                      "mmap(MAP_ANON|MAP_PRIVATE, %uz) failed", size);
        return NULL;
    }

    ngx_http_cos_no_dump(p, size);

    pages = cln->data;
    pages->addr = p;
    pages->size = size;

    cln->handler = ngx_http_cos_pages_cleanup;

    return p;
}


/* the kernel wipes them before it gives them to somebody else */

static void
ngx_http_cos_pages_cleanup(void *data)
{
    ngx_http_cos_pages_t *pages = data;

    (void) munmap(pages->addr, pages->size);
}

#else

void *
ngx_http_cos_secret_pages(ngx_pool_t *pool, size_t size)
{
    return ngx_pcalloc(pool, size);
}

#endif


#if (NGX_HTTP_COS_MALLOC_USABLE_SIZE)

void
ngx_http_cos_json_wipe(void)
{
    if (ngx_http_cos_json_wiping++) {
        return;
    }

    json_get_alloc_funcs(&ngx_http_cos_json_malloc, &ngx_http_cos_json_free);

    /* what somebody else allocates in his way has to be freed in his way */

    if (ngx_http_cos_json_malloc == malloc && ngx_http_cos_json_free == free) {
        json_set_alloc_funcs(malloc, ngx_http_cos_wipe_free);
    }
}


void
ngx_http_cos_json_unwipe(void)
{
    json_free_t    json_free;
    json_malloc_t  json_malloc;

    if (--ngx_http_cos_json_wiping) {
        return;
    }

    json_get_alloc_funcs(&json_malloc, &json_free);

    if (json_free == ngx_http_cos_wipe_free) {
        json_set_alloc_funcs(malloc, free);
    }
}


ngx_int_t
ngx_http_cos_curl_init(ngx_log_t *log)
{
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc,
                             ngx_http_cos_wipe_free, ngx_http_cos_wipe_realloc,
                             strdup, calloc)
        != CURLE_OK)
    {
        ngx_log_error(NGX_LOG_CRIT, log, 0, "curl_global_init_mem() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_cos_wipe_free(void *p)
{
    if (p) {
        ngx_explicit_memzero(p, malloc_usable_size(p));
        free(p);
    }
}


/* realloc() would leave a copy behind when it moves a piece */

static void *
ngx_http_cos_wipe_realloc(void *p, size_t size)
{
    void    *new;
    size_t   old;

    if (p == NULL) {
        return malloc(size);
    }

    old = malloc_usable_size(p);

    if (size <= old) {
        return p;
    }

    new = malloc(size);
    if (new == NULL) {
        return NULL;
    }

    ngx_memcpy(new, p, old);
    ngx_http_cos_wipe_free(p);

    return new;
}

#else

void
ngx_http_cos_json_wipe(void)
{
    /* void */
}


void
ngx_http_cos_json_unwipe(void)
{
    /* void */
}


ngx_int_t
ngx_http_cos_curl_init(ngx_log_t *log)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ngx_log_error(NGX_LOG_CRIT, log, 0, "curl_global_init() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}

#endif
