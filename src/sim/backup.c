/* backup.c - the server's store, put back as it was. */
#include <string.h>

#include "sim/sim_int.h"

void
backup_take(struct sim *w)
{
	w->server.backup_ms = w->now;
	store_memory_keep(w->server.store, true);
}

/* Was a CA made, announced, switched or taken back since? */
static bool
cas_changed(const struct ledger *l, int64_t since_ms)
{
	for (size_t i = 0; i < l->cas; i++) {
		const struct seen_ca *ca = &l->ca[i];

		if (ca->made_ms >= since_ms || ca->announced_ms >= since_ms ||
		    ca->switched_ms >= since_ms || ca->cancelled_ms >= since_ms)
			return true;
	}
	return l->cas > 1 && ledger_last(l)->announced_ms == 0; /* half made */
}

/* What has no row is lost, and what is revoked is what its rows say. */
static void
certs_return(struct ledger *l, struct store *s)
{
	struct row_cert row;

	l->lost = l->revoked_count = 0;
	for (size_t i = 0; i < l->certs; i++) {
		l->cert[i].lost = true;
		l->cert[i].revoked_at = 0;
		l->lost += l->cert[i].der != 0;
	}
	for (int64_t after = 0; s->table->cert_next(s, after, &row, NULL); after = row.intent) {
		struct seen_cert *c = ledger_cert(l, row.serial);

		if (c == NULL || (row.state != CERT_ISSUED && c->der != 0))
			continue;
		c->lost = false;
		l->lost -= c->der != 0;
		c->revoked_at = row.revoked_at;
		if (c->revoked_at != 0)
			l->revoked[l->revoked_count++] = (uint32_t)(c - l->cert);
	}
}

/* Its numbers of lists begin again where they were: that none of those given since is signed
 * again is the signer's to see. */
static void
ledger_return(struct ledger *l, struct store *s)
{
	struct row_audit audit = {0};

	certs_return(l, s);
	l->audits = 0;
	while (s->table->audit_next(s, (int64_t)l->audits, &audit, NULL))
		l->audits++;
	l->audit_at = 0;
	memset(l->audit_hash, 0, sizeof(l->audit_hash));
	l->crl_number = 0;
	for (size_t i = 0; i < l->cas; i++) {
		l->ca[i].crl_number = 0;
		if (l->ca[i].listed > l->revoked_count)
			l->ca[i].listed = l->revoked_count;
	}
}

void
backup_return(struct sim *w)
{
	struct server *s = &w->server;

	if (cas_changed(&w->ledger, s->backup_ms)) {
		store_memory_keep(s->store, false);
		return;
	}
	if (s->up)
		server_crash(w, MINUTE_MS);
	store_memory_return(s->store);
	ledger_return(&w->ledger, s->store);
	s->signed_at = s->committed_at = 0;
	s->returned_ms = w->now;
	for (size_t i = 0; i < w->clients; i++) {
		struct client *c = &w->client[i];

		c->handed = 0;
		c->clean = 0;
		if (c->revoked_ms >= s->backup_ms) /* nobody knows that any more */
			c->revoked_ms = 0;
	}
}
