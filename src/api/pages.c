/* pages: the dashboard over HTTP.
 *
 * In: a path that no other route has. Out: the file, with a policy where it is a page; what is not
 * there is the dashboard's own 404 page. Files whose name has a hash of their bytes are kept by
 * browsers for good, the others are asked for again and mostly answered 304.
 */
#include "api/core.h"
#include "api/dress.h"

static const char not_built[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>bullfinch</title>\n"
    "<h1>The dashboard was not built</h1>\n"
    "<p>bullfinch is running, but this program was built without its dashboard. Run "
    "<code>make web</code> and <code>make</code>, then start it again; or set "
    "<code>api.web_dir</code> to a folder that has it.</p>\n"
    "<p>The HTTP interface is here: <a href=\"/health\">/health</a>, "
    "<a href=\"/api/openapi.yaml\">/api/openapi.yaml</a>.</p>\n</html>\n";

static void put_not_built(const struct api_request *rq, struct api_answer *ret) {
    if (!str_eq(rq->path, STR("/"))) {
        api_problem(ret, 404, "NOT_FOUND",
                    "There is nothing at " STR_FMT "; docs/api.md lists what there is.",
                    STR_ARG(str_head(rq->path, 200)));
        return;
    }
    ret->status = 404;
    ret->type = "text/html; charset=utf-8";
    ret->fixed = (str){not_built, sizeof not_built - 1};
}

static void put_file(const struct api_request *rq, const struct api_file *f, bool built,
                     struct api_answer *ret) {
    const bool packed = f->packed.p != NULL && api_takes_gzip(rq->head.accept_encoding);
    const str bytes = packed ? f->packed : f->bytes;
    ret->type = f->type;
    if (built)
        ret->fixed = bytes;
    else
        buf_put(&ret->body, bytes);
    if (packed) api_answer_header(ret, "Content-Encoding", "gzip");
    if (built)
        api_answer_header_printf(ret, "ETag", "\"" STR_FMT "%s\"", STR_ARG(f->tag),
                                 packed ? "-gz" : "");
    if (f->packed.p != NULL) api_answer_vary(ret, "Accept-Encoding");
    api_answer_header(ret, "Cache-Control",
                      f->forever ? "public, max-age=31536000, immutable" : "no-cache");
    if (f->csp != NULL && built) api_answer_header(ret, "Content-Security-Policy", f->csp);
    if (f->csp != NULL && !built) /* it goes with the arena */
        api_answer_header_printf(ret, "Content-Security-Policy", "%s", f->csp);
    api_answer_header(ret, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
}

void api_get_file(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    const struct api_files *const files = api_core_files(c);
    const bool built = api_core_options(c)->web_dir.n == 0;
    struct api_file f;
    if (!api_files_exist(files)) {
        put_not_built(rq, ret);
        return;
    }
    const bool found = api_files_find(files, rq->a, rq->path, &f);
    if (!found && !api_files_find(files, rq->a, STR("/404.html"), &f)) {
        api_problem(ret, 404, "NOT_FOUND", "There is nothing at " STR_FMT ".",
                    STR_ARG(str_head(rq->path, 200)));
        return;
    }
    put_file(rq, &f, built, ret);
    if (!found) ret->status = 404;
}
