/* show_requests.c - show crypto pki server NAME requests. */
#include "show/show_int.h"

static const struct class
{
	const char *key, *title;
} classes[] = {
    {"subordinate_ca", "Subordinate CA certificate requests:"},
    {"ra", "RA certificate requests:"},
    {"router", "Router certificates requests:"},
};

static size_t
class_of(int role)
{
	return role == CERT_SUB_CA ? 0 : role == CERT_RA ? 1 : 2;
}

static const char *const states[] = {
    [REQUEST_PENDING] = "pending",
    [REQUEST_GRANTED] = "granted",
    [REQUEST_REJECTED] = "rejected",
    [REQUEST_EXPIRED] = "expired",
};

static void
put_request(const struct row_request *r, struct tree *o)
{
	uint8_t digest[32];
	struct csr csr;

	tree_put_int(o, "id", r->id);
	tree_put_text(o, "state", show_word(states, COUNT_OF(states), (int)r->state));
	tree_put_text(o, "fingerprint_md5", r->fingerprint);
	sha256(r->csr, digest);
	tree_put_hex(o, "fingerprint_sha256", view_of(digest, sizeof(digest)));
	if (csr_decode(r->csr, &csr, NULL))
		tree_put_name(o, "subject", csr.subject);
	tree_put_text(o, "source", r->source);
	tree_put_text(o, "reason", r->reason);
	tree_put_text(o, "transaction", r->transaction);
	tree_put_when(o, "requested_at", r->made_at);
	tree_put_when(o, "expires_at", r->expires_at);
}

static bool
requests_build(struct show *s, bool *more, struct err *e)
{
	struct store *st = ca_store(s->server->ca);
	struct row_request r;
	struct err why = {0};

	*more = true;
	if (!tree_has(s->tree, "name")) {
		tree_put_text(s->tree, "name", s->server->conf->name);
		for (size_t i = 0; i < COUNT_OF(classes); i++)
			(void)tree_add_array(s->tree, classes[i].key);
	}
	for (int n = 0; n < PIECE; n++) {
		if (!st->table->request_next(st, s->after, &r, &why)) {
			for (size_t i = 0; i < COUNT_OF(classes); i++)
				tree_reverse(
				    tree_get(s->tree, classes[i].key)); /* newest first */
			*more = false;
			return show_absent(&why, e);
		}
		s->after = r.id;
		put_request(
		    &r, tree_add_object(tree_get(s->tree, classes[class_of(r.role)].key)));
	}
	return true;
}

static void
requests_text(const struct show *s, struct blob *out)
{
	const struct tree *o;
	size_t i;

	blob_add_str(out, "Enrollment Request Database:\n");
	for (size_t k = 0; k < COUNT_OF(classes); k++) {
		blob_printf(out,
		    "\n%s\n"
		    "ReqID  State      Fingerprint                      SubjectName\n"
		    "--------------------------------------------------------------\n",
		    classes[k].title);
		for (i = 0; (o = tree_at(tree_get(s->tree, classes[k].key), i)) != NULL; i++) {
			blob_printf(out, "%-6lld %-10s %s %s\n", (long long)tree_int(o, "id"),
			    tree_text(o, "state"), tree_text(o, "fingerprint_md5"),
			    tree_text(o, "subject"));
		}
	}
}

const struct show_command show_requests = {.command = CMD_SHOW_REQUESTS,
    .names = NAMES_RUNNING,
    .build = requests_build,
    .text = requests_text};
