
/*
 * Copyright (C) nginx-cos contributors
 */


#include "ngx_http_cos.h"
#include "ngx_http_cos_action.h"
#include "ngx_http_cos_guard.h"


#define NGX_HTTP_COS_MAX_WORDS          96


/* groups */

#define NGX_HTTP_COS_READ               0x01
#define NGX_HTTP_COS_WRITE              0x02
#define NGX_HTTP_COS_LIST               0x04
#define NGX_HTTP_COS_DELETE             0x08

#define NGX_HTTP_COS_UPLOAD                                                  \
    (NGX_HTTP_COS_ACL|NGX_HTTP_COS_SSE|NGX_HTTP_COS_CALLBACK                 \
     |NGX_HTTP_COS_TAGGING|NGX_HTTP_COS_PIC_OPERATIONS)

#define NGX_HTTP_COS_DOWNLOAD                                                \
    (NGX_HTTP_COS_RESPONSE_OVERRIDE|NGX_HTTP_COS_IMAGE|NGX_HTTP_COS_SSE)

#define NGX_HTTP_COS_LISTING                                                 \
    "prefix delimiter marker max-keys encoding-type"


static ngx_int_t ngx_http_cos_add_words(const char *list, uint64_t *bits);
static ngx_http_cos_word_t *ngx_http_cos_next_word(const char **list);
static ngx_http_cos_word_t *ngx_http_cos_add_word(u_char *data, size_t len);
static ngx_uint_t ngx_http_cos_goes_on(ngx_http_cos_word_t *word,
    ngx_str_t *name);


/*
 * cos-protocol, section 4.  A request is the operation whose selectors it has
 * and whose selectors, parameters and features account for all that it has;
 * a request that no row accounts for is refused.
 */

