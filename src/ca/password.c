/* password.c - one-time passwords. */
#include "ca/ca_int.h"

#define PASSWORD_OCTETS 16

/* Passwords are hashed with a salt of this authority's own. They are random, 128 bits: one
 * round suffices. */
bool
password_hash(struct ca *ca, struct view password, uint8_t out[32], struct err *e)
{
	struct blob all = {0};
	struct err why = {0};
	uint8_t salt[16];
	bool ok = true;

	if (!ST(ca)->fact_get(ca->store, "challenge-salt", &all, &why)) {
		if (!absent(&why, e))
			return false;
		keys_random(ca->keys, salt, sizeof(salt));
		blob_set(&all, view_of(salt, sizeof(salt)));
		ok = ST(ca)->fact_put(ca->store, "challenge-salt", blob_view(&all), e);
	}
	if (ok) {
		blob_add_view(&all, password);
		sha256(blob_view(&all), out);
	}
	blob_free(&all);
	return ok;
}

bool
password_make(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	uint8_t random[PASSWORD_OCTETS], hash[32];
	struct blob text = {0};
	bool ok = false;
	int64_t minutes = ev->minutes > 0 ? ev->minutes : 60;

	keys_random(ca->keys, random, sizeof(random));
	hex_add(&text, view_of(random, sizeof(random)), true);
	if (!password_hash(ca, blob_view(&text), hash, e))
		goto out;

	struct row_challenge row = {
	    .hash = view_of(hash, sizeof(hash)),
	    .made_at = now,
	    .expires_at = when_add(now, minutes * MINUTE),
	};

	if (!ST(ca)->challenge_add(ca->store, &row, e) ||
	    !ST(ca)->audit_add(ca->store, now, ev->actor, "password generate", "", e))
		goto out;
	ca->facts.challenge_expiry = when_min(ca->facts.challenge_expiry, row.expires_at);
	effect_tell(out, ev->id, 0,
	    "%% Password is %s\n  valid for %ld minute%s, for one enrolment\n",
	    blob_cstr(&text), (long)minutes, minutes == 1 ? "" : "s");
	ok = true;
out:
	mem_wipe(random, sizeof(random));
	blob_free(&text);
	return ok;
}
