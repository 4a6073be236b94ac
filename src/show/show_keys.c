/* show_keys.c - show crypto key mypubkey rsa. */
#include <string.h>

#include "show/show_int.h"

#define GROUPS_A_LINE 8

static bool
put_key(const char *label, struct view spki, when_t made_at, struct tree *o, struct err *e)
{
	struct spki key;

	if (!spki_decode(spki, &key, e))
		return err_prefix(e, "stored key");
	tree_put_when(o, "generated_at", made_at);
	tree_put_text(o, "name", label);
	tree_put_text(o, "type", key.kind == KEY_RSA ? "RSA" : "EC");
	tree_put_int(o, "bits", key.bits);
	tree_put_text(o, "storage", "signer");
	tree_put_text(o, "usage", "General Purpose Key");
	tree_put_bool(o, "exportable", false);
	tree_put_hex(o, "data", spki);
	return true;
}

static bool
put_ra(struct store *st, const struct row_generation *g, struct tree *list, struct err *e)
{
	char label[KEY_LABEL_MAX];
	struct row_cert row;
	struct cert c;

	(void)snprintf(label, sizeof(label), "%s", g->ra_label);
	if (!st->table->cert_get(st, g->ra_intent, &row, e))
		return false;
	if (row.state != CERT_ISSUED)
		return true;
	return cert_decode(row.body, &c, e) &&
	       put_key(label, c.key.whole, row.made_at, tree_add_object(list), e);
}

static bool
put_server(const struct show_server *server, struct tree *list, struct err *e)
{
	struct store *st = ca_store(server->ca);
	struct row_generation g;
	int64_t last;
	struct err why = {0};

	if (!st->table->generation_last(st, &last, &why))
		return show_absent(&why, e);
	for (int64_t n = ca_generation(server->ca); n > 0 && n <= last; n++) {
		if (!st->table->generation_get(st, n, &g, &why)) {
			if (!show_absent(&why, e))
				return false;
			continue;
		}
		if (g.key_label[0] == '\0') /* cancelled, and destroyed */
			continue;
		/* The row's own date moves whenever the row is written; a key is older than its
		 * certificate. */
		if (!put_key(g.key_label, g.spki,
			g.cert.n > 0 ? when_min(g.made_at, g.not_before) : g.made_at,
			tree_add_object(list), e))
			return false;
		if (g.ra_intent != 0 && !put_ra(st, &g, list, e))
			return false;
	}
	return true;
}

static bool
keys_build(struct show *s, bool *more, struct err *e)
{
	struct tree *list = tree_add_array(s->tree, "keys");

	*more = false;
	for (size_t i = 0; i < s->w->server_count; i++)
		if (s->w->server[i].ca != NULL && !put_server(&s->w->server[i], list, e))
			return false;
	return true;
}

/* Four octets a group, eight groups a line; what is left over stays on the last line. */
static void
data_text(const char *hex, struct blob *out)
{
	size_t n = strlen(hex);

	for (size_t i = 0; i < n; i += 8) {
		bool start = i / 8 % GROUPS_A_LINE == 0 && (i == 0 || n - i >= 8);

		blob_add_str(out, start ? (i == 0 ? "  " : "\n  ") : " ");
		blob_printf(out, "%.8s", hex + i);
	}
	blob_add_byte(out, '\n');
}

static void
keys_text(const struct show *s, struct blob *out)
{
	const struct tree *o;
	char t[WHEN_TEXT];
	size_t i;

	for (i = 0; (o = tree_at(tree_get(s->tree, "keys"), i)) != NULL; i++) {
		blob_printf(
		    out, "%% Key pair was generated at: %s\n", tree_ios(o, "generated_at", t));
		blob_printf(out, "Key name: %s\nKey type: %s KEYS\n", tree_text(o, "name"),
		    tree_text(o, "type"));
		blob_printf(out, " Storage Device: %s\n Usage: %s\n", tree_text(o, "storage"),
		    tree_text(o, "usage"));
		blob_printf(out, " Key is %sexportable.\n Key Data:\n",
		    tree_is(o, "exportable") ? "" : "not ");
		data_text(tree_text(o, "data"), out);
	}
}

const struct show_command show_keys = {
    .command = CMD_SHOW_KEYS, .build = keys_build, .text = keys_text};
