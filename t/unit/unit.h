
/*
 * Copyright (C) nginx-cos contributors
 *
 * TAP output, and memory that ends where a string ends: everything given to
 * the code under test is a block of its own, so that the address sanitizer
 * sees a byte read or written too far.
 */


#ifndef _COS_UNIT_H_INCLUDED_
#define _COS_UNIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "cos_hmac.h"
#include "cos_query.h"
#include "cos_sign.h"
#include "cos_tc3.h"
#include "cos_uri.h"


/* a string literal */
#define S(text)  unit_str(text, sizeof(text) - 1)


ngx_uint_t unit_ok(ngx_uint_t ok, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
ngx_uint_t unit_is(ngx_str_t got, ngx_str_t expected, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* freed by unit_free() */
void *unit_alloc(size_t size);
ngx_str_t unit_str(const void *data, size_t len);
ngx_str_t unit_fill(u_char ch, size_t len);
ngx_str_t unit_printf(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
void unit_free(void);

ngx_uint_t unit_eq(ngx_str_t one, ngx_str_t two);
ngx_str_t unit_escape(ngx_str_t src, cos_escape_e type);
ngx_str_t unit_hex(const u_char *data, size_t len);
ngx_int_t unit_query(ngx_str_t args, cos_pair_t **pairs, ngx_uint_t *n);
ngx_str_t unit_query_write(const cos_pair_t *pairs, ngx_uint_t n);

void test_hmac(void);
void test_uri(void);
void test_form(void);
void test_policy(void);
void test_query(void);
void test_sign(void);
void test_authorization(void);
void test_delete(void);
void test_relative(void);
void test_tc3(json_t *root);
void test_vectors(json_t *root);


#endif /* _COS_UNIT_H_INCLUDED_ */
