
/*
 * Copyright (C) nginx-cos contributors
 *
 * Credentials: cos_credentials blocks, the shared zone with one slot for each,
 * and the copy that every worker signs with.
 */


#ifndef _NGX_HTTP_COS_CREDENTIALS_H_INCLUDED_
#define _NGX_HTTP_COS_CREDENTIALS_H_INCLUDED_


#include "ngx_http_cos.h"


/* the most that STS hands out (cos-protocol, section 6.5) */

#define NGX_HTTP_COS_ID_LEN     1024
#define NGX_HTTP_COS_KEY_LEN    1024
#define NGX_HTTP_COS_TOKEN_LEN  4096


typedef struct {
    time_t                         issued;      /* of what is renewed */
    time_t                         expire;      /* 0 is never */
    size_t                         id_len;
    size_t                         key_len;
    size_t                         token_len;
    u_char                         id[NGX_HTTP_COS_ID_LEN];
    u_char                         key[NGX_HTTP_COS_KEY_LEN];
    u_char                         token[NGX_HTTP_COS_TOKEN_LEN];
} ngx_http_cos_secret_t;


/* which state of its source a secret was read from */
typedef struct {
    time_t                         mtime;
    ngx_uint_t                     nsec;
    off_t                          size;
    uint64_t                       uniq;
} ngx_http_cos_version_t;


/* what a provider takes beside its argument */

#define NGX_HTTP_COS_PARAM_SECRET    0x01   /* secret_id, secret_key, token */
#define NGX_HTTP_COS_PARAM_PROFILE   0x02
#define NGX_HTTP_COS_PARAM_BASE      0x04
#define NGX_HTTP_COS_PARAM_ENDPOINT  0x08
#define NGX_HTTP_COS_PARAM_SESSION   0x10   /* session_name, external_id */
#define NGX_HTTP_COS_PARAM_POLICY    0x20   /* policy, duration */
#define NGX_HTTP_COS_PARAM_HEADER    0x40
#define NGX_HTTP_COS_PARAM_FETCH     0x80   /* timeout, refresh_before, ... */
#define NGX_HTTP_COS_PARAM_VEND      0x100


/* an HTTP exchange of a provider; the strings live until the next step */
typedef struct {
    ngx_http_cos_main_conf_t      *cmcf;
    ngx_uint_t                     step;        /* 0 is the first */
    const char                    *url;
    const char                    *body;        /* NULL is GET */
    const char                    *headers[12]; /* "Name: value", then NULL */
    unsigned                       direct:1;    /* never by a proxy */

    ngx_uint_t                     status;
    ngx_str_t                      response;    /* ends with a NUL */

    char                           note[129];   /* of one step to the next */

    /* what is wrong, without secrets */
    char                           err[256];

    /* memory for the strings above, wiped after each step */
    u_char                        *mem;
    size_t                         size;
} ngx_http_cos_exchange_t;


typedef struct {
    ngx_str_t                      name;
    ngx_uint_t                     nargs;       /* after the name, at most */
    ngx_uint_t                     params;      /* bits of those it takes */

    /*
     * Checks the parameters of the block and, where that needs no network,
     * reads the first secret.  An error has been logged with file and line.
     */
    char                        *(*init)(ngx_conf_t *cf,
                                         ngx_http_cos_credentials_t *c);

    /*
     * Looks for a newer secret: NGX_OK with secret and c->version filled,
     * NGX_DECLINED if there is none, another value after a message.  The
     * handler is NULL if the source does not change while nginx runs.  Runs
     * in the thread of the refresher, where there is no log, see report.h.
     */
    ngx_int_t                    (*poll)(ngx_http_cos_credentials_t *c,
                                         ngx_http_cos_secret_t *secret,
                                         ngx_log_t *log);

    /*
     * For a source that is asked by HTTP, both in the thread of the refresher.
     * request() writes the request of x->step; NGX_DECLINED if it cannot be
     * made yet, NGX_ERROR with x->err.  response() reads the answer: NGX_OK
     * with the secret, NGX_AGAIN for another step, NGX_ERROR with x->err.
     */
    ngx_int_t                    (*request)(ngx_http_cos_credentials_t *c,
                                            ngx_http_cos_exchange_t *x);
    ngx_int_t                    (*response)(ngx_http_cos_credentials_t *c,
                                             ngx_http_cos_exchange_t *x,
                                             ngx_http_cos_secret_t *secret);
} ngx_http_cos_provider_t;


