
/*
 * Copyright (C) nginx-cos contributors
 *
 * Runs in the thread of the refresher: no pools, no nginx events.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_exchange.h"

#if (NGX_OPENSSL)
#include <openssl/ssl.h>
#endif


static size_t ngx_http_cos_transfer_write(char *data, size_t size, size_t n,
    void *arg);
#ifdef SSL_OP_CLEANSE_PLAINTEXT
static ngx_uint_t ngx_http_cos_transfer_openssl(void);
static CURLcode ngx_http_cos_transfer_ssl_ctx(CURL *easy, void *ctx,
    void *arg);
#endif


ngx_int_t
ngx_http_cos_transfer_init(ngx_http_cos_transfer_t *t)
{
    ngx_memzero(t, sizeof(ngx_http_cos_transfer_t));

    t->x.mem = malloc(NGX_HTTP_COS_MEM_SIZE);
    t->x.response.data = malloc(NGX_HTTP_COS_ANSWER_SIZE + 1);

    if (t->x.mem == NULL || t->x.response.data == NULL) {
        ngx_http_cos_transfer_destroy(t);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_cos_transfer_destroy(ngx_http_cos_transfer_t *t)
{
    ngx_http_cos_transfer_wipe(t);

    free(t->x.mem);
    free(t->x.response.data);

    ngx_memzero(t, sizeof(ngx_http_cos_transfer_t));
}


ngx_int_t
ngx_http_cos_transfer_prepare(ngx_http_cos_transfer_t *t,
    ngx_http_cos_credentials_t *c)
{
    CURL               *easy;
    ngx_uint_t          i;
    struct curl_slist  *list;

    easy = curl_easy_init();
    if (easy == NULL) {
        return NGX_ERROR;
    }

    t->easy = easy;

    for (i = 0; t->x.headers[i]; i++) {
        list = curl_slist_append(t->headers, t->x.headers[i]);
        if (list == NULL) {
            return NGX_ERROR;
        }

        t->headers = list;
    }

    t->err[0] = '\0';
    t->too_large = 0;

    curl_easy_setopt(easy, CURLOPT_URL, t->x.url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) c->timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) c->timeout);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "nginx-cos");
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->err);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ngx_http_cos_transfer_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);

#if (LIBCURL_VERSION_NUM >= 0x075500)
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                     (long) (CURLPROTO_HTTP|CURLPROTO_HTTPS));
#endif

#if (LIBCURL_VERSION_NUM >= 0x075700)
    /* a name server that hangs must not hold up a worker that exits */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif

    if (t->x.direct) {
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }

    if (c->trusted_certificate.len) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, c->trusted_certificate.data);
    }

#ifdef SSL_OP_CLEANSE_PLAINTEXT
    if (ngx_http_cos_transfer_openssl()) {
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION,
                         ngx_http_cos_transfer_ssl_ctx);
    }
#endif

    if (t->x.body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE,
                         (long) ngx_strlen(t->x.body));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->x.body);
    }

    return NGX_OK;
}


#ifdef SSL_OP_CLEANSE_PLAINTEXT

/* libcurl may have another TLS library than nginx, or another version of it */

static ngx_uint_t
ngx_http_cos_transfer_openssl(void)
{
    const char  *version;

    version = curl_version_info(CURLVERSION_NOW)->ssl_version;

    return version && ngx_strncmp(version, "OpenSSL/", 8) == 0
           && ngx_strcmp(version + 8, OpenSSL_version(OPENSSL_VERSION_STRING))
              == 0;
}


/* or else OpenSSL frees its buffers with parts of the answer in them */

static CURLcode
ngx_http_cos_transfer_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
    (void) SSL_CTX_set_options(ctx, SSL_OP_CLEANSE_PLAINTEXT);

    return CURLE_OK;
}

#endif


static size_t
ngx_http_cos_transfer_write(char *data, size_t size, size_t n, void *arg)
{
    ngx_http_cos_transfer_t *t = arg;

    n *= size;

    if (n > NGX_HTTP_COS_ANSWER_SIZE - t->x.response.len) {
        t->too_large = 1;
        return 0;
    }

    ngx_memcpy(t->x.response.data + t->x.response.len, data, n);
    t->x.response.len += n;

    return n;
}


ngx_int_t
ngx_http_cos_transfer_done(ngx_http_cos_transfer_t *t, CURLcode code)
{
    long  status;

    if (t->too_large) {
        ngx_http_cos_exchange_error(&t->x, "too large answer");
        return NGX_ERROR;
    }

    if (code != CURLE_OK) {
        ngx_http_cos_exchange_error(&t->x, "%s", t->err[0] ? t->err
                                                 : curl_easy_strerror(code));
        return NGX_ERROR;
    }

    status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);

    t->x.status = (ngx_uint_t) status;
    t->x.response.data[t->x.response.len] = '\0';

    if (status != 200) {
        ngx_http_cos_exchange_error(&t->x, "status %ui", t->x.status);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_cos_transfer_wipe(ngx_http_cos_transfer_t *t)
{
    struct curl_slist  *item;

    /* with its buffers, which have parts of the answer */

    if (t->easy) {
        curl_easy_cleanup(t->easy);
        t->easy = NULL;
    }

    for (item = t->headers; item; item = item->next) {
        ngx_explicit_memzero(item->data, ngx_strlen(item->data));
    }

    curl_slist_free_all(t->headers);
    t->headers = NULL;

    if (t->x.mem) {
        ngx_explicit_memzero(t->x.mem, NGX_HTTP_COS_MEM_SIZE);
    }

    if (t->x.response.data) {
        ngx_explicit_memzero(t->x.response.data, t->x.response.len);
    }

    t->x.size = 0;
    t->x.response.len = 0;
    t->x.url = NULL;
    t->x.body = NULL;
    t->x.direct = 0;

    ngx_memzero(t->x.headers, sizeof(t->x.headers));
}


char *
ngx_http_cos_exchange_printf(ngx_http_cos_exchange_t *x, const char *fmt, ...)
{
    u_char   *p, *last, *end;
    va_list   args;

    p = x->mem + x->size;
    end = x->mem + NGX_HTTP_COS_MEM_SIZE;

    va_start(args, fmt);
    last = ngx_vslprintf(p, end, fmt, args);
    va_end(args);

    if (last >= end) {
        ngx_http_cos_exchange_error(x, "too long request");
        return NULL;
    }

    *last++ = '\0';
    x->size = last - x->mem;

    return (char *) p;
}


void
ngx_http_cos_exchange_error(ngx_http_cos_exchange_t *x, const char *fmt, ...)
{
    u_char   *last;
    va_list   args;

    va_start(args, fmt);
    last = ngx_vslprintf((u_char *) x->err,
                         (u_char *) x->err + sizeof(x->err) - 1, fmt, args);
    va_end(args);

    *last = '\0';
}
