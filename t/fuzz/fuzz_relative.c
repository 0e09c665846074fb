
/*
 * Copyright (C) nginx-cos contributors
 *
 * Answers of COS: they may come in any parts, nothing is made up, and a key
 * that was put behind the prefix comes back.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_relative.h"
#include "cos_uri.h"


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);

static size_t fuzz_relative(const ngx_str_t *prefix, ngx_uint_t url,
    const u_char *src, size_t len, size_t part, u_char *dst);
static void fuzz_key(const ngx_str_t *prefix, const u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t      len, n, part;
    u_char     *whole, *parts;
    ngx_str_t   prefix;
    ngx_uint_t  url;

    /* the first bytes are options and the prefix */

    if (size < 2) {
        return 0;
    }

    url = data[0] & 1;
    part = 1 + (data[0] >> 1);
    n = 1 + data[1] % 16;

    data += 2;
    size -= 2;

    if (size < n) {
        return 0;
    }

    prefix.len = n;
    prefix.data = (u_char *) data;

    data += n;
    size -= n;

    whole = malloc(size);
    parts = malloc(size);

    len = fuzz_relative(&prefix, url, data, size, size + 1, whole);

    if (len > size
        || fuzz_relative(&prefix, url, data, size, part, parts) != len
        || (len && ngx_memcmp(whole, parts, len) != 0))
    {
        abort();
    }

    free(whole);
    free(parts);

    fuzz_key(&prefix, data, size);

    return 0;
}


static size_t
fuzz_relative(const ngx_str_t *prefix, ngx_uint_t url, const u_char *src,
    size_t len, size_t part, u_char *dst)
{
    u_char          *out, *start;
    size_t           n, total;
    cos_relative_t   rel;

    ngx_memzero(&rel, sizeof(cos_relative_t));

    rel.prefix = *prefix;
    rel.url = url;
    rel.raw = malloc(cos_relative_size(prefix->len));

    total = 0;

    while (len) {
        n = ngx_min(len, part);

        start = malloc(rel.nraw + n);
        out = cos_relative(&rel, start, src, n);

        ngx_memcpy(dst + total, start, out - start);
        total += out - start;
        free(start);

        src += n;
        len -= n;
    }

    total = cos_relative_end(&rel, dst + total) - dst;

    free(rel.raw);

    return total;
}


/* encoded as with encoding-type=url */

static void
fuzz_key(const ngx_str_t *prefix, const u_char *data, size_t size)
{
    u_char  *xml, *p, *key, *out;
    size_t   len, n;

    xml = malloc(11 + 3 * (prefix->len + size));
    out = malloc(11 + 3 * (prefix->len + size));

    p = ngx_cpymem(xml, "<Key>", 5);
    p = cos_escape(p, prefix->data, prefix->len, COS_ESCAPE_VALUE);
    key = p;
    p = cos_escape(p, data, size, COS_ESCAPE_VALUE);
    len = p - key;
    p = ngx_cpymem(p, "</Key>", 6);

    n = fuzz_relative(prefix, 1, xml, p - xml, 7, out);

    if (n != 11 + len || ngx_memcmp(out, "<Key>", 5) != 0
        || ngx_memcmp(out + 5, key, len + 6) != 0)
    {
        abort();
    }

    free(xml);
    free(out);
}
