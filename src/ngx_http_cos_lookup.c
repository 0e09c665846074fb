
/*
 * Copyright (C) nginx-cos contributors
 *
 * The event loop and the threads share a pair of sockets: a pointer to a
 * lookup goes to whichever thread reads it first, and comes back when it is
 * done.  In between it is the thread's alone, but for the fields that say who
 * wants to know.  No locks are needed.
 */


#include "ngx_http_cos_lookup.h"

#include <dlfcn.h>
#include <pthread.h>


/* a name server that hangs for one name should not stop the others */

#define NGX_HTTP_COS_LOOKUP_THREADS  4


struct ngx_http_cos_lookup_s {
    ngx_queue_t                queue;
    ngx_http_cos_lookup_pt     handler;
    void                      *data;

    /* of the thread */
    int                        err;
    struct addrinfo           *list;
    char                       host[1];
};


static ngx_int_t ngx_http_cos_open_lookups(void);
static void ngx_http_cos_stay_loaded(void);
static ngx_int_t ngx_http_cos_add_lookup_thread(void);
static void *ngx_http_cos_lookup_main(void *data);
static void ngx_http_cos_lookup_handler(ngx_event_t *rev);
static void ngx_http_cos_lookup_done(ngx_http_cos_lookup_t *lookup);


/* of this process */

static ngx_connection_t  *ngx_http_cos_lookup_connection;
static ngx_socket_t       ngx_http_cos_lookup_socket;
static ngx_queue_t        ngx_http_cos_lookups;
static ngx_uint_t         ngx_http_cos_nlookups;
static ngx_uint_t         ngx_http_cos_nthreads;


ngx_http_cos_lookup_t *
ngx_http_cos_lookup(ngx_str_t *host, ngx_http_cos_lookup_pt handler,
    void *data)
{
    ssize_t                 n;
    ngx_http_cos_lookup_t  *lookup;

    if (ngx_http_cos_lookup_connection == NULL
        && ngx_http_cos_open_lookups() != NGX_OK)
    {
        return NULL;
    }

    if (ngx_http_cos_nthreads <= ngx_http_cos_nlookups
        && ngx_http_cos_nthreads < NGX_HTTP_COS_LOOKUP_THREADS
        && ngx_http_cos_add_lookup_thread() != NGX_OK
        && ngx_http_cos_nthreads == 0)
    {
        return NULL;
    }

    lookup = ngx_alloc(sizeof(ngx_http_cos_lookup_t) + host->len,
                       ngx_cycle->log);
    if (lookup == NULL) {
        return NULL;
    }

    lookup->handler = handler;
    lookup->data = data;
    lookup->err = 0;
    lookup->list = NULL;

    ngx_cpystrn((u_char *) lookup->host, host->data, host->len + 1);

    n = send(ngx_http_cos_lookup_connection->fd, &lookup, sizeof(lookup), 0);

    if (n != (ssize_t) sizeof(lookup)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_socket_errno,
                      "send() of a lookup failed");
        ngx_free(lookup);
        return NULL;
    }

    ngx_queue_insert_tail(&ngx_http_cos_lookups, &lookup->queue);
    ngx_http_cos_nlookups++;

    return lookup;
}


void
ngx_http_cos_cancel_lookup(ngx_http_cos_lookup_t *lookup)
{
    lookup->handler = NULL;
}


static ngx_int_t
ngx_http_cos_open_lookups(void)
{
    ngx_log_t         *log;
    ngx_socket_t       s[2];
    ngx_connection_t  *c;

    log = ngx_cycle->log;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_socket_errno,
                      "socketpair() failed");
        return NGX_ERROR;
    }

    if (ngx_nonblocking(s[0]) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_socket_errno,
                      ngx_nonblocking_n " failed");
        goto failed;
    }

    if (fcntl(s[0], F_SETFD, FD_CLOEXEC) == -1
        || fcntl(s[1], F_SETFD, FD_CLOEXEC) == -1)
    {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      "fcntl(FD_CLOEXEC) failed");
        goto failed;
    }

    c = ngx_get_connection(s[0], log);
    if (c == NULL) {
        goto failed;
    }

    c->read->log = log;
    c->write->log = log;
    c->read->handler = ngx_http_cos_lookup_handler;

    /* it lives as long as the process */

    c->read->channel = 1;
    c->write->channel = 1;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_free_connection(c);
        goto failed;
    }

    ngx_http_cos_stay_loaded();

    ngx_queue_init(&ngx_http_cos_lookups);

    ngx_http_cos_lookup_connection = c;
    ngx_http_cos_lookup_socket = s[1];

    return NGX_OK;

