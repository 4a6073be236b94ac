/*
 * fuzz_http.c - the request parser, whole and in pieces.
 *
 * The first octet is the size of the pieces, the rest a connection. Requests and verdict must
 * be the same either way.
 */
#include <stdlib.h>
#include <string.h>

#include "net/http_parse.h"

/* Everything that a reader of the parser could see, in text. */
static void
run(struct view in, size_t piece, struct blob *seen)
{
	struct http_parse p = {0};

	while (in.n && p.stage != HTTP_BAD) {
		size_t n = in.n < piece ? in.n : piece;
		size_t used = http_parse_feed(&p, view_of(in.p, n));

		if (used > n || (p.stage < HTTP_WHOLE && used != n))
			abort();
		in = view_of(in.p + used, in.n - used);
		if (in.n == 0)
			http_parse_end(&p);
		if (p.stage != HTTP_WHOLE)
			continue;
		if (!p.path.n || p.path.p[0] != '/' || memchr(p.path.p, 0, p.path.n) ||
		    p.body.n > HTTP_BODY_MAX)
			abort();
		blob_printf(seen, "%d %d %d ", p.method, p.minor, p.keep_alive);
		blob_add_sized(seen, blob_view(&p.path));
		blob_add_sized(seen, blob_view(&p.query));
		blob_add_sized(seen, blob_view(&p.body));
		blob_add_sized(seen, blob_view(&p.if_none_match));
		http_parse_next(&p);
	}
	blob_printf(seen, "%d %d", p.stage, p.stage == HTTP_BAD ? p.status : 0);
	http_parse_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct blob whole = {0}, pieces = {0};

	if (size == 0)
		return 0;
	run(view_of(data + 1, size - 1), SIZE_MAX, &whole);
	run(view_of(data + 1, size - 1), 1 + data[0] % 32, &pieces);
	if (!view_equal(blob_view(&whole), blob_view(&pieces)))
		abort();
	blob_free(&whole);
	blob_free(&pieces);
	return 0;
}
