/* set_secret.c - passwords, hooks, profiles and back. */
#include "conf/set.h"

#include <string.h>
#include <strings.h>

bool
set_password(struct setting *s, char bind, char *out, struct err *e)
{
	const struct cap *type = match_cap(s->match, 'e'), *text = match_cap(s->match, bind);
	char raw[512] = {0}, clear[CONF_PASSWORD_MAX] = {0};
	bool ok = false;

	if (!set_text(s, bind, raw, sizeof(raw), e))
		goto out;
	s->at = text != NULL ? text->at : 0;
	if (type != NULL && type->number == 7) {
		ok = type7_decode(raw, clear, sizeof(clear), e);
	} else if (type != NULL && type->number == 6) {
		ok = s->seal != NULL
			 ? s->seal(s->seal_arg, true, raw, clear, sizeof(clear), e)
			 : err_set(e, WHY_REFUSED,
			       "a sealed password needs the sealing key, expected type 0 or 7");
	} else if (type != NULL && type->number != 0) {
		s->at = type->at;
		err_set(e, WHY_BAD_INPUT, "password type %d, expected 0, 6 or 7",
		    (int)type->number);
	} else {
		ok = set_text(s, bind, clear, sizeof(clear), e);
	}
	if (ok)
		memcpy(out, clear, sizeof(clear));
out:
	mem_wipe(raw, sizeof(raw));
	mem_wipe(clear, sizeof(clear));
	return ok;
}

bool
print_password(const struct setting *s, const char *password, struct blob *out, struct err *e)
{
	char sealed[512];

	if (s->seal == NULL)
		return err_set(
		    e, WHY_REFUSED, "a password cannot be printed without the sealing key");
	if (!s->seal(s->seal_arg, false, password, sealed, sizeof(sealed), e))
		return false;
	blob_printf(out, "password 6 %s", sealed);
	return true;
}

bool
apply_archive(struct setting *s, struct err *e)
{
	struct conf_server *server = s->object;

	if (!set_password(s, 'x', server->archive_password, e))
		return false;
	server->archive = match_cap(s->match, 'c')->choice == 0 ? ARCHIVE_PKCS12 : ARCHIVE_PEM;
	return true;
}

bool
print_archive(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	if (server->archive == ARCHIVE_NONE)
		return true;
	add_prefix(s->row, out);
	blob_add_str(out, server->archive == ARCHIVE_PEM ? "pem" : "pkcs12");
	if (server->archive_password[0] == '\0')
		return true;
	blob_add_byte(out, ' ');
	return print_password(s, server->archive_password, out, e);
}

bool
apply_secret(struct setting *s, struct err *e)
{
	return set_password(s, 'x', field_of(s->row, s->object), e);
}

bool
print_secret(const struct setting *s, struct blob *out, struct err *e)
{
	const char *password = field_in(s->row, s->object);

	size_t before = syntax_prefix(s->row->syntax) - strlen("password ");

	if (password[0] == '\0')
		return true;
	blob_add(out, s->row->syntax, before);
	return print_password(s, password, out, e);
}

/* A hook's address: nothing but HTTP, and no secret in what everybody may read. */
static bool
set_hook(struct setting *s, char *out, size_t size, struct err *e)
{
	const struct cap *x = match_cap(s->match, 'x');
	const char *text = (const char *)x->text.p;
	size_t scheme = x->text.n > 8 && strncasecmp(text, "https://", 8) == 0	? 8
			: x->text.n > 7 && strncasecmp(text, "http://", 7) == 0 ? 7
										: 0;

	s->at = x->at;
	if (scheme == 0)
		return err_set(e, WHY_BAD_INPUT, "no HTTP address, expected %s://HOST/PATH",
		    s->row->mode == MODE_SERVER ? "https" : "http");
	for (size_t i = scheme; i < x->text.n && text[i] != '/'; i++)
		if (text[i] == '@') {
			s->at = x->at + i;
			return err_set(e, WHY_REFUSED,
			    "a user name in the address, expected %s",
			    s->row->mode == MODE_SERVER ? "'challenge password' for it"
							: "it without one");
		}
	return set_text(s, 'x', out, size, e);
}