failed:

    ngx_close_socket(s[0]);
    ngx_close_socket(s[1]);

    return NGX_ERROR;
}


/*
 * A process that exits unloads its modules first, and a thread would return
 * from getaddrinfo() to code that is no longer there.
 */

static void
ngx_http_cos_stay_loaded(void)
{
#if (NGX_HAVE_DLOPEN) && defined(RTLD_NODELETE) && defined(RTLD_NOLOAD)

    Dl_info  info;

    if (dladdr(&ngx_http_cos_lookups, &info)) {
        (void) dlopen(info.dli_fname, RTLD_NOW|RTLD_NOLOAD|RTLD_NODELETE);
    }

#endif
}


static ngx_int_t
ngx_http_cos_add_lookup_thread(void)
{
    int             err;
    sigset_t        all, old;
    pthread_t       thread;
    pthread_attr_t  attr;

    err = pthread_attr_init(&attr);

    if (err == 0) {
        (void) pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);

        /* signals are for the process itself */

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);

        err = pthread_create(&thread, &attr, ngx_http_cos_lookup_main,
                             (void *) (intptr_t) ngx_http_cos_lookup_socket);

        pthread_sigmask(SIG_SETMASK, &old, NULL);

        (void) pthread_attr_destroy(&attr);
    }

    if (err) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, err,
                      "pthread_create() failed");
        return NGX_ERROR;
    }

    ngx_http_cos_nthreads++;

    return NGX_OK;
}


static void *
ngx_http_cos_lookup_main(void *data)
{
    ssize_t                 n;
    ngx_socket_t            s;
    struct addrinfo         hints;
    ngx_http_cos_lookup_t  *lookup;

    s = (ngx_socket_t) (intptr_t) data;

    for ( ;; ) {

        n = recv(s, &lookup, sizeof(lookup), 0);

        if (n == -1 && ngx_socket_errno == NGX_EINTR) {
            continue;
        }

        if (n != (ssize_t) sizeof(lookup)) {
            return NULL;
        }

        ngx_memzero(&hints, sizeof(struct addrinfo));

        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
#ifdef AI_ADDRCONFIG
        hints.ai_flags = AI_ADDRCONFIG;
#endif

        lookup->err = getaddrinfo(lookup->host, NULL, &hints, &lookup->list);

        do {
            n = send(s, &lookup, sizeof(lookup), 0);
        } while (n == -1 && ngx_socket_errno == NGX_EINTR);

        if (n != (ssize_t) sizeof(lookup)) {
            return NULL;
        }
    }
}


static void
ngx_http_cos_lookup_handler(ngx_event_t *rev)
{
    ssize_t                 n;
    ngx_err_t               err;
    ngx_connection_t       *c;
    ngx_http_cos_lookup_t  *lookup;

    c = rev->data;

    for ( ;; ) {

        n = recv(c->fd, &lookup, sizeof(lookup), 0);

        if (n == (ssize_t) sizeof(lookup)) {
            ngx_http_cos_lookup_done(lookup);
            continue;
        }

        err = (n == -1) ? ngx_socket_errno : 0;

        if (err == NGX_EINTR) {
            continue;
        }

        if (err != NGX_EAGAIN) {
            ngx_log_error(NGX_LOG_ALERT, rev->log, err,
                          "recv() of a lookup failed");
            return;
        }

        break;
    }

    rev->ready = 0;

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, rev->log, 0,
                      "cannot wait for lookups any more");
    }
}


static void
ngx_http_cos_lookup_done(ngx_http_cos_lookup_t *lookup)
{
    ngx_queue_remove(&lookup->queue);
    ngx_http_cos_nlookups--;

    if (lookup->handler) {
        lookup->handler(lookup->data, lookup->err, lookup->list);
    }

    if (lookup->list) {
        freeaddrinfo(lookup->list);
    }

    ngx_free(lookup);
}


void
ngx_http_cos_end_lookups(void)
{
    if (ngx_http_cos_lookup_connection == NULL) {
        return;
    }

    /* the other end remains open, for threads that are not back yet */

    (void) shutdown(ngx_http_cos_lookup_connection->fd, SHUT_RDWR);

    ngx_close_connection(ngx_http_cos_lookup_connection);
    ngx_http_cos_lookup_connection = NULL;
}
