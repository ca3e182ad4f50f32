/* dress: what an answer wears on its way: a name of its bytes (ETag), and gzip. */
#ifndef BF_API_DRESS_H
#define BF_API_DRESS_H

#include "api/request.h"

/* Does an Accept-Encoding take gzip? One that is not there does not. */
bool api_takes_gzip(str accept_encoding);
/* Is this tag ("\"abc\"") among those of an If-None-Match? */
bool api_tag_matches(str if_none_match, str tag);

/* Where the answer is 200 and not to be kept by nobody (Cache-Control: no-store): gives it an ETag
 * if it has none, answers 304 if the client has it already, and packs it if that helps and is
 * taken. */
void api_answer_dress(struct api_answer *a, const struct api_head *h);

#endif
