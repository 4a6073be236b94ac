/* print.c - structs to the text of show running-config. */
#include "conf/grammar.h"

#include <stdlib.h>
#include <string.h>

static void
add_lines(struct view lines, const char *indent, struct blob *out)
{
	for (size_t i = 0; i < lines.n; i++) {
		blob_add_byte(out, lines.p[i]);
		if (lines.p[i] == '\n')
			blob_add_str(out, indent);
	}
}

/*
 * The line of one field, when it differs from the default; "no" in front when only the default
 * has one.
 */
static bool
print_row(const struct row *row, const void *object, const void *defaults, const char *indent,
    conf_seal seal, void *seal_arg, struct blob *out, struct err *e)
{
	struct blob now = {0}, usual = {0};
	bool ok = false;

	if (!setting_print(row, object, seal, seal_arg, &now, e))
		goto out;
	if (!setting_print(row, defaults, NULL, NULL, &usual, e))
		goto out;
	if (!view_equal(blob_view(&now), blob_view(&usual))) {
		blob_add_str(out, indent);
		if (now.n == 0)
			blob_add_str(out, "no ");
		add_lines(blob_view(now.n > 0 ? &now : &usual), indent, out);
		blob_add_byte(out, '\n');
	}
	ok = true;
out:
	blob_free(&now);
	blob_free(&usual);
	return ok;
}

/*
 * The password of a kept line: "... password [0|7] TEXT". Text that already is sealed or
 * unreadable has none.
 */
static bool
kept_password(struct view line, size_t *at, char *clear, size_t size)
{
	struct token words[16];
	size_t n = tokens_of(line, false, words, COUNT_OF(words)), type, i = 0;
	char raw[512];

	while (i < n && !word_equal(words[i].text, VIEW("password")))
		i++;
	if (i + 1 >= n || i + 3 < n)
		return false;
	type = i + 2 < n ? i + 1 : 0;
	if (type == 0 ? i != 0 && !word_equal(words[0].text, VIEW("database"))
		      : words[type].text.n != 1)
		return false;
	if (type != 0 && memchr("07", words[type].text.p[0], 2) == NULL)
		return false;
	if (words[n - 1].text.n >= sizeof(raw) || words[n - 1].text.n >= size)
		return false;
	*at = words[i + 1].at;
	memset(raw, 0, sizeof(raw));
	memcpy(raw, words[n - 1].text.p, words[n - 1].text.n);
	if (type == 0 || words[type].text.p[0] == '0')
		memcpy(clear, raw, words[n - 1].text.n + 1);
	else if (!type7_decode(raw, clear, size, NULL))
		*at = 0;
	mem_wipe(raw, sizeof(raw));
	return *at > 0;
}

static bool
print_kept(struct view kept, const char *indent, conf_seal seal, void *seal_arg,
    struct blob *out, struct err *e)
{
	char clear[256], sealed[1024];
	struct view banner = {0}; /* what ends the banner that is open */
	bool ok = true;

	while (ok && kept.n > 0) {
		const uint8_t *end = memchr(kept.p, '\n', kept.n);
		struct view line =
		    view_of(kept.p, end != NULL ? (size_t)(end - kept.p) : kept.n);
		size_t next = line.n + (end != NULL), at = 0;

		blob_add_str(out, banner.n > 0 ? "" : indent);
		if (banner.n > 0) {
			blob_add_view(out, line);
			if (memmem(line.p, line.n, banner.p, banner.n) != NULL)
				banner = (struct view){0};
		} else if (kept_password(line, &at, clear, sizeof(clear))) {
			if (seal == NULL)
				ok = err_set(e, WHY_REFUSED,
				    "a password cannot be printed without the sealing key");
			else
				ok = seal(seal_arg, false, clear, sealed, sizeof(sealed), e);
			blob_add_view(out, view_of(line.p, at));
			if (ok)
				blob_printf(out, "6 %s", sealed);
		} else {
			blob_add_view(out, line);
			banner = banner_delimiter(line);
		}
		blob_add_byte(out, '\n');
		kept = view_of(kept.p + next, kept.n - next);
	}
	mem_wipe(clear, sizeof(clear));
	return ok;
}

