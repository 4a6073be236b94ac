/*
 * set.h - inner to set_*.c: what each type of row does with its field.
 */
#ifndef CONF_SET_H
#define CONF_SET_H

#include "conf/grammar.h"

void *field_of(const struct row *row, void *object);
const void *field_in(const struct row *row, const void *object);
/* The key words in front of the first argument. */
void add_prefix(const struct row *row, struct blob *out);
/* The argument of this letter as text; empty when it was left out. */
bool set_text(struct setting *s, char bind, char *out, size_t size, struct err *e) MUST_USE;
/* Days, hours and minutes, bound to these three letters. */
when_t span_of(const struct match *m, const char *letters);
/* In days, hours and minutes from this unit on, as the grammar has them. */
void print_dhm(when_t span, when_t unit, struct blob *out);
/* The argument of this letter as a password of type $e; out holds CONF_PASSWORD_MAX. */
bool set_password(struct setting *s, char bind, char *out, struct err *e) MUST_USE;
bool print_password(
    const struct setting *s, const char *password, struct blob *out, struct err *e) MUST_USE;
void undo_profile(const struct row *row, const struct match *m, struct conf_server *server);

#define SETTING(name)                                                                          \
	bool apply_##name(struct setting *s, struct err *e) MUST_USE;                          \
	bool print_##name(const struct setting *s, struct blob *out, struct err *e) MUST_USE
#define SETTING_APPLY(name) bool apply_##name(struct setting *s, struct err *e) MUST_USE

/* set_plain.c */
SETTING(bool);
SETTING(text);
SETTING_APPLY(dn);
SETTING(choice);
SETTING(span);
SETTING(number);
SETTING(unsigned);
SETTING(port);
SETTING(bits);
SETTING_APPLY(eku);
SETTING_APPLY(refused);
SETTING_APPLY(kept);
/* set_secret.c */
SETTING(archive);
SETTING(secret);
SETTING_APPLY(hook);
SETTING(profile);
/* set_depot.c */
SETTING(depot);
SETTING(depot_user);
/* set_server.c */
SETTING(key);
SETTING(ec_key);
SETTING(grant);
SETTING_APPLY(grant_keep);
SETTING(compat);
SETTING(rollover);
SETTING(late);
SETTING(http);
SETTING_APPLY(listen);
/* set_trustpoint.c */
SETTING(proxy);
SETTING(auto_enroll);
SETTING_APPLY(shadow_only);
SETTING(unless_none);
SETTING(terminal);
SETTING_APPLY(fingerprint);
SETTING(checks);
SETTING_APPLY(path);
SETTING(cache);

#endif
