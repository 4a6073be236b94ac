/*
 * fuzz_address.c - SCEP addresses and base64.
 *
 * Input: method, path, '?', query, '?', body.
 */
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

static struct view
cut(struct view *v)
{
	const uint8_t *at = v->n ? memchr(v->p, '?', v->n) : NULL;
	struct view before = view_of(v->p, at ? (size_t)(at - v->p) : v->n);

	*v = at ? view_of(at + 1, v->n - before.n - 1) : (struct view){0};
	return before;
}

static void
base64_there_and_back(struct view v)
{
	struct blob octets = {0}, text = {0}, again = {0};

	if (base64_decode(v, &octets, NULL)) {
		base64_encode(blob_view(&octets), &text);
		if (!base64_decode(blob_view(&text), &again, NULL) ||
		    !view_equal(blob_view(&octets), blob_view(&again)))
			abort();
	}
	blob_free(&octets);
	blob_free(&text);
	blob_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data + 1, size ? size - 1 : 0);
	struct http_request rq = {.method = size ? (enum http_method)(data[0] % 3) : HTTP_GET};
	struct scep_address a = {0};
	struct err e = {0};
	int status = 0;

	if (!size)
		return 0;
	base64_there_and_back(v);
	rq.path = cut(&v);
	rq.query = cut(&v);
	rq.body = v;
	if (scep_address_parse(&rq, &a, &status, &e)) {
		if (a.op == OP_NONE || (a.op == OP_PKIOPERATION) != (a.message.n > 0) ||
		    strlen(a.ca) > 63 || strchr(a.ca, '/'))
			abort();
	} else if ((status != 400 && status != 404 && status != 405) || e.why == WHY_NONE ||
		   a.message.p) {
		abort();
	}
	blob_free(&a.message);
	return 0;
}
