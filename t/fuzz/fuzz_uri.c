
/*
 * Copyright (C) nginx-cos contributors
 *
 * The encoder and the decoder: what is escaped comes back, and what cannot
 * be decoded is refused without a byte too many.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_uri.h"


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);

static void fuzz_escape(const u_char *data, size_t size, cos_escape_e type);
static void fuzz_unescape(const u_char *data, size_t size, ngx_uint_t plus);
static void fuzz_key(const u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    fuzz_escape(data, size, COS_ESCAPE_VALUE);
    fuzz_escape(data, size, COS_ESCAPE_NAME);
    fuzz_escape(data, size, COS_ESCAPE_PATH);

    fuzz_unescape(data, size, 0);
    fuzz_unescape(data, size, 1);

    fuzz_key(data, size);

    return 0;
}


static void
fuzz_escape(const u_char *data, size_t size, cos_escape_e type)
{
    size_t   i, len;
    u_char  *text, *back, *last;

    len = cos_escape_len(data, size, type);

    if (len < size || len > 3 * size) {
        abort();
    }

    text = malloc(len);
    back = malloc(len);

    last = cos_escape(text, data, size, type);

    if (last != text + len) {
        abort();
    }

    last = cos_unescape(back, text, len, 1);

    if (last != back + size) {
        abort();
    }

    for (i = 0; i < size; i++) {

        if (back[i] == data[i]) {
            continue;
        }

        if (type != COS_ESCAPE_NAME || back[i] != ngx_tolower(data[i])) {
            abort();
        }
    }

    free(text);
    free(back);
}


static void
fuzz_unescape(const u_char *data, size_t size, ngx_uint_t plus)
{
    size_t   len;
    u_char  *one, *two, *last;

    one = malloc(size);
    two = malloc(size);

    last = cos_unescape(one, data, size, plus);

    if (size) {
        ngx_memcpy(two, data, size);
    }

    if (last == NULL) {

        if (cos_unescape(two, two, size, plus) != NULL) {
            abort();
        }

    } else {
        len = last - one;

        if (len > size
            || cos_unescape(two, two, size, plus) != two + len
            || ngx_memcmp(one, two, len) != 0)
        {
            abort();
        }
    }

    free(one);
    free(two);
}


static void
fuzz_key(const u_char *data, size_t size)
{
    size_t      i, start;
    ngx_int_t   rc;
    ngx_str_t   key;
    ngx_uint_t  bad, named, plain;

    key.len = size;
    key.data = (u_char *) data;

    rc = cos_key_check(&key, &plain);

    if (rc == NGX_OK
        && plain != (cos_escape_len(data, size, COS_ESCAPE_PATH) == size))
    {
        abort();
    }

    if (size == 0 || size > 850) {

        if (rc != NGX_DECLINED) {
            abort();
        }

        return;
    }

    bad = 0;
    named = 0;
    start = 0;

    for (i = 0; i <= size; i++) {

        if (i < size && (data[i] < 0x20 || data[i] == 0x7f)) {
            bad = 1;
        }

        if (i == size || data[i] == '/') {

            if ((i - start == 1 && data[start] == '.')
                || (i - start == 2 && ngx_memcmp(&data[start], "..", 2) == 0))
            {
                bad = 1;
            }

            if (i > start) {
                named = 1;
            }

            start = i + 1;
        }
    }

    if (rc != (bad ? NGX_ERROR : named ? NGX_OK : NGX_DECLINED)) {
        abort();
    }
}
