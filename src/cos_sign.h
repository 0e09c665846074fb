
/*
 * Copyright (C) nginx-cos contributors
 *
 * The COS v5 signature, q-sign-algorithm=sha1 (cos-protocol, section 1).
 */


#ifndef _COS_SIGN_H_INCLUDED_
#define _COS_SIGN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_hmac.h"
#include "cos_query.h"


/* what is signed; all strings are borrowed */
typedef struct {
    ngx_str_t          method;      /* any case */
    ngx_str_t          path;        /* decoded, begins with "/" */
    const cos_pair_t  *params;      /* decoded; in any order */
    ngx_uint_t         nparams;
    const cos_pair_t  *headers;     /* values without surrounding space */
    ngx_uint_t         nheaders;
    ngx_str_t          secret_id;
    ngx_str_t          key_time;    /* "start;end", Unix seconds */
    const cos_hmac_t  *sign_key;    /* made by cos_sign_key() for key_time */
} cos_sign_t;


/* an Authorization value taken apart; the strings point into the source */
typedef struct {
    ngx_str_t          secret_id;
    ngx_str_t          sign_time;
    ngx_str_t          key_time;
    ngx_str_t          header_list;
    ngx_str_t          param_list;
    ngx_str_t          signature;   /* 40 lower-case hex digits */
} cos_authorization_t;


/*
 * Derives SignKey from the secret key and KeyTime and keys an HMAC with its
 * 40 hex digits.  The result serves every request of the same KeyTime.
 */
void cos_sign_key(cos_hmac_t *sign_key, const ngx_str_t *secret_key,
    const ngx_str_t *key_time);

/*
 * The size of the buffer that cos_sign() and cos_sign_query() need, an upper
 * bound: the result and scratch space.
 */
size_t cos_sign_size(const cos_sign_t *sign);

/* the value of the Authorization header, which is a part of buf then */
void cos_sign(const cos_sign_t *sign, u_char *buf, ngx_str_t *authorization);

/*
 * The same signature as seven query parameters for a presigned URL,
 * "q-sign-algorithm=sha1&q-ak=...", each value escaped once (so that
 * q-url-param-list, which is escaped already, is escaped twice).
 */
void cos_sign_query(const cos_sign_t *sign, u_char *buf, ngx_str_t *query);

/*
 * Takes an Authorization value apart, by name, in any order.  NGX_ERROR if a
 * field is missing, unknown or given twice, if the algorithm is not sha1, if
 * a time is not "digits;digits", or if the signature is not 40 hex digits.
 */
ngx_int_t cos_authorization_parse(const ngx_str_t *text,
    cos_authorization_t *a);

/*
 * The same from decoded query parameters: the seven q-* of a presigned URL,
 * or one "sign" with the whole value.  NGX_DECLINED if there is neither,
 * NGX_ERROR if both are there or one of them is malformed.
 */
ngx_int_t cos_authorization_from_query(const cos_pair_t *params,
    ngx_uint_t n, cos_authorization_t *a);


#endif /* _COS_SIGN_H_INCLUDED_ */
