/* set.c - one matched line to its field and back. */
#include "conf/set.h"

#include <string.h>

#define MORE(f) offsetof(struct conf_server, f), sizeof(((struct conf_server *)0)->f)
#define MORE_TP(f) offsetof(struct conf_trustpoint, f), sizeof(((struct conf_trustpoint *)0)->f)

/* What "no auto-enroll" takes with it: a part of the policy. */
#define RENEWAL                                                                                \
	(offsetof(struct conf_trustpoint, plan.retry_count) -                                  \
	    offsetof(struct conf_trustpoint, plan.auto_enroll))

static const struct {
	bool (*apply)(struct setting *s, struct err *e);
	bool (*print)(const struct setting *s, struct blob *out, struct err *e);
	size_t more_at, more_size; /* further fields that a reset clears */
} types[T_COUNT] = {
    [T_BOOL] = {apply_bool, print_bool, 0, 0},
    [T_TEXT] = {apply_text, print_text, 0, 0},
    [T_DN] = {apply_dn, print_text, 0, 0},
    [T_CHOICE] = {apply_choice, print_choice, 0, 0},
    [T_SPAN] = {apply_span, print_span, 0, 0},
    [T_NUMBER] = {apply_number, print_number, 0, 0},
    [T_UNSIGNED] = {apply_unsigned, print_unsigned, 0, 0},
    [T_PORT] = {apply_port, print_port, 0, 0},
    [T_BITS] = {apply_bits, print_bits, 0, 0},
    [T_EKU] = {apply_eku, print_bits, 0, 0},
    [T_ARCHIVE] = {apply_archive, print_archive, MORE(archive_password)},
    [T_HOOK] = {apply_hook, print_text, 0, 0},
    [T_SECRET] = {apply_secret, print_secret, 0, 0},
    [T_DEPOT] = {apply_depot, print_depot, 0, 0},
    [T_DEPOT_USER] = {apply_depot_user, print_depot_user, MORE(depot[DEPOT_ALL].password)},
    [T_PROFILE] = {apply_profile, print_profile, 0, 0},
    [T_KEY] = {apply_key, print_key, MORE(rsa_bits)},
    [T_EC_KEY] = {apply_ec_key, print_ec_key, MORE(ec_bits)},
    [T_RA_KEY] = {apply_key, print_key, MORE(ra_bits)},
    [T_GRANT] = {apply_grant, print_grant, MORE(grant_no_replace)},
    [T_GRANT_KEEP] = {apply_grant_keep, print_bool, MORE(grant)},
    [T_LEGACY] = {apply_compat, print_compat, MORE(legacy_pattern)},
    [T_ANCIENT] = {apply_compat, print_compat, MORE(ancient_pattern)},
    [T_ROLLOVER] = {apply_rollover, print_rollover, offsetof(struct conf_server, plan.rollover),
	2 * sizeof(when_t)},
    [T_LATE] = {apply_late, print_late, MORE(late_auto)},
    [T_HTTP] = {apply_http, print_http, 0, 0},
    [T_LISTEN] = {apply_listen, print_text, 0, 0},
    [T_TP_KEY] = {apply_key, print_key, MORE_TP(rsa_bits)},
    [T_PROXY] = {apply_proxy, print_proxy, MORE_TP(proxy_port)},
    [T_AUTO_ENROLL] = {apply_auto_enroll, print_auto_enroll,
	offsetof(struct conf_trustpoint, plan.auto_enroll), RENEWAL},
    [T_SHADOW_ONLY] = {apply_shadow_only, print_bool, 0, 0},
    [T_UNLESS_NONE] = {apply_unless_none, print_unless_none, 0, 0},
    [T_TERMINAL] = {apply_terminal, print_terminal, 0, 0},
    [T_FINGERPRINT] = {apply_fingerprint, print_text, 0, 0},
    [T_CHECKS] = {apply_checks, print_checks, 0, 0},
    [T_PATH] = {apply_path, print_text, 0, 0},
    [T_CACHE] = {apply_cache, print_cache, 0, 0},
    [T_REFUSED] = {apply_refused, NULL, 0, 0},
    [T_KEPT] = {apply_kept, NULL, 0, 0},
};

bool
setting_apply(struct setting *s, struct err *e)
{
	s->at = s->match->cap_count > 0 ? s->match->cap[0].at : 0;
	return types[s->row->type].apply(s, e);
}

bool
setting_print(const struct row *row, const void *object, conf_seal seal, void *seal_arg,
    struct blob *out, struct err *e)
{
	struct setting s = {.row = row, .seal = seal, .seal_arg = seal_arg};

	if (types[row->type].print == NULL)
		return true;
	memcpy(&s.object, &object, sizeof(object)); /* only read */
	return types[row->type].print(&s, out, e);
}

static void
apply_initial(const struct row *row, void *object, const char *name)
{
	struct blob line = {0};
	struct match m;
	struct setting s = {.row = row, .match = &m, .object = object};

	for (const char *p = row->initial; *p != '\0'; p++)
		if (*p == '%')
			blob_add_str(&line, name);
		else
			blob_add_byte(&line, (uint8_t)*p);
	match_line(row->mode, blob_view(&line), 0, MATCH_EXACT, &m);
	if (m.outcome == MATCH_OK && !setting_apply(&s, NULL))
		mem_wipe(field_of(row, object), row->size);
	blob_free(&line);
}

void
setting_reset(const struct row *row, void *object, const char *name)
{
	if (row->size > 0)
		mem_wipe(field_of(row, object), row->size);
	if (types[row->type].more_size > 0)
		mem_wipe((char *)object + types[row->type].more_at, types[row->type].more_size);
	if (row->type == T_NUMBER)
		*(int64_t *)field_of(row, object) = -1;
	if (row->initial != NULL)
		apply_initial(row, object, name);
}

void
setting_undo(const struct row *row, const struct match *m, void *object, const char *name)
{
	if (row->type == T_PROFILE)
		undo_profile(row, m, object);
	else
		setting_reset(row, object, name);
}

static const struct {
	size_t size, name; /* of the object; where its name is */
} objects[] = {
    [MODE_CONFIG] = {sizeof(struct conf), 0},
    [MODE_SERVER] = {sizeof(struct conf_server), offsetof(struct conf_server, name)},
    [MODE_TRUSTPOINT] = {sizeof(struct conf_trustpoint),
	offsetof(struct conf_trustpoint, name)},
};

void
setting_defaults(enum mode mode, void *object, const char *name)
{
	mem_wipe(object, objects[mode].size);
	for (size_t i = 0; i < grammar_count; i++)
		if (grammar[i].mode == mode)
			setting_reset(&grammar[i], object, name);
	if (mode != MODE_CONFIG)
		snprintf((char *)object + objects[mode].name, CONF_NAME_MAX, "%s", name);
}

size_t
syntax_prefix(const char *syntax)
{
	size_t i = 0;

	while (syntax[i] != '\0' && strchr("[<{(", syntax[i]) == NULL &&
	       (syntax[i] < 'A' || syntax[i] > 'Z'))
		i++;
	return i;
}

void
syntax_plain(const struct row *row, struct blob *out)
{
	for (const char *p = row->syntax; *p != '\0'; p++)
		if (*p == '$' && p[1] != '\0')
			p++;
		else if (*p == '(' || *p == ')')
			blob_add_str(out, *p == '(' ? "{" : "}...");
		else
			blob_add_byte(out, (uint8_t)*p);
	if (row->flags & SHOWS)
		blob_add_str(out, " [json]");
}