static ngx_http_cos_operation_t  ngx_http_cos_operations[] = {

#define OBJECT(action, method, group, features, selectors, params)           \
    { ngx_string(action), NGX_HTTP_COS_OBJECT, NGX_HTTP_##method,            \
      group, features, selectors, params, 0, 0 }

#define BUCKET(action, method, group, selectors, params)                     \
    { ngx_string(action), NGX_HTTP_COS_BUCKET, NGX_HTTP_##method,            \
      group, 0, selectors, params, 0, 0 }

#define ROOT(action, method, group, selectors, params)                       \
    { ngx_string(action), NGX_HTTP_COS_ROOT, NGX_HTTP_##method,              \
      group, 0, selectors, params, 0, 0 }

    OBJECT("GetObject", GET, NGX_HTTP_COS_READ, NGX_HTTP_COS_DOWNLOAD,
           "", "versionId"),
    OBJECT("HeadObject", HEAD, NGX_HTTP_COS_READ, NGX_HTTP_COS_DOWNLOAD,
           "", "versionId"),
    OBJECT("OptionsObject", OPTIONS, NGX_HTTP_COS_READ, 0, "", ""),

    OBJECT("PutObject", PUT, NGX_HTTP_COS_WRITE,
           NGX_HTTP_COS_UPLOAD|NGX_HTTP_COS_COPY, "", ""),
    OBJECT("AppendObject", POST, NGX_HTTP_COS_WRITE, NGX_HTTP_COS_UPLOAD,
           "append position", ""),
    OBJECT("InitiateMultipartUpload", POST, NGX_HTTP_COS_WRITE,
           NGX_HTTP_COS_UPLOAD, "uploads", ""),
    OBJECT("UploadPart", PUT, NGX_HTTP_COS_WRITE,
           NGX_HTTP_COS_COPY|NGX_HTTP_COS_SSE, "partNumber uploadId", ""),
    OBJECT("CompleteMultipartUpload", POST, NGX_HTTP_COS_WRITE,
           NGX_HTTP_COS_CALLBACK|NGX_HTTP_COS_PIC_OPERATIONS, "uploadId", ""),
    OBJECT("AbortMultipartUpload", DELETE, NGX_HTTP_COS_WRITE, 0,
           "uploadId", ""),
    OBJECT("ListParts", GET, NGX_HTTP_COS_WRITE, 0,
           "uploadId", "encoding-type max-parts part-number-marker"),

    OBJECT("DeleteObject", DELETE, NGX_HTTP_COS_DELETE, 0, "", ""),
    OBJECT("DeleteObjectVersion", DELETE, 0, 0, "versionId", ""),

    OBJECT("GetObjectACL", GET, 0, 0, "acl", "versionId"),
    OBJECT("PutObjectACL", PUT, 0, NGX_HTTP_COS_ACL, "acl", "versionId"),
    OBJECT("GetObjectTagging", GET, 0, 0, "tagging", "versionId"),
    OBJECT("PutObjectTagging", PUT, 0, 0, "tagging", "versionId"),
    OBJECT("DeleteObjectTagging", DELETE, 0, 0, "tagging", "versionId"),
    OBJECT("PostObjectRestore", POST, 0, 0, "restore", "versionId"),
    OBJECT("SelectObjectContent", POST, 0, 0, "select select-type", ""),
    OBJECT("GetObjectRetention", GET, 0, 0, "retention", "versionId"),
    OBJECT("PutObjectRetention", PUT, 0, 0, "retention", "versionId"),
    OBJECT("GetSymlink", GET, 0, 0, "symlink", "versionId"),

    ROOT("GetBucket", GET, NGX_HTTP_COS_LIST, "", NGX_HTTP_COS_LISTING),
    BUCKET("HeadBucket", HEAD, NGX_HTTP_COS_LIST, "", ""),
    ROOT("GetBucketObjectVersions", GET, NGX_HTTP_COS_LIST, "versions",
         "prefix delimiter key-marker version-id-marker max-keys "
         "encoding-type"),
    ROOT("ListMultipartUploads", GET, NGX_HTTP_COS_LIST, "uploads",
         "prefix delimiter encoding-type max-uploads key-marker "
         "upload-id-marker"),
    ROOT("DeleteMultipleObjects", POST, NGX_HTTP_COS_DELETE, "delete", ""),
    BUCKET("GetBucketLocation", GET, 0, "location", ""),

    BUCKET("PutBucket", PUT, 0, "", ""),
    BUCKET("DeleteBucket", DELETE, 0, "", ""),
    BUCKET("GetBucketACL", GET, 0, "acl", ""),
    BUCKET("PutBucketACL", PUT, 0, "acl", ""),
    BUCKET("GetBucketCORS", GET, 0, "cors", ""),
    BUCKET("PutBucketCORS", PUT, 0, "cors", ""),
    BUCKET("DeleteBucketCORS", DELETE, 0, "cors", ""),
    BUCKET("GetBucketLifecycle", GET, 0, "lifecycle", ""),
    BUCKET("PutBucketLifecycle", PUT, 0, "lifecycle", ""),
    BUCKET("DeleteBucketLifecycle", DELETE, 0, "lifecycle", ""),
    BUCKET("GetBucketPolicy", GET, 0, "policy", ""),
    BUCKET("PutBucketPolicy", PUT, 0, "policy", ""),
    BUCKET("DeleteBucketPolicy", DELETE, 0, "policy", ""),
    BUCKET("GetBucketReferer", GET, 0, "referer", ""),
    BUCKET("PutBucketReferer", PUT, 0, "referer", ""),
    BUCKET("DeleteBucketReferer", DELETE, 0, "referer", ""),
    BUCKET("GetBucketTagging", GET, 0, "tagging", ""),
    BUCKET("PutBucketTagging", PUT, 0, "tagging", ""),
    BUCKET("DeleteBucketTagging", DELETE, 0, "tagging", ""),
    BUCKET("GetBucketWebsite", GET, 0, "website", ""),
    BUCKET("PutBucketWebsite", PUT, 0, "website", ""),
    BUCKET("DeleteBucketWebsite", DELETE, 0, "website", ""),
    BUCKET("ListBucketInventory", GET, 0, "inventory", "continuation-token"),
    BUCKET("GetBucketInventory", GET, 0, "inventory id", ""),
    BUCKET("PutBucketInventory", PUT, 0, "inventory id", ""),
    BUCKET("DeleteBucketInventory", DELETE, 0, "inventory id", ""),
    BUCKET("PostBucketInventory", POST, 0, "inventory id", ""),
    BUCKET("GetBucketVersioning", GET, 0, "versioning", ""),
    BUCKET("PutBucketVersioning", PUT, 0, "versioning", ""),
    BUCKET("GetBucketReplication", GET, 0, "replication", ""),
    BUCKET("PutBucketReplication", PUT, 0, "replication", ""),
    BUCKET("DeleteBucketReplication", DELETE, 0, "replication", ""),
    BUCKET("GetBucketLogging", GET, 0, "logging", ""),
    BUCKET("PutBucketLogging", PUT, 0, "logging", ""),
    BUCKET("GetBucketDomain", GET, 0, "domain", ""),
    BUCKET("PutBucketDomain", PUT, 0, "domain", ""),
    BUCKET("DeleteBucketDomain", DELETE, 0, "domain", ""),
    BUCKET("GetBucketDomainCertificate", GET, 0, "domaincertificate",
           "domainname"),
    BUCKET("PutBucketDomainCertificate", PUT, 0, "domaincertificate", ""),
    BUCKET("DeleteBucketDomainCertificate", DELETE, 0, "domaincertificate",
           "domainname"),
    BUCKET("GetBucketOrigin", GET, 0, "origin", ""),
    BUCKET("PutBucketOrigin", PUT, 0, "origin", ""),
    BUCKET("DeleteBucketOrigin", DELETE, 0, "origin", ""),
    BUCKET("GetBucketAccelerate", GET, 0, "accelerate", ""),
    BUCKET("PutBucketAccelerate", PUT, 0, "accelerate", ""),
    BUCKET("GetBucketEncryption", GET, 0, "encryption", ""),
    BUCKET("PutBucketEncryption", PUT, 0, "encryption", ""),
    BUCKET("DeleteBucketEncryption", DELETE, 0, "encryption", ""),
    BUCKET("GetBucketIntelligentTiering", GET, 0, "intelligenttiering", ""),
    BUCKET("GetBucketNotification", GET, 0, "notification", ""),
    BUCKET("PutBucketNotification", PUT, 0, "notification", ""),

    /* a page of any other site can send a form: never by a group */

    { ngx_string("PostObject"), NGX_HTTP_COS_FORM, NGX_HTTP_POST, 0,
      NGX_HTTP_COS_UPLOAD|NGX_HTTP_COS_REDIRECT, "", "", 0, 0 },

    { ngx_string("GetService"), NGX_HTTP_COS_SERVICE, NGX_HTTP_GET,
      NGX_HTTP_COS_LIST, 0, "",
      "region tagkey tagvalue create-time range marker max-keys", 0, 0 }

#undef OBJECT
#undef BUCKET
#undef ROOT
};

