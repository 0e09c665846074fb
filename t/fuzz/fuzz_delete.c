
/*
 * Copyright (C) nginx-cos contributors
 *
 * Documents of DeleteMultipleObjects: any text is survived, and what is written
 * from it is read back as the same keys, with the prefix in front.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_delete.h"


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);

static void fuzz_written(const cos_delete_t *d, const ngx_str_t *prefix);
static ngx_uint_t fuzz_control(const ngx_str_t *str);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    u_char        *text;
    size_t         len;
    ngx_str_t      body;
    ngx_uint_t     i;
    cos_delete_t   d;

    static ngx_str_t            none = ngx_string("");
    static ngx_str_t            prefix = ngx_string("a&b/<c>/");
    static cos_delete_object_t  objects[COS_DELETE_MAX];

    /* a copy, to see what is read behind it */

    body.len = size;
    body.data = malloc(size);
    text = malloc(size);

    if (size) {
        ngx_memcpy(body.data, data, size);
    }

    d.objects = objects;

    if (cos_delete_parse(&d, &body, text) == NGX_OK) {

        if (d.nobjects == 0 || d.nobjects > COS_DELETE_MAX) {
            abort();
        }

        len = 0;

        for (i = 0; i < d.nobjects; i++) {

            if (objects[i].key.len == 0 || fuzz_control(&objects[i].key)
                || fuzz_control(&objects[i].version_id))
            {
                break;
            }

            len += objects[i].key.len + objects[i].version_id.len;
        }

        if (len > size) {
            abort();
        }

        if (i == d.nobjects) {
            fuzz_written(&d, &none);
            fuzz_written(&d, &prefix);
        }
    }

    free(body.data);
    free(text);

    return 0;
}


static void
fuzz_written(const cos_delete_t *d, const ngx_str_t *prefix)
{
    u_char               *text;
    ngx_str_t             body, *key;
    ngx_uint_t            i;
    cos_delete_t          again;
    cos_delete_object_t  *one, *two;

    static cos_delete_object_t  objects[COS_DELETE_MAX];

    body.len = cos_delete_len(d, prefix);
    body.data = malloc(body.len);
    text = malloc(body.len);

    if (cos_delete_write(body.data, d, prefix) != body.data + body.len) {
        abort();
    }

    again.objects = objects;

    if (cos_delete_parse(&again, &body, text) != NGX_OK
        || again.nobjects != d->nobjects || again.quiet != d->quiet)
    {
        abort();
    }

    for (i = 0; i < d->nobjects; i++) {
        one = &d->objects[i];
        two = &objects[i];
        key = &two->key;

        if (key->len != prefix->len + one->key.len
            || ngx_memcmp(key->data, prefix->data, prefix->len) != 0
            || ngx_memcmp(key->data + prefix->len, one->key.data,
                          one->key.len)
               != 0)
        {
            abort();
        }

        if (one->version_id.len != two->version_id.len
            || (two->version_id.len
                && ngx_memcmp(one->version_id.data, two->version_id.data,
                              two->version_id.len)
                   != 0))
        {
            abort();
        }
    }

    free(body.data);
    free(text);
}


/* nothing with these is ever written, and XML would change some of them */

static ngx_uint_t
fuzz_control(const ngx_str_t *str)
{
    size_t  i;

    for (i = 0; i < str->len; i++) {
        if (str->data[i] < 0x20) {
            return 1;
        }
    }

    return 0;
}
