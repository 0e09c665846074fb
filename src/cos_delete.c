
/*
 * Copyright (C) nginx-cos contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "cos_delete.h"

#include <libxml/parser.h>


/*
 * The parser is fed piece by piece: markup that does not end within a few
 * pieces is not of this document, and attributes cost libxml2 the square of
 * their number.
 */

#define COS_DELETE_PIECE   1024
#define COS_DELETE_MARKUP  8192


typedef enum {
    COS_DELETE_NOTHING = 0,
    COS_DELETE_ROOT,
    COS_DELETE_OBJECT,
    COS_DELETE_KEY,
    COS_DELETE_VERSION_ID,
    COS_DELETE_QUIET
} cos_delete_element_e;


typedef struct {
    ngx_str_t              name;
    cos_delete_element_e   parent;
    cos_delete_element_e   element;
} cos_delete_element_t;


typedef struct {
    cos_delete_t          *doc;
    cos_delete_object_t   *object;
    xmlParserCtxtPtr       xml;
    ngx_str_t              quiet;
    ngx_str_t             *value;       /* of the element that is open */
    u_char                *last;
    u_char                *end;
    cos_delete_element_e   element;
    unsigned               progress:1;
    unsigned               failed:1;
} cos_delete_parser_t;


static ngx_uint_t cos_delete_is_utf8(const ngx_str_t *body);
static ngx_uint_t cos_delete_says_utf8(const ngx_str_t *body);
static ngx_uint_t cos_delete_is_word(const u_char *p, size_t len,
    const char *word);
static void cos_delete_fail(cos_delete_parser_t *parser);
static void cos_delete_start(void *data, const xmlChar *name,
    const xmlChar *prefix, const xmlChar *uri, int nnamespaces,
    const xmlChar **namespaces, int nattributes, int ndefaulted,
    const xmlChar **attributes);
static void cos_delete_end(void *data, const xmlChar *name,
    const xmlChar *prefix, const xmlChar *uri);
static void cos_delete_text(void *data, const xmlChar *text, int len);
static void cos_delete_doctype(void *data, const xmlChar *name,
    const xmlChar *external_id, const xmlChar *system_id);
static void cos_delete_reference(void *data, const xmlChar *name);
static void cos_delete_instruction(void *data, const xmlChar *target,
    const xmlChar *text);
static size_t cos_delete_escape_len(const ngx_str_t *text);
static u_char *cos_delete_escape(u_char *p, const ngx_str_t *text);


static const cos_delete_element_t  cos_delete_elements[] = {
    { ngx_string("Delete"), COS_DELETE_NOTHING, COS_DELETE_ROOT },
    { ngx_string("Object"), COS_DELETE_ROOT, COS_DELETE_OBJECT },
    { ngx_string("Key"), COS_DELETE_OBJECT, COS_DELETE_KEY },
    { ngx_string("VersionId"), COS_DELETE_OBJECT, COS_DELETE_VERSION_ID },
    { ngx_string("Quiet"), COS_DELETE_ROOT, COS_DELETE_QUIET },
    { ngx_null_string, COS_DELETE_NOTHING, COS_DELETE_NOTHING }
};