#define NGX_HTTP_COS_NOPERATIONS                                             \
    (sizeof(ngx_http_cos_operations) / sizeof(ngx_http_cos_operation_t))


static ngx_conf_bitmask_t  ngx_http_cos_groups[] = {
    { ngx_string("read"), NGX_HTTP_COS_READ },
    { ngx_string("write"), NGX_HTTP_COS_WRITE },
    { ngx_string("list"), NGX_HTTP_COS_LIST },
    { ngx_string("delete"), NGX_HTTP_COS_DELETE },
    { ngx_null_string, 0 }
};


static ngx_conf_bitmask_t  ngx_http_cos_features[] = {
    { ngx_string("acl"), NGX_HTTP_COS_ACL },
    { ngx_string("copy"), NGX_HTTP_COS_COPY },
    { ngx_string("response_override"), NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("image"), NGX_HTTP_COS_IMAGE|NGX_HTTP_COS_PIC_OPERATIONS },
    { ngx_string("sse"), NGX_HTTP_COS_SSE },
    { ngx_string("callback"), NGX_HTTP_COS_CALLBACK },
    { ngx_string("tagging"), NGX_HTTP_COS_TAGGING },
    { ngx_string("redirect"), NGX_HTTP_COS_REDIRECT },
    { ngx_null_string, 0 }
};


/* parameters of GetObject and HeadObject that ride on it */

