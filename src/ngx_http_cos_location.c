
/*
 * Copyright (C) nginx-cos contributors
 *
 * The rules of ngx_http_core_find_location(), which works for the URI of the
 * request alone.
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_location.h"


static ngx_int_t ngx_http_cos_find_location(ngx_str_t *uri,
    ngx_http_core_loc_conf_t **clcf);
static ngx_int_t ngx_http_cos_find_static_location(ngx_str_t *uri,
    ngx_http_core_loc_conf_t **clcf);


ngx_uint_t
ngx_http_cos_other_location(ngx_http_request_t *r, ngx_str_t *uri)
{
    ngx_http_core_loc_conf_t  *clcf, *own, *other;
    ngx_http_core_srv_conf_t  *cscf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    own = cscf->ctx->loc_conf[ngx_http_core_module.ctx_index];
    other = own;

    (void) ngx_http_cos_find_location(&r->uri, &own);

    /*
     * An "if" block has the very name of its location.  The rules before a
     * named location are those of the one that has led to it.
     */

    if (own->exact_match
        || (own->name.data != clcf->name.data
            && (clcf->name.len == 0 || clcf->name.data[0] != '@')))
    {
        return 0;
    }

#if (NGX_PCRE)

    if (own->regex && ngx_regex_exec(own->regex->regex, uri, NULL, 0) < 0) {
        return 0;
    }

#endif

    (void) ngx_http_cos_find_location(uri, &other);

    return own != other;
}


/* NGX_OK if the search is over, and as ngx_http_core_find_location() */

static ngx_int_t
ngx_http_cos_find_location(ngx_str_t *uri, ngx_http_core_loc_conf_t **clcf)
{
    ngx_int_t                   rc;
#if (NGX_PCRE)
    ngx_uint_t                  noregex;
    ngx_http_core_loc_conf_t   *outer, **regex;

    outer = *clcf;
    noregex = 0;
#endif

    rc = ngx_http_cos_find_static_location(uri, clcf);

    if (rc == NGX_AGAIN) {

#if (NGX_PCRE)
        noregex = (*clcf)->noregex;
#endif

        rc = ngx_http_cos_find_location(uri, clcf);
    }

    if (rc == NGX_OK) {
        return NGX_OK;
    }

#if (NGX_PCRE)

    if (noregex || outer->regex_locations == NULL) {
        return rc;
    }

    for (regex = outer->regex_locations; *regex; regex++) {

        if (ngx_regex_exec((*regex)->regex->regex, uri, NULL, 0) >= 0) {
            *clcf = *regex;
            (void) ngx_http_cos_find_location(uri, clcf);

            return NGX_OK;
        }
    }

#endif

    return rc;
}


/* the tree has the parts of names that differ, a name is on the way to it */

static ngx_int_t
ngx_http_cos_find_static_location(ngx_str_t *uri,
    ngx_http_core_loc_conf_t **clcf)
{
    u_char                         *p;
    size_t                          len, n;
    ngx_int_t                       rc, rv;
    ngx_http_location_tree_node_t  *node;

    p = uri->data;
    len = uri->len;

    rv = NGX_DECLINED;
    node = (*clcf)->static_locations;

    while (node) {

        n = ngx_min(len, (size_t) node->len);

        rc = ngx_filename_cmp(p, node->name, n);

        if (rc != 0) {
            node = (rc < 0) ? node->left : node->right;
            continue;
        }

        if (len < node->len) {

            /* a URI without the last slash is redirected */

            if (len + 1 == node->len && node->auto_redirect) {
                *clcf = node->exact ? node->exact : node->inclusive;
                rv = NGX_OK;
            }

            node = node->left;
            continue;
        }

        if (len == node->len && node->exact) {
            *clcf = node->exact;
            return NGX_OK;
        }

        if (len == node->len) {
            *clcf = node->inclusive;
            return NGX_AGAIN;
        }

        if (node->inclusive == NULL) {
            node = node->right;
            continue;
        }

        *clcf = node->inclusive;
        rv = NGX_AGAIN;

        node = node->tree;
        p += n;
        len -= n;
    }

    return rv;
}