typedef struct ngx_http_cos_slot_s  ngx_http_cos_slot_t;

/* a cos_credentials block */
struct ngx_http_cos_credentials_s {
    ngx_str_t                      name;
    const ngx_http_cos_provider_t *provider;
    ngx_uint_t                     given;       /* parameters, as bits */

    ngx_str_t                      secret_id;
    ngx_str_t                      secret_key;
    ngx_str_t                      token;
    ngx_str_t                      path;        /* argument of provider */
    ngx_str_t                      profile;
    ngx_str_t                      base_name;
    ngx_str_t                      endpoint;
    ngx_str_t                      session_name;
    ngx_str_t                      external_id;
    ngx_str_t                      policy;
    ngx_str_t                      trusted_certificate;
    ngx_str_t                      provider_id; /* of tke, as are these */
    ngx_str_t                      token_file;
    ngx_str_t                      region;
    ngx_array_t                   *headers;     /* ngx_str_t */
    time_t                         duration;
    time_t                         refresh_before;
    ngx_msec_t                     timeout;
    ngx_uint_t                     vend;        /* unsigned  vend:1; */

    ngx_http_cos_credentials_t    *base;
    ngx_http_cos_credentials_t    *fallback;    /* of auto */

    u_char                        *file_name;
    ngx_uint_t                     line;

    ngx_http_cos_secret_t         *first;       /* read by init(), or NULL */
    ngx_http_cos_version_t         version;     /* the last one that was read */
    ngx_http_cos_version_t         refused;     /* the last bad one */
    ngx_err_t                      err;         /* the last one, logged once */
    u_char                         name_hash[COS_SHA1_LEN];
    u_char                         own_fingerprint[COS_SHA1_LEN];
    u_char                         fingerprint[COS_SHA1_LEN];

    /* of the worker */
    ngx_http_cos_slot_t           *slot;
    ngx_atomic_uint_t              generation;
    ngx_http_cos_secret_t         *secret;
    ngx_uint_t                     plain_token; /* nothing to be escaped */
    ngx_uint_t                     seen;        /* one that was not expired */
    time_t                         start;       /* window of sign_key */
    time_t                         end;
    cos_hmac_t                    *sign_key;
    ngx_str_t                      key_time;
    u_char                         key_time_buf[2 * NGX_TIME_T_LEN + 1];
};


/* cos_credentials */
char *ngx_http_cos_credentials(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* NULL if there is no block of that name */
ngx_http_cos_credentials_t *ngx_http_cos_find_credentials(
    ngx_http_cos_main_conf_t *cmcf, ngx_str_t *name);

/*
 * Copies a secret in.  Returns NULL, or what is wrong: a part is missing, too
 * long, or has a character that could not be sent in a header.
 */
const char *ngx_http_cos_set_secret(ngx_http_cos_secret_t *secret,
    ngx_str_t *id, ngx_str_t *key, ngx_str_t *token, time_t expire);


/* finds the base of each block; NGX_ERROR after a message */
ngx_int_t ngx_http_cos_init_credentials(ngx_conf_t *cf,
    ngx_http_cos_main_conf_t *cmcf);

/* whether there are placeholders that every bucket fills in its own way */
ngx_uint_t ngx_http_cos_is_template(ngx_http_cos_credentials_t *c);

/*
 * The block that signs for one bucket: the block itself, or one of its own if
 * the URL has {Bucket} or {Region}.  NULL if out of memory.
 */
ngx_http_cos_credentials_t *ngx_http_cos_bucket_credentials(ngx_conf_t *cf,
    ngx_http_cos_credentials_t *c, ngx_str_t *bucket, ngx_str_t *region);


extern const ngx_http_cos_provider_t  ngx_http_cos_provider_static;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_env;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_file;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_cvm;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_tke;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_assume_role;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_federation;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_http;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_auto;


#endif /* _NGX_HTTP_COS_CREDENTIALS_H_INCLUDED_ */
