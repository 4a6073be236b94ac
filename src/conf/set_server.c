/* set_server.c - fields of a server and back. */
#include "conf/set.h"

#include <string.h>

/* Where the bits of this label are. */
static int *
bits_of(const struct row *row, void *object)
{
	struct conf_trustpoint *tp = object;
	struct conf_server *server = object;

	if (row->mode == MODE_TRUSTPOINT)
		return &tp->rsa_bits;
	return row->type == T_RA_KEY ? &server->ra_bits : &server->rsa_bits;
}

bool
apply_key(struct setting *s, struct err *e)
{
	const struct cap *bits = match_cap(s->match, 'b');

	*bits_of(s->row, s->object) = bits != NULL ? (int)bits->number : 2048;
	return apply_text(s, e);
}

bool
print_key(const struct setting *s, struct blob *out, struct err *e)
{
	if (!print_text(s, out, e))
		return false;
	if (out->n > 0)
		blob_printf(out, " %d", *bits_of(s->row, s->object));
	return true;
}

bool
apply_ec_key(struct setting *s, struct err *e)
{
	static const int curves[] = {256, 384, 521};
	struct conf_server *server = s->object;
	const struct cap *bits = match_cap(s->match, 'b');

	server->ec_bits = curves[bits != NULL ? bits->choice : 0];
	return apply_text(s, e);
}

bool
print_ec_key(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	if (!print_text(s, out, e))
		return false;
	if (out->n > 0)
		blob_printf(out, " %d", server->ec_bits);
	return true;
}

bool
apply_grant(struct setting *s, struct err *e)
{
	((struct conf_server *)s->object)->grant_no_replace = false;
	return apply_choice(s, e);
}

bool
print_grant(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	return server->grant == GRANT_MANUAL || server->grant_no_replace
		   ? true
		   : print_choice(s, out, e);
}

bool
apply_grant_keep(struct setting *s, struct err *e)
{
	((struct conf_server *)s->object)->grant = GRANT_AUTO;
	return apply_bool(s, e);
}

bool
apply_compat(struct setting *s, struct err *e)
{
	struct conf_server *server = s->object;
	char *pattern =
	    s->row->type == T_ANCIENT ? server->ancient_pattern : server->legacy_pattern;

	if (!set_text(s, 'x', pattern, sizeof(server->ancient_pattern), e))
		return false;
	return apply_bool(s, e);
}

bool
print_compat(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;
	const char *pattern =
	    s->row->type == T_ANCIENT ? server->ancient_pattern : server->legacy_pattern;

	(void)e;
	if (*(const bool *)field_in(s->row, s->object)) {
		add_prefix(s->row, out);
		blob_add_str(out, pattern);
		if (pattern[0] == '\0')
			out->n--; /* the blank */
	}
	return true;
}

bool
apply_rollover(struct setting *s, struct err *e)
{
	struct plan_ca_policy *p = &((struct conf_server *)s->object)->plan;

	(void)e;
	p->auto_rollover = true;
	p->rollover = match_cap(s->match, 'd') != NULL ? span_of(s->match, "dhm") : 30 * DAY;
	p->overlap = span_of(s->match, "DHM");
	return true;
}

bool
print_rollover(const struct setting *s, struct blob *out, struct err *e)
{
	const struct plan_ca_policy *p = &((const struct conf_server *)s->object)->plan;

	(void)e;
	if (!p->auto_rollover)
		return true;
	add_prefix(s->row, out);
	print_dhm(p->rollover, DAY, out);
	if (p->overlap > 0) {
		blob_add_str(out, " overlap ");
		print_dhm(p->overlap, DAY, out);
	}
	return true;
}

bool
apply_late(struct setting *s, struct err *e)
{
	struct conf_server *server = s->object;

	(void)e;
	server->plan.late = span_of(s->match, "dhm");
	server->late_auto = match_cap(s->match, 'a') != NULL;
	return true;
}

bool
print_late(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	(void)e;
	if (server->plan.late > 0)
		blob_printf(out, "grant late %lld%s", (long long)(server->plan.late / DAY),
		    server->late_auto ? " auto" : "");
	return true;
}

bool
apply_http(struct setting *s, struct err *e)
{
	((struct conf *)s->object)->http_server = true;
	return apply_port(s, e);
}

bool
print_http(const struct setting *s, struct blob *out, struct err *e)
{
	(void)e;
	if (((const struct conf *)s->object)->http_server)
		blob_add_str(out, "ip http server");
	return true;
}

bool
apply_listen(struct setting *s, struct err *e)
{
	return apply_text(s, e) && apply_port(s, e);
}
