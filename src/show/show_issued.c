/* show_issued.c - show crypto pki server NAME certificates. */
#include <string.h>

#include "show/show_int.h"

static const char *const kinds[] = {
    [CERT_INITIAL] = "initial",
    [CERT_RENEWAL] = "renewal",
    [CERT_SHADOW] = "shadow",
    [CERT_RA] = "ra",
    [CERT_SUB_CA] = "sub-ca",
    [CERT_ADOPTED] = "adopted",
    [CERT_LINK] = "link",
};

static bool
issued_build(struct show *s, bool *more, struct err *e)
{
	(void)e;
	*more = false;
	tree_put_text(s->tree, "name", s->server->conf->name);
	return true;
}

static void
issued_text(const struct show *s, struct blob *out)
{
	(void)s;
	blob_printf(out, "%-7s %-24s %-24s  %s\n", "Serial", "Issued date", "Expire date",
	    "Subject Name");
}

static void
put_cert(const struct row_cert *c, struct tree *o)
{
	tree_put_hex(o, "serial", c->serial);
	tree_put_when(o, "not_before", c->not_before);
	tree_put_when(o, "not_after", c->not_after);
	tree_put_name(o, "subject", c->subject);
	tree_put_int(o, "generation", c->generation);
	tree_put_text(o, "kind", show_word(kinds, COUNT_OF(kinds), (int)c->kind));
	tree_put_text(o, "granted_by", c->granted_by);
	tree_put_when(o, "made_at", c->made_at);
	if (c->revoked_at == 0)
		return;
	tree_put_when(o, "revoked_at", c->revoked_at);
	tree_put_text(
	    o, "revoked_why", show_word(show_reasons, show_reason_count, c->revoked_why));
}

/* A certificate of the next CA: did its client say that it arrived? Ends what *c borrows. */
static bool
put_confirmed(struct store *st, const struct row_cert *c, struct tree *o, struct err *e)
{
	int64_t intent = c->intent;
	struct row_client client;
	struct err why = {0};
	uint8_t identity[32];

	if (c->kind != CERT_SHADOW || c->identity.n != sizeof(identity))
		return true;
	memcpy(identity, c->identity.p, sizeof(identity));
	if (!st->table->client_get(st, view_of(identity, sizeof(identity)), &client, &why))
		return show_absent(&why, e);
	if (client.confirmed == intent)
		tree_put_bool(o, "confirmed", true);
	return true;
}

/* Intents not signed yet and void ones are passed over: nobody holds them. */
static bool
issued_rows(struct show *s, struct tree *rows, bool *more, struct err *e)
{
	struct store *st = ca_store(s->server->ca);
	struct row_cert c;
	struct err why = {0};
	struct tree *row;

	*more = true;
	for (int n = 0; n < PIECE; n++) {
		if (!st->table->cert_next(st, s->after, &c, &why)) {
			*more = false;
			return show_absent(&why, e);
		}
		s->after = c.intent;
		if (c.state != CERT_ISSUED)
			continue;
		row = tree_add_object(rows);
		put_cert(&c, row);
		if (!put_confirmed(st, &c, row, e))
			return false;
	}
	return true;
}

/* IOS drops the zero before a single digit here. */
static void
issued_row_text(const struct show *s, const struct tree *o, struct blob *out)
{
	const char *serial = tree_text(o, "serial");
	char from[WHEN_TEXT], until[WHEN_TEXT];

	(void)s;
	if (serial[0] == '0' && serial[1] != 0)
		serial++;
	blob_printf(out, "%-7s %-24s %-24s  %s\n", serial, tree_ios(o, "not_before", from),
	    tree_ios(o, "not_after", until), tree_text(o, "subject"));
}

const struct show_command show_issued = {
    .command = CMD_SHOW_ISSUED,
    .names = NAMES_RUNNING,
    .build = issued_build,
    .text = issued_text,
    .list = "certificates",
    .rows = issued_rows,
    .row_text = issued_row_text,
};
