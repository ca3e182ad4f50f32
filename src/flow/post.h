/* post: what somebody published, once feed has made it clean.
 *
 * Strings are borrowed from the arena that feed was given and live as long as the turn (or as long
 * as whoever carries the post says). `text` is UTF-8, HTML-unescaped, NFC, without control
 * characters but line feeds. */
#ifndef BF_FLOW_POST_H
#define BF_FLOW_POST_H

#include "base/str.h"
#include "base/time.h"

#define POST_TEXT_BYTES_MAX 131072 /* 25,000 characters of four bytes, with room */
#define POST_LINE_BYTES_MAX (1 << 20)

typedef enum post_ref { POST_REF_NONE, POST_REF_RETWEET, POST_REF_QUOTE, POST_REF_REPLY } post_ref;

struct post {
    int64_t id;      /* X's own; else a negative 63-bit hash of (source, native id); never 0 */
    int64_t root_id; /* first id of the edit chain; == id when never edited */
    str source;      /* "x", "bsky", a push source's name */
    str source_id;   /* native id as text */
    str author_id;   /* native, "" if unknown */
    str username;    /* without @, "" if unknown */
    str text;
    str lang;        /* BCP 47 as sent, else detected, else "und" */
    usec created_at; /* published */
    usec received_at;
    post_ref ref;   /* what it refers to first: a retweet before a quote before a reply */
    int64_t ref_id; /* 0 if none */
    bool edited;    /* id != root_id */
    bool deleted; /* no post: word that the post of this id was deleted, at received_at; no text */
    bool missed;  /* fetched after a gap, not seen as it came */
    int64_t likes, reposts, replies, quotes; /* public metrics, -1 unknown */
};

#endif
