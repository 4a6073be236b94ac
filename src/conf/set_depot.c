/* set_depot.c - where copies are put, and back. */
#include "conf/set.h"

#include <string.h>
#include <strings.h>

bool
conf_copies_to(const char *url)
{
	static const char *const schemes[] = {"ftp://", "ftps://", "http://", "https://"};

	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* A directory at a server: no secret in what everybody may read, and nothing behind the path.
 */
static bool
set_directory(struct setting *s, char *out, size_t size, struct err *e)
{
	const struct cap *x = match_cap(s->match, 'x');
	char url[512] = {0};
	size_t host, odd;

	if (!set_text(s, 'x', url, sizeof(url), e))
		return false;
	if (conf_copies_to(url)) {
		host = (size_t)(strstr(url, "://") - url) + 3;
		odd = host + strcspn(url + host, "@/");
		s->at = x->at + odd;
		if (url[odd] == '@')
			return err_set(e, WHY_REFUSED,
			    "a user name in the address, expected 'username' for it");
		odd = host + strcspn(url + host, "?#");
		s->at = x->at + odd;
		if (url[odd] != '\0')
			return err_set(e, WHY_BAD_INPUT,
			    "'%c' in the address, expected that of a directory", url[odd]);
	}
	memcpy(out, url, size);
	return true;
}

static bool
set_user(struct setting *s, struct conf_depot *d, struct err *e)
{
	return set_text(s, 'u', d->user, sizeof(d->user), e) &&
	       set_password(s, 'y', d->password, e);
}

static bool
print_user(const struct setting *s, const struct conf_depot *d, struct blob *out, struct err *e)
{
	if (d->user[0] == '\0')
		return true;
	blob_printf(out, "username %s", d->user);
	if (d->password[0] == '\0')
		return true;
	blob_add_byte(out, ' ');
	return print_password(s, d->password, out, e);
}

/* The bare form has its user in a line apart. */
static bool
has_user(const struct row *row)
{
	return row->size == sizeof(struct conf_depot);
}

bool
apply_depot(struct setting *s, struct err *e)
{
	struct conf_depot *d = field_of(s->row, s->object), new = *d;
	bool ok = set_directory(s, new.url, sizeof(new.url), e) &&
		  (!has_user(s->row) || set_user(s, &new, e));

	if (ok)
		*d = new;
	mem_wipe(&new, sizeof(new));
	return ok;
}

bool
print_depot(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_depot *d = field_in(s->row, s->object);

	if (!print_text(s, out, e) || out->n == 0 || !has_user(s->row) || d->user[0] == '\0')
		return true;
	blob_add_byte(out, ' ');
	return print_user(s, d, out, e);
}

bool
apply_depot_user(struct setting *s, struct err *e)
{
	return set_user(s, &((struct conf_server *)s->object)->depot[DEPOT_ALL], e);
}

bool
print_depot_user(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_depot *d = &((const struct conf_server *)s->object)->depot[DEPOT_ALL];

	if (d->user[0] == '\0')
		return true;
	blob_add_str(out, "database ");
	return print_user(s, d, out, e);
}
