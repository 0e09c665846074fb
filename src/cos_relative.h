
/*
 * Copyright (C) nginx-cos contributors
 *
 * Keys in the XML of COS, as the clients of a location with a PREFIX know
 * them: without it.
 */


#ifndef _COS_RELATIVE_H_INCLUDED_
#define _COS_RELATIVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* a byte of the prefix is at most "&quot;" */
#define COS_RELATIVE_ESCAPE  6

/* what cos_relative_t.raw has to hold */
#define cos_relative_size(prefix_len)  (COS_RELATIVE_ESCAPE * (prefix_len))


typedef enum {
    COS_RELATIVE_TEXT = 0,
    COS_RELATIVE_TAG,
    COS_RELATIVE_KEY
} cos_relative_state_e;


/* zeroed, but for the first three fields */
typedef struct {
    ngx_str_t              prefix;
    ngx_uint_t             url;         /* with encoding-type=url */
    u_char                *raw;         /* what may become the prefix */

    size_t                 nraw;
    size_t                 escape;      /* where in raw one begins, plus 1 */
    size_t                 matched;
    size_t                 tag_len;
    u_char                 tag[16];
    cos_relative_state_e   state;
} cos_relative_t;


/*
 * Takes the prefix from the text of Key, Prefix, Marker, NextMarker, KeyMarker
 * and NextKeyMarker.  Text that does not begin with it is left as it is.  The
 * document may come in parts; dst has room for rel->nraw + len bytes.  Returns
 * the end.
 */
u_char *cos_relative(cos_relative_t *rel, u_char *dst, const u_char *src,
    size_t len);

/* what is left when the document ends within a key: up to rel->nraw bytes */
u_char *cos_relative_end(cos_relative_t *rel, u_char *dst);


#endif /* _COS_RELATIVE_H_INCLUDED_ */
