
/*
 * Copyright (C) nginx-cos contributors
 *
 * The table of operations: which CAM action a request is, by method, level and
 * parameters (cos-protocol, section 4), and cos_allow, which names some.
 */


#ifndef _NGX_HTTP_COS_ACTION_H_INCLUDED_
#define _NGX_HTTP_COS_ACTION_H_INCLUDED_


#include "ngx_http_cos.h"


/* levels */

#define NGX_HTTP_COS_OBJECT             0x01
#define NGX_HTTP_COS_BUCKET             0x02
#define NGX_HTTP_COS_SERVICE            0x04
#define NGX_HTTP_COS_FORM               0x08

/* a bucket, or what a location with a PREFIX has instead of one */

#define NGX_HTTP_COS_ROOT               0x10


/* a row of the table */
struct ngx_http_cos_operation_s {
    ngx_str_t             action;       /* CAM action, without "name/cos:" */
    ngx_uint_t            level;
    ngx_uint_t            method;
    ngx_uint_t            group;        /* of cos_allow, or 0 */
    ngx_uint_t            features;     /* that may ride on it */
    const char           *selectors;    /* parameters that must be there */
    const char           *params;       /* parameters that may be there */

    /* the same as bits of words */
    uint64_t              required;
    uint64_t              accepted;
};


/* a query parameter that the table knows */
typedef struct ngx_http_cos_word_s  ngx_http_cos_word_t;

struct ngx_http_cos_word_s {
    ngx_str_t             name;         /* as it is, case matters */
    uint64_t              bit;          /* in rows of the table, or 0 */
    uint64_t              needs;        /* the bit of one that is there, too */
    ngx_uint_t            feature;      /* that it asks for, or 0 */
    ngx_http_cos_word_t  *next;
    unsigned              prefix:1;     /* "/" or "|" and more may follow */
    unsigned              valued:1;     /* without a value it selects nothing */
};


/* cos_allow; its slot is a ngx_http_cos_allow_t * */
char *ngx_http_cos_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* the default of cos_allow: "read" */
ngx_http_cos_allow_t *ngx_http_cos_allow_default(void);

/* makes bits of the words in the table; to be called before it is used */
ngx_int_t ngx_http_cos_init_actions(ngx_conf_t *cf);

/* what is known of a parameter, or NULL */
ngx_http_cos_word_t *ngx_http_cos_find_word(ngx_str_t *name);

/*
 * The first row, or the next one after another, that has one of the levels and
 * the method, or NULL.
 */
const ngx_http_cos_operation_t *ngx_http_cos_next_operation(
    const ngx_http_cos_operation_t *op, ngx_uint_t levels, ngx_uint_t method);

/* whether cos_allow names an operation */
ngx_uint_t ngx_http_cos_allowed(ngx_http_cos_allow_t *allow,
    const ngx_http_cos_operation_t *op);

/* the same for one that rides on another one, by its name */
ngx_uint_t ngx_http_cos_allows_action(ngx_http_request_t *r,
    const char *action);

/* the methods of what is allowed, as NGX_HTTP_* */
ngx_uint_t ngx_http_cos_allowed_methods(ngx_http_cos_allow_t *allow);

/* what cos_allow calls the first one of some features */
ngx_str_t *ngx_http_cos_feature_name(ngx_uint_t features);


#endif /* _NGX_HTTP_COS_ACTION_H_INCLUDED_ */