bool
apply_hook(struct setting *s, struct err *e)
{
	return set_hook(s, field_of(s->row, s->object), s->row->size, e);
}

/* The profile that $k names, or the place for it; NULL: there is none. */
static struct conf_profile *
profile_named(struct conf_server *server, struct view name)
{
	for (size_t i = 0; i < server->profile_count; i++)
		if (view_equal_str(name, server->profile[i].name))
			return &server->profile[i];
	return NULL;
}

bool
apply_profile(struct setting *s, struct err *e)
{
	struct conf_server *server = s->object;
	const struct cap *k = match_cap(s->match, 'k');
	struct conf_profile *old = profile_named(server, k->text), new = {0};
	bool ok = true;

	s->at = k->at;
	if (old == NULL && server->profile_count == CONF_PROFILES)
		return err_set(e, WHY_REFUSED, "more profiles than %d, expected no further one",
		    CONF_PROFILES);
	if (old != NULL)
		new = *old;
	memcpy(new.name, k->text.p, k->text.n);
	switch ((enum profile_line)s->row->value) {
	case PROFILE_ITSELF:
		break;
	case PROFILE_CHAIN:
		new.chain = true;
		break;
	case PROFILE_URL:
		ok = set_hook(s, new.challenge_url, sizeof(new.challenge_url), e);
		break;
	case PROFILE_PASSWORD:
		ok = set_password(s, 'x', new.challenge_password, e);
		break;
	}
	if (ok)
		*(old != NULL ? old : &server->profile[server->profile_count++]) = new;
	mem_wipe(&new, sizeof(new));
	return ok;
}

/* All lines of all profiles, each profile's together. */
bool
print_profile(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	for (size_t i = 0; s->row->value == PROFILE_ITSELF && i < server->profile_count; i++) {
		const struct conf_profile *p = &server->profile[i];
		const char *join = out->n > 0 ? "\n" : "";

		if (!p->chain && p->challenge_url[0] == '\0' &&
		    p->challenge_password[0] == '\0')
			blob_printf(out, "%sprofile %s", join, p->name);
		if (p->chain) {
			blob_printf(out, "%sprofile %s chain", join, p->name);
			join = "\n";
		}
		if (p->challenge_url[0] != '\0') {
			blob_printf(out, "%sprofile %s challenge url %s", join, p->name,
			    p->challenge_url);
			join = "\n";
		}
		if (p->challenge_password[0] == '\0')
			continue;
		blob_printf(out, "%sprofile %s challenge ", join, p->name);
		if (!print_password(s, p->challenge_password, out, e))
			return false;
	}
	return true;
}

void
undo_profile(const struct row *row, const struct match *m, struct conf_server *server)
{
	const struct cap *k = match_cap(m, 'k');
	struct conf_profile *p = k != NULL ? profile_named(server, k->text) : NULL;

	if (k == NULL) { /* all of them */
		server->profile_count = 0;
		mem_wipe(server->profile, sizeof(server->profile));
	}
	if (p == NULL)
		return;
	switch ((enum profile_line)row->value) {
	case PROFILE_ITSELF:
		server->profile_count--;
		memmove(p, p + 1,
		    (size_t)(&server->profile[server->profile_count] - p) * sizeof(*p));
		mem_wipe(&server->profile[server->profile_count], sizeof(*p));
		break;
	case PROFILE_CHAIN:
		p->chain = false;
		break;
	case PROFILE_URL:
		mem_wipe(p->challenge_url, sizeof(p->challenge_url));
		break;
	case PROFILE_PASSWORD:
		mem_wipe(p->challenge_password, sizeof(p->challenge_password));
		break;
	}
}