static bool
seal_lines(struct blob *kept, conf_seal seal, void *seal_arg, struct err *e)
{
	struct blob sealed = {0};
	bool ok = print_kept(blob_view(kept), "", seal, seal_arg, &sealed, e);

	if (ok && sealed.n > 0) {
		blob_free(kept);
		*kept = sealed;
	} else {
		blob_free(&sealed);
	}
	return ok;
}

bool
conf_seal_kept(struct conf *c, conf_seal seal, void *seal_arg, struct err *e)
{
	bool ok = seal_lines(&c->kept, seal, seal_arg, e);

	for (size_t i = 0; ok && i < c->server_count; i++)
		ok = seal_lines(&c->server[i].kept, seal, seal_arg, e);
	for (size_t i = 0; ok && i < c->trustpoint_count; i++)
		ok = seal_lines(&c->trustpoint[i].kept, seal, seal_arg, e);
	return ok;
}

/* A block of ours: fields, then kept lines. */
static bool
print_block(enum mode mode, const char *head, const char *name, const void *object,
    struct view kept, void *defaults, conf_seal seal, void *seal_arg, struct blob *out,
    struct err *e)
{
	setting_defaults(mode, defaults, name);
	blob_printf(out, "crypto pki %s %s\n", head, name);
	for (size_t i = 0; i < grammar_count; i++)
		if (grammar[i].mode == mode &&
		    !print_row(&grammar[i], object, defaults, " ", seal, seal_arg, out, e))
			return false;
	if (!print_kept(kept, " ", seal, seal_arg, out, e))
		return false;
	blob_add_str(out, "!\n");
	return true;
}

/* Every block that this row opens. */
static bool
print_blocks(const struct row *row, const struct conf *c, bool kept, conf_seal seal,
    void *seal_arg, struct blob *out, struct err *e)
{
	const struct view none = {0};
	struct conf_server *server = mem_get(sizeof(*server));
	struct conf_trustpoint *trustpoint = mem_get(2 * sizeof(*trustpoint));
	bool ok = true;

	for (size_t i = 0; ok && row->type == T_SERVER && i < c->server_count; i++)
		ok = print_block(MODE_SERVER, "server", c->server[i].name, &c->server[i],
		    kept ? blob_view(&c->server[i].kept) : none, server, seal, seal_arg, out,
		    e);
	for (size_t i = 0;
	     ok && row->type == T_TRUSTPOINT && row->value == 0 && i < c->trustpoint_count;
	     i++) {
		const struct conf_trustpoint *t = conf_trustpoint(c, i, &trustpoint[1]);

		ok = t->removed ||
		     print_block(MODE_TRUSTPOINT, "trustpoint", t->name, t,
			 kept ? blob_view(&t->kept) : none, trustpoint, seal, seal_arg, out, e);
	}
	free(server);
	free(trustpoint);
	return ok;
}

static bool
print(const struct conf *c, bool kept, conf_seal seal, void *seal_arg, struct blob *out,
    struct err *e)
{
	struct conf *defaults = mem_get(sizeof(*defaults));
	bool ok = false;

	setting_defaults(MODE_CONFIG, defaults, "");
	defaults->http_server = c->server_count > 0;
	for (size_t i = 0; i < grammar_count; i++)
		if (grammar[i].mode == MODE_CONFIG &&
		    (!print_row(&grammar[i], c, defaults, "", seal, seal_arg, out, e) ||
			!print_blocks(&grammar[i], c, kept, seal, seal_arg, out, e)))
			goto out;
	if (kept && !print_kept(blob_view(&c->kept), "", seal, seal_arg, out, e))
		goto out;
	blob_add_str(out, "end\n");
	ok = true;
out:
	free(defaults);
	return ok;
}

bool
conf_print(
    const struct conf *c, conf_seal seal, void *seal_arg, struct blob *out, struct err *e)
{
	return print(c, true, seal, seal_arg, out, e);
}

bool
conf_print_ours(
    const struct conf *c, conf_seal seal, void *seal_arg, struct blob *out, struct err *e)
{
	return print(c, false, seal, seal_arg, out, e);
}