static ngx_http_cos_guard_t  ngx_http_cos_param_guards[] = {

    { ngx_string("response-cache-control"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-content-disposition"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-content-encoding"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-content-language"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-content-type"), 0,
      NGX_HTTP_COS_RESPONSE_OVERRIDE },
    { ngx_string("response-expires"), 0, NGX_HTTP_COS_RESPONSE_OVERRIDE },

    { ngx_string("imageMogr2"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("imageView2"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("imageInfo"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("imageAve"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("exif"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("watermark/"), 1, NGX_HTTP_COS_IMAGE },
    { ngx_string("ci-process"), 0, NGX_HTTP_COS_IMAGE },

    { ngx_null_string, 0, 0 }
};


/* without a value they select nothing */

static const char  ngx_http_cos_valued_params[] =
    "uploadId partNumber position id";


/*
 * What may stand beside "ci-process".  Not "expires", which pm3u8 needs: it
 * signs whatever objects a playlist names.
 */

static const char  ngx_http_cos_ci_params[] =
    "time format width height mode rotate scale interval page sheet srcType "
    "dstType quality imageDpi";


static ngx_http_cos_allow_t  ngx_http_cos_allow_read;


/* all of these, made once, in chains by the first letter */

static ngx_uint_t            ngx_http_cos_nwords, ngx_http_cos_nbits;
static ngx_http_cos_word_t   ngx_http_cos_words[NGX_HTTP_COS_MAX_WORDS];
static ngx_http_cos_word_t  *ngx_http_cos_letters[32];


char *
ngx_http_cos_allow(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t             *value;
    ngx_uint_t             i, k, group, found;
    ngx_conf_bitmask_t    *mask;
    ngx_http_cos_allow_t  *allow, **allowp;

    allowp = (ngx_http_cos_allow_t **) (p + cmd->offset);

    if (*allowp != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    allow = ngx_pcalloc(cf->pool, sizeof(ngx_http_cos_allow_t));
    if (allow == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        found = 0;
        group = 0;

        for (mask = ngx_http_cos_features; mask->name.len; mask++) {
            if (ngx_strcmp(value[i].data, mask->name.data) == 0) {
                allow->features |= mask->mask;
                found = 1;
            }
        }

        for (mask = ngx_http_cos_groups; mask->name.len; mask++) {
            if (ngx_strcmp(value[i].data, mask->name.data) == 0) {
                group = mask->mask;
            }
        }

        for (k = 0; k < NGX_HTTP_COS_NOPERATIONS; k++) {
            if ((ngx_http_cos_operations[k].group & group)
                || ngx_strcmp(value[i].data,
                              ngx_http_cos_operations[k].action.data)
                   == 0)
            {
                allow->operations[k / 64] |= (uint64_t) 1 << (k % 64);
                found = 1;
            }
        }

        if (!found) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown action, group or feature \"%V\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    *allowp = allow;

    return NGX_CONF_OK;
}


ngx_http_cos_allow_t *
ngx_http_cos_allow_default(void)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_COS_NOPERATIONS; i++) {
        if (ngx_http_cos_operations[i].group & NGX_HTTP_COS_READ) {
            ngx_http_cos_allow_read.operations[i / 64] |= (uint64_t) 1
                                                          << (i % 64);
        }
    }

    return &ngx_http_cos_allow_read;
}


ngx_int_t
ngx_http_cos_init_actions(ngx_conf_t *cf)
{
    uint64_t                   ci;
    const char                *p;
    ngx_uint_t                 i;
    ngx_http_cos_word_t       *word;
    ngx_http_cos_guard_t      *guard;
    ngx_http_cos_operation_t  *op;

    static ngx_uint_t          done;

    if (done) {
        return NGX_OK;
    }

    for (guard = ngx_http_cos_param_guards; guard->name.len; guard++) {
        word = ngx_http_cos_add_word(guard->name.data, guard->name.len);
        if (word == NULL) {
            goto failed;
        }

        word->prefix = guard->prefix;
        word->feature = guard->feature;
    }

    /* others need it, so it has a bit as well */

    if (ngx_http_cos_add_words("ci-process", &ci) != NGX_OK) {
        goto failed;
    }

    for (i = 0; i < NGX_HTTP_COS_NOPERATIONS; i++) {
        op = &ngx_http_cos_operations[i];

        if (ngx_http_cos_add_words(op->selectors, &op->required) != NGX_OK
            || ngx_http_cos_add_words(op->params, &op->accepted) != NGX_OK)
        {
            goto failed;
        }

        op->accepted |= op->required;

        if (op->features & NGX_HTTP_COS_IMAGE) {
            op->accepted |= ci;
        }
    }

    for (p = ngx_http_cos_ci_params; *p; /* void */ ) {
        word = ngx_http_cos_next_word(&p);
        if (word == NULL) {
            goto failed;
        }

        word->feature = NGX_HTTP_COS_IMAGE;
        word->needs = ci;
    }

    for (p = ngx_http_cos_valued_params; *p; /* void */ ) {
        word = ngx_http_cos_next_word(&p);
        if (word == NULL) {
            goto failed;
        }

        word->valued = 1;
    }

    done = 1;

    return NGX_OK;

failed:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "too many parameters in the table of operations");
    return NGX_ERROR;
}


static ngx_int_t
ngx_http_cos_add_words(const char *list, uint64_t *bits)
{
    ngx_http_cos_word_t  *word;

    *bits = 0;

    while (*list) {
        word = ngx_http_cos_next_word(&list);
        if (word == NULL) {
            return NGX_ERROR;
        }

        if (word->bit == 0) {
            if (ngx_http_cos_nbits == 64) {
                return NGX_ERROR;
            }

            word->bit = (uint64_t) 1 << ngx_http_cos_nbits++;
        }

        *bits |= word->bit;
    }

    return NGX_OK;
}


static ngx_http_cos_word_t *
ngx_http_cos_next_word(const char **list)
{
    const char  *p, *last;

    p = *list;

    for (last = p; *last && *last != ' '; last++) { /* void */ }

    *list = *last ? last + 1 : last;

    return ngx_http_cos_add_word((u_char *) p, last - p);
}


static ngx_http_cos_word_t *
ngx_http_cos_add_word(u_char *data, size_t len)
{
    ngx_uint_t            i;
    ngx_http_cos_word_t  *word, **next;

    for (i = 0; i < ngx_http_cos_nwords; i++) {
        word = &ngx_http_cos_words[i];

        if (word->name.len == len && ngx_memcmp(word->name.data, data, len)
                                     == 0)
        {
            return word;
        }
    }

    if (i == NGX_HTTP_COS_MAX_WORDS) {
        return NULL;
    }

    word = &ngx_http_cos_words[ngx_http_cos_nwords++];

    word->name.len = len;
    word->name.data = data;

    for (next = &ngx_http_cos_letters[data[0] % 32];
         *next;
         next = &(*next)->next)
    {
        /* void */
    }

    *next = word;

    return word;
}


ngx_http_cos_word_t *
ngx_http_cos_find_word(ngx_str_t *name)
{
    ngx_http_cos_word_t  *word;

    if (name->len == 0) {
        return NULL;
    }

    for (word = ngx_http_cos_letters[name->data[0] % 32];
         word;
         word = word->next)
    {
        if (name->len != word->name.len
            && !ngx_http_cos_goes_on(word, name))
        {
            continue;
        }

        if (ngx_memcmp(name->data, word->name.data, word->name.len) == 0) {
            return word;
        }
    }

    return NULL;
}


/* with a parameter of the word, or with another word; it is not a longer one */

static ngx_uint_t
ngx_http_cos_goes_on(ngx_http_cos_word_t *word, ngx_str_t *name)
{
    size_t  len;

    len = word->name.len;

    return word->prefix && name->len > len
           && (name->data[len] == '/' || name->data[len] == '|'
               || word->name.data[len - 1] == '/');
}


const ngx_http_cos_operation_t *
ngx_http_cos_next_operation(const ngx_http_cos_operation_t *op,
    ngx_uint_t levels, ngx_uint_t method)
{
    const ngx_http_cos_operation_t  *last;

    last = ngx_http_cos_operations + NGX_HTTP_COS_NOPERATIONS;

    for (op = op ? op + 1 : ngx_http_cos_operations; op < last; op++) {
        if ((op->level & levels) && (op->method & method)) {
            return op;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_cos_allowed(ngx_http_cos_allow_t *allow,
    const ngx_http_cos_operation_t *op)
{
    ngx_uint_t  i;

    i = op - ngx_http_cos_operations;

    return (allow->operations[i / 64] >> (i % 64)) & 1;
}


ngx_uint_t
ngx_http_cos_allows_action(ngx_http_request_t *r, const char *action)
{
    ngx_uint_t                i;
    ngx_http_cos_loc_conf_t  *cclf;

    cclf = ngx_http_get_module_loc_conf(r, ngx_http_cos_module);

    for (i = 0; i < NGX_HTTP_COS_NOPERATIONS; i++) {
        if (ngx_strcmp(ngx_http_cos_operations[i].action.data, action) == 0) {
            return ngx_http_cos_allowed(cclf->allow,
                                        &ngx_http_cos_operations[i]);
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_cos_allowed_methods(ngx_http_cos_allow_t *allow)
{
    ngx_uint_t  i, methods;

    methods = 0;

    for (i = 0; i < NGX_HTTP_COS_NOPERATIONS; i++) {
        if (ngx_http_cos_allowed(allow, &ngx_http_cos_operations[i])) {
            methods |= ngx_http_cos_operations[i].method;
        }
    }

    return methods;
}


ngx_str_t *
ngx_http_cos_feature_name(ngx_uint_t features)
{
    ngx_conf_bitmask_t  *mask;

    for (mask = ngx_http_cos_features; mask->name.len; mask++) {
        if (mask->mask & features) {
            break;
        }
    }

    return &mask->name;
}
