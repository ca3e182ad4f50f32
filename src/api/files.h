/* files: the dashboard, as files that are part of the program or stand in a folder. */
#ifndef BF_API_FILES_H
#define BF_API_FILES_H

#include "base/arena.h"
#include "base/buf.h"

/* As web_pack.py writes them, sorted by path. Bytes stand at `at` in bf_web, the packed ones behind
 * them; packed_bytes 0: not smaller. */
struct web_file {
    const char *path, *type, *tag;
    int64_t at, bytes, packed_bytes;
    bool forever;
};
extern const struct web_file bf_web_files[];
extern const int bf_web_file_count;
extern const char bf_web[];

struct api_file {
    const char *type;
    str bytes, packed; /* packed.p NULL: there is none */
    str tag;           /* names these bytes */
    bool forever;      /* its name changes with its bytes */
    bool is_page;
    const char *csp; /* of a page: its Content-Security-Policy */
};

struct api_files;
/* dir: empty for the program's own, else the folder that is read with each request. Borrowed. */
struct api_files *api_files_new(struct arena *boot, str dir);
/* Is there a dashboard at all? */
bool api_files_exist(const struct api_files *f);
/* What stands at a path, as a request has it: "/" is index.html, "/trade" is trade.html. What is in
 * `ret` lives as long as `a`. False: nothing; also for paths that name what is outside, or hidden.
 */
MUST_CHECK bool api_files_find(const struct api_files *f, struct arena *a, str path,
                               struct api_file *ret);

/* The policy of a page: its own origin, and its inline scripts by their hashes alone. */
void api_csp_put(struct buf *out, str html);

#endif
