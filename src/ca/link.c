/* link.c - certificates from one generation to another. */
#include <string.h>

#include "ca/ca_int.h"

/* Old key by new and new key by old (RFC 4210 4.4, KU-01 to KU-06). */
enum { NEW_WITH_OLD, OLD_WITH_NEW, LINKS };

static const struct generation *
subject_of(const struct ca *ca, int link)
{
	return link == NEW_WITH_OLD ? ca->next : ca->active;
}

/* Both are there, or will never be: a signer that refuses them does not hold up the rollover.
 */
static bool
refresh(struct ca *ca, struct err *e)
{
	struct row_cert row;

	ca->facts.have_links = ca->links[0] != 0;
	for (int i = 0; i < LINKS && ca->facts.have_links; i++) {
		if (!ST(ca)->cert_get(ca->store, ca->links[i], &row, e))
			return false;
		ca->facts.have_links = row.state != CERT_INTENT;
	}
	return true;
}

bool
link_load(struct ca *ca, struct err *e)
{
	struct blob fact = {0};
	struct err why = {0};
	struct reader r;
	uint64_t a, b;
	char name[64];
	bool ok = true;

	memset(ca->links, 0, sizeof(ca->links));
	ca->facts.have_links = ca->facts.busy_links = false;
	if (ca->next == NULL)
		return true;
	generation_fact(ca->next->number, "links", name);
	if (!ST(ca)->fact_get(ca->store, name, &fact, &why)) {
		ok = absent(&why, e);
		goto out;
	}
	r = reader_of(blob_view(&fact));
	if (!read_u64(&r, &a) || !read_u64(&r, &b) || r.n > 0) {
		ok = err_set(e, WHY_IO, "fact '%s' is damaged", name);
		goto out;
	}
	ca->links[NEW_WITH_OLD] = (int64_t)a;
	ca->links[OLD_WITH_NEW] = (int64_t)b;
	ok = refresh(ca, e);
out:
	blob_free(&fact);
	return ok;
}

static bool
link_begin(struct ca *ca, int link, when_t now, struct effects *out, struct err *e)
{
	struct generation *by = link == NEW_WITH_OLD ? ca->active : ca->next;
	const struct generation *of = subject_of(ca, link);
	struct blob canonical = {0};
	uint8_t identity[32];
	bool ok = false;

	if (!name_canonical(of->cert.subject, &canonical, e))
		goto out;
	sha256(blob_view(&canonical), identity);

	struct issue i = {
	    .by = by,
	    .of = of,
	    .subject = of->cert.subject,
	    .spki = blob_view(&of->spki),
	    .kind = CERT_LINK,
	    .identity = view_of(identity, sizeof(identity)),
	    .transaction = "",
	    .granted_by = "keymuster",
	};

	ok = issue_begin(ca, &i, now, &ca->links[link], out, e);
out:
	blob_free(&canonical);
	return ok;
}

/* Those that are begun are signed, be it for the second time. */
bool
link_make(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct blob fact = {0};
	struct row_cert row;
	char name[64];
	bool ok;

	ca->facts.busy_links = true;
	for (int i = 0; i < LINKS && ca->links[0] != 0; i++) {
		if (!ST(ca)->cert_get(ca->store, ca->links[i], &row, e))
			return false;
		if (row.state == CERT_INTENT)
			issue_again(ca, &row, out);
	}
	if (ca->links[0] != 0)
		return true;
	if (!link_begin(ca, NEW_WITH_OLD, now, out, e) ||
	    !link_begin(ca, OLD_WITH_NEW, now, out, e))
		return false;
	blob_add_u64(&fact, (uint64_t)ca->links[NEW_WITH_OLD]);
	blob_add_u64(&fact, (uint64_t)ca->links[OLD_WITH_NEW]);
	generation_fact(ca->next->number, "links", name);
	ok = ST(ca)->fact_put(ca->store, name, blob_view(&fact), e);
	if (ok)
		crash_point("links-intended");
	blob_free(&fact);
	return ok;
}

bool
link_settled(struct ca *ca, int64_t intent, when_t now, struct effects *out, struct err *e)
{
	struct row_cert row;

	if (ca->next == NULL || (intent != ca->links[0] && intent != ca->links[1]))
		return true;
	if (!ST(ca)->cert_get(ca->store, intent, &row, e) || !refresh(ca, e))
		return false;
	if (row.state == CERT_INTENT)
		authority_hold(
		    ca, "link certificate not signed", "the signer is in trouble", now);
	if (row.state != CERT_INTENT && !ca->facts.have_links)
		return true; /* the other one is under way */
	ca->facts.busy_links = false;
	if (ca->facts.have_links)
		log_notice("link certificates made", "ca='%s'", ca->policy.name);
	link_publish(ca, out);
	return true;
}

/* By the identifier of the key they speak of, while both CA certificates are valid. */
void
link_publish(struct ca *ca, struct effects *out)
{
	struct row_cert row;
	struct err why = {0};

	for (int i = 0; i < LINKS && ca->next != NULL && ca->links[i] != 0; i++)
		if (ST(ca)->cert_get(ca->store, ca->links[i], &row, &why) &&
		    row.state == CERT_ISSUED && row.revoked_at == 0)
			publish_by_key(publish(out, OBJECT_LINK, row.body,
					   ca->next->facts.cert_from, row.not_after),
			    subject_of(ca, i)->ski);
}

/* The next generation is cancelled: what was signed is revoked, what was not never will be. */
bool
link_drop(struct ca *ca, const char *actor, when_t now, struct effects *out, struct err *e)
{
	struct row_cert row;

	for (int i = 0; i < LINKS && ca->links[0] != 0; i++) {
		if (!ST(ca)->cert_get(ca->store, ca->links[i], &row, e))
			return false;
		publish_by_key(
		    publish(out, OBJECT_LINK, (struct view){0}, INT64_MIN, WHEN_NEVER),
		    subject_of(ca, i)->ski);
		if (row.state == CERT_INTENT &&
		    !issue_drop(
			ca, ca->links[i], "the next CA certificate was taken back", out, e))
			return false;
		if (row.state == CERT_ISSUED && row.revoked_at == 0 &&
		    !revoke_cert(ca, &row, 5, actor, now, e))
			return false;
	}
	memset(ca->links, 0, sizeof(ca->links));
	ca->facts.have_links = ca->facts.busy_links = false;
	return true;
}
