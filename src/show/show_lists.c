/* show_lists.c - show crypto pki crls. */
#include "show/show_int.h"

static void
put_list(const struct show_list *l, struct tree *o)
{
	tree_put_name(o, "issuer", l->issuer);
	tree_put_when(o, "this_update", l->this_update);
	if (l->next_update != WHEN_NEVER)
		tree_put_when(o, "next_update", l->next_update);
	tree_put_when(o, "fetched_at", l->fetched_at);
	if (l->update_at != WHEN_NEVER)
		tree_put_when(o, "update_at", l->update_at);
	if (l->number >= 0)
		tree_put_int(o, "number", l->number);
	tree_put_int(o, "entries", (int64_t)l->entries);
	tree_put_int(o, "size", (int64_t)l->size);
	tree_put_text(o, "url", l->url);
}

static bool
lists_build(struct show *s, bool *more, struct err *e)
{
	struct tree *rows = tree_add_array(s->tree, "crls");

	(void)e;
	*more = false;
	for (size_t i = 0; i < s->w->list_count; i++)
		put_list(&s->w->lists[i], tree_add_object(rows));
	return true;
}

static void
list_text(const struct tree *o, struct blob *out)
{
	const struct tree *rdn;
	char t[WHEN_TEXT];

	blob_add_str(out, "CRL Issuer Name:\n");
	for (size_t i = 0; (rdn = tree_at(tree_get(o, "issuer_rdns"), i)) != NULL; i++)
		blob_printf(out, "    %s\n", tree_string(rdn));
	blob_printf(out, "    LastUpdate: %s\n", tree_ios(o, "this_update", t));
	blob_printf(out, "    NextUpdate: %s\n",
	    tree_has(o, "next_update") ? tree_ios(o, "next_update", t) : "not said");
	blob_printf(out, "    CRL downloaded at: %s\n", tree_ios(o, "fetched_at", t));
	blob_add_str(out, "    Retrieved from CRL Distribution Point:\n");
	blob_printf(out, "      %s\n",
	    tree_text(o, "url")[0] != 0 ? tree_text(o, "url")
					: "** CDP Not Published - Retrieved via SCEP");
	if (tree_has(o, "number"))
		blob_printf(out, "    CRL number: %lld\n", (long long)tree_int(o, "number"));
	blob_printf(
	    out, "    Number of CRL entries: %lld\n", (long long)tree_int(o, "entries"));
	blob_printf(out, "    CRL DER is %lld bytes\n", (long long)tree_int(o, "size"));
}

static void
lists_text(const struct show *s, struct blob *out)
{
	const struct tree *o, *rows = tree_get(s->tree, "crls");

	for (size_t i = 0; (o = tree_at(rows, i)) != NULL; i++) {
		if (i > 0)
			blob_add_byte(out, '\n');
		list_text(o, out);
	}
	if (tree_count(rows) == 0)
		blob_add_str(out, "No revocation list is kept\n");
}

const struct show_command show_crls = {
    .command = CMD_SHOW_CRLS, .build = lists_build, .text = lists_text};