ngx_int_t
cos_delete_parse(cos_delete_t *d, const ngx_str_t *body, u_char *text)
{
    int                   rc;
    size_t                left, len, markup;
    u_char               *p;
    xmlSAXHandler         sax;
    cos_delete_parser_t   parser;

    d->nobjects = 0;
    d->quiet = 0;

    if (!cos_delete_is_utf8(body) || !cos_delete_says_utf8(body)) {
        return NGX_DECLINED;
    }

    ngx_memzero(&sax, sizeof(xmlSAXHandler));

    sax.initialized = XML_SAX2_MAGIC;
    sax.startElementNs = cos_delete_start;
    sax.endElementNs = cos_delete_end;
    sax.characters = cos_delete_text;
    sax.ignorableWhitespace = cos_delete_text;
    sax.cdataBlock = cos_delete_text;
    sax.internalSubset = cos_delete_doctype;
    sax.reference = cos_delete_reference;
    sax.processingInstruction = cos_delete_instruction;

    ngx_memzero(&parser, sizeof(cos_delete_parser_t));

    parser.doc = d;
    parser.last = text;
    parser.end = text + body->len;

    parser.xml = xmlCreatePushParserCtxt(&sax, &parser, NULL, 0, NULL);
    if (parser.xml == NULL) {
        return NGX_ERROR;
    }

    (void) xmlCtxtUseOptions(parser.xml, XML_PARSE_NONET|XML_PARSE_NOERROR
                                         |XML_PARSE_NOWARNING
                                         |XML_PARSE_IGNORE_ENC);

    p = body->data;
    left = body->len;
    markup = 0;
    rc = 0;

    while (left && rc == 0 && !parser.failed) {

        len = ngx_min(left, COS_DELETE_PIECE);

        parser.progress = 0;

        rc = xmlParseChunk(parser.xml, (char *) p, len, 0);

        markup = parser.progress ? 0 : markup + len;

        if (markup > COS_DELETE_MARKUP) {
            parser.failed = 1;
        }

        p += len;
        left -= len;
    }

    if (rc == 0 && !parser.failed) {
        rc = xmlParseChunk(parser.xml, NULL, 0, 1);
    }

    xmlFreeParserCtxt(parser.xml);

    if (rc == XML_ERR_NO_MEMORY) {
        return NGX_ERROR;
    }

    if (rc != 0 || parser.failed || d->nobjects == 0) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/*
 * The characters of XML in UTF-8.  In CDATA libxml2 takes overlong forms, with
 * which a slash or a dot is not seen as one.
 */

static ngx_uint_t
cos_delete_is_utf8(const ngx_str_t *body)
{
    u_char      *p, *last;
    uint32_t     ch, min;
    ngx_uint_t   n;

    p = body->data;
    last = p + body->len;

    while (p < last) {

        ch = *p++;

        if (ch < 0x80) {

            if (ch < 0x20 && ch != '\t' && ch != CR && ch != LF) {
                return 0;
            }

            continue;
        }

        if (ch >= 0xf8 || ch < 0xc0) {
            return 0;
        }

        n = (ch >= 0xf0) ? 3 : (ch >= 0xe0) ? 2 : 1;
        min = (n == 3) ? 0x10000 : (n == 2) ? 0x800 : 0x80;

        if ((size_t) (last - p) < n) {
            return 0;
        }

        for (ch &= 0x3f >> n; n; n--, p++) {

            if ((*p & 0xc0) != 0x80) {
                return 0;
            }

            ch = ch << 6 | (*p & 0x3f);
        }

        if (ch < min || ch > 0x10ffff || (ch >= 0xd800 && ch <= 0xdfff)
            || ch == 0xfffe || ch == 0xffff)
        {
            return 0;
        }
    }

    return 1;
}


/*
 * What libxml2 would guess or be told to be another encoding has a zero byte,
 * begins with something else, or says so in its declaration.
 */

static ngx_uint_t
cos_delete_says_utf8(const ngx_str_t *body)
{
    u_char  *p, *last, quote;

    p = body->data;
    last = p + body->len;

    if (last - p >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) {
        p += 3;
    }

    if (last - p < 6 || ngx_strncmp(p, "<?xml", 5) != 0) {
        return p < last && (*p == '<' || *p == ' ' || *p == '\t'
                            || *p == CR || *p == LF);
    }

    last = ngx_strlchr(p, last, '>');
    if (last == NULL) {
        return 0;
    }

    for ( /* void */ ; last - p >= 8; p++) {
        if (ngx_strncmp(p, "encoding", 8) == 0) {
            break;
        }
    }

    if (last - p < 8) {
        return 1;
    }

    for (p += 8; p < last && *p != '"' && *p != '\''; p++) { /* void */ }

    if (last - p < 7) {
        return 0;
    }

    quote = *p++;

    return cos_delete_is_word(p, 5, "utf-8") && p[5] == quote;
}


/* the word is in lower case */

static ngx_uint_t
cos_delete_is_word(const u_char *p, size_t len, const char *word)
{
    size_t  i;

    for (i = 0; i < len && word[i]; i++) {
        if (ngx_tolower(p[i]) != (u_char) word[i]) {
            return 0;
        }
    }

    return i == len && word[i] == '\0';
}


static void
cos_delete_fail(cos_delete_parser_t *parser)
{
    parser->failed = 1;

    xmlStopParser(parser->xml);
}


static void
cos_delete_start(void *data, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int nnamespaces, const xmlChar **namespaces,
    int nattributes, int ndefaulted, const xmlChar **attributes)
{
    cos_delete_parser_t *parser = data;

    cos_delete_t                *doc;
    const cos_delete_element_t  *e;

    if (parser->failed) {
        return;
    }

    parser->progress = 1;

    for (e = cos_delete_elements; e->name.len; e++) {
        if (e->parent == parser->element
            && ngx_strcmp(e->name.data, name) == 0)
        {
            break;
        }
    }

    /* a default namespace is what generators of XML like to put there */

    if (e->name.len == 0 || prefix || nattributes
        || nnamespaces > (e->element == COS_DELETE_ROOT))
    {
        goto failed;
    }

    parser->element = e->element;

    doc = parser->doc;

    switch (e->element) {

    case COS_DELETE_OBJECT:

        if (doc->nobjects == COS_DELETE_MAX) {
            goto failed;
        }

        parser->object = &doc->objects[doc->nobjects++];
        ngx_memzero(parser->object, sizeof(cos_delete_object_t));
        return;

    case COS_DELETE_KEY:
        parser->value = &parser->object->key;
        break;

    case COS_DELETE_VERSION_ID:
        parser->value = &parser->object->version_id;
        break;

    case COS_DELETE_QUIET:
        parser->value = &parser->quiet;
        break;

    default: /* COS_DELETE_ROOT */
        return;
    }

    if (parser->value->data) {
        goto failed;
    }

    parser->value->data = parser->last;

    return;

failed:

    cos_delete_fail(parser);
}


static void
cos_delete_end(void *data, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri)
{
    cos_delete_parser_t *parser = data;

    ngx_str_t                   *quiet;
    const cos_delete_element_t  *e;

    if (parser->failed) {
        return;
    }

    parser->progress = 1;
    parser->value = NULL;

    switch (parser->element) {

    case COS_DELETE_OBJECT:

        if (parser->object->key.len == 0) {
            cos_delete_fail(parser);
            return;
        }

        break;

    case COS_DELETE_QUIET:

        quiet = &parser->quiet;

        if (cos_delete_is_word(quiet->data, quiet->len, "true")) {
            parser->doc->quiet = 1;

        } else if (!cos_delete_is_word(quiet->data, quiet->len, "false")) {
            cos_delete_fail(parser);
            return;
        }

        break;

    default:
        break;
    }

    for (e = cos_delete_elements; e->name.len; e++) {
        if (e->element == parser->element) {
            parser->element = e->parent;
            break;
        }
    }
}


/* the text of an element may come in parts */

static void
cos_delete_text(void *data, const xmlChar *text, int len)
{
    cos_delete_parser_t *parser = data;

    int  i;

    if (parser->failed) {
        return;
    }

    parser->progress = 1;

    if (parser->value) {

        /* decoded text is not longer than the source */

        if (len > parser->end - parser->last) {
            cos_delete_fail(parser);
            return;
        }

        parser->last = ngx_cpymem(parser->last, text, len);
        parser->value->len += len;

        return;
    }

    for (i = 0; i < len; i++) {
        if (text[i] != ' ' && text[i] != '\t' && text[i] != CR
            && text[i] != LF)
        {
            cos_delete_fail(parser);
            return;
        }
    }
}


static void
cos_delete_doctype(void *data, const xmlChar *name,
    const xmlChar *external_id, const xmlChar *system_id)
{
    cos_delete_fail(data);
}


static void
cos_delete_reference(void *data, const xmlChar *name)
{
    cos_delete_fail(data);
}


static void
cos_delete_instruction(void *data, const xmlChar *target, const xmlChar *text)
{
    cos_delete_fail(data);
}


size_t
cos_delete_len(const cos_delete_t *d, const ngx_str_t *prefix)
{
    size_t                len, prefix_len;
    ngx_uint_t            i;
    cos_delete_object_t  *object;

    len = sizeof("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                 "<Delete><Quiet>false</Quiet></Delete>") - 1;

    if (d->quiet) {
        len--;
    }

    prefix_len = cos_delete_escape_len(prefix);

    for (i = 0; i < d->nobjects; i++) {
        object = &d->objects[i];

        len += sizeof("<Object><Key></Key></Object>") - 1 + prefix_len
               + cos_delete_escape_len(&object->key);

        if (object->version_id.len) {
            len += sizeof("<VersionId></VersionId>") - 1
                   + cos_delete_escape_len(&object->version_id);
        }
    }

    return len;
}


u_char *
cos_delete_write(u_char *p, const cos_delete_t *d, const ngx_str_t *prefix)
{
    ngx_uint_t            i;
    cos_delete_object_t  *object;

#define cos_delete_literal(p, text)                                          \
    ngx_cpymem(p, text, sizeof(text) - 1)

    p = cos_delete_literal(p, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
                              "<Delete><Quiet>");

    if (d->quiet) {
        p = cos_delete_literal(p, "true</Quiet>");

    } else {
        p = cos_delete_literal(p, "false</Quiet>");
    }

    for (i = 0; i < d->nobjects; i++) {
        object = &d->objects[i];

        p = cos_delete_literal(p, "<Object><Key>");
        p = cos_delete_escape(p, prefix);
        p = cos_delete_escape(p, &object->key);
        p = cos_delete_literal(p, "</Key>");

        if (object->version_id.len) {
            p = cos_delete_literal(p, "<VersionId>");
            p = cos_delete_escape(p, &object->version_id);
            p = cos_delete_literal(p, "</VersionId>");
        }

        p = cos_delete_literal(p, "</Object>");
    }

    return cos_delete_literal(p, "</Delete>");

#undef cos_delete_literal
}


static size_t
cos_delete_escape_len(const ngx_str_t *text)
{
    size_t  i, len;

    len = text->len;

    for (i = 0; i < text->len; i++) {

        switch (text->data[i]) {

        case '<':
        case '>':
            len += sizeof("&lt;") - 2;
            break;

        case '&':
            len += sizeof("&amp;") - 2;
            break;
        }
    }

    return len;
}


static u_char *
cos_delete_escape(u_char *p, const ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        switch (text->data[i]) {

        case '<':
            p = ngx_cpymem(p, "&lt;", 4);
            break;

        case '>':
            p = ngx_cpymem(p, "&gt;", 4);
            break;

        case '&':
            p = ngx_cpymem(p, "&amp;", 5);
            break;

        default:
            *p++ = text->data[i];
            break;
        }
    }

    return p;
}
