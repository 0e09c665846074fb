
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


typedef struct {
    ngx_str_t                      name;

    /*
     * Checks the parameters of the block and, where that needs no network,
     * reads the first secret.  An error has been logged with file and line.
     */
    char                        *(*init)(ngx_conf_t *cf,
                                         ngx_http_cos_credentials_t *c);

    /*
     * Looks for a newer secret: NGX_OK with secret and c->version filled,
     * NGX_DECLINED if there is none, another value after a message.  The
     * handler is NULL if the source does not change while nginx runs.
     */
    ngx_int_t                    (*poll)(ngx_http_cos_credentials_t *c,
                                         ngx_http_cos_secret_t *secret,
                                         ngx_log_t *log);
} ngx_http_cos_provider_t;


typedef struct ngx_http_cos_slot_s  ngx_http_cos_slot_t;

/* a cos_credentials block */
struct ngx_http_cos_credentials_s {
    ngx_str_t                      name;
    const ngx_http_cos_provider_t *provider;

    ngx_str_t                      secret_id;
    ngx_str_t                      secret_key;
    ngx_str_t                      token;
    ngx_str_t                      path;
    ngx_str_t                      profile;

    u_char                        *file_name;
    ngx_uint_t                     line;

    ngx_http_cos_secret_t         *first;       /* read by init(), or NULL */
    ngx_http_cos_version_t         version;     /* the last one that was read */
    ngx_http_cos_version_t         refused;     /* the last bad one */
    ngx_err_t                      err;         /* the last one, logged once */
    u_char                         name_hash[COS_SHA1_LEN];
    u_char                         fingerprint[COS_SHA1_LEN];

    /* of the worker */
    ngx_http_cos_slot_t           *slot;
    ngx_atomic_uint_t              generation;
    ngx_http_cos_secret_t         *secret;
    time_t                         start;       /* window of sign_key */
    time_t                         end;
    cos_hmac_t                     sign_key;
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


extern const ngx_http_cos_provider_t  ngx_http_cos_provider_static;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_env;
extern const ngx_http_cos_provider_t  ngx_http_cos_provider_file;


#endif /* _NGX_HTTP_COS_CREDENTIALS_H_INCLUDED_ */
