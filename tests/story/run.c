/* run.c - reads stories, plays them, prints TAP. */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/pool.h"
#include "tests/story/story.h"

/* ---- words ---- */

const char *
option(const struct story *s, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < s->words; i++)
		if (strncmp(s->word[i], name, n) == 0 && s->word[i][n] == '=')
			return s->word[i] + n + 1;
	return NULL;
}

bool
flag(const struct story *s, const char *name)
{
	for (size_t i = 0; i < s->words; i++)
		if (strcmp(s->word[i], name) == 0)
			return true;
	return false;
}

/* "30d", "6h", "10m", "5s", joined by '+' or '-': seconds. */
when_t
span(const char *text)
{
	when_t sum = 0;

	while (*text != 0) {
		char *unit;
		long n = strtol(text, &unit, 10);

		sum += n * (*unit == 'd'      ? DAY
			       : *unit == 'h' ? HOUR
			       : *unit == 'm' ? MINUTE
					      : 1);
		text = unit + (*unit != 0 ? 1 : 0);
		text += *text == '+' ? 1 : 0;
	}
	return sum;
}

static bool
split(struct story *s, const char *line, struct err *e)
{
	s->words = 0;
	s->outcome[0] = 0;
	while (*line != 0 && *line != '#') {
		size_t n = strcspn(line, " \t\n");

		if (n > 0 && n < sizeof(s->word[0]) && s->words < WORDS) {
			memcpy(s->word[s->words], line, n);
			s->word[s->words][n] = 0;
			for (char *at = s->word[s->words]; *at != 0;
			     at++) /* '~' stands for a space inside a word */
				*at = *at == '~' ? ' ' : *at;
			s->words++;
		} else if (n > 0) {
			return err_set(e, WHY_BAD_INPUT, "too many or too long words");
		}
		line += n + (line[n] != 0 ? 1 : 0);
		if (s->words > 0 && strcmp(s->word[s->words - 1], "->") == 0) {
			s->words--;
			n = strcspn(line, "\n");
			(void)snprintf(s->outcome, sizeof(s->outcome), "%.*s", (int)n, line);
			return true;
		}
	}
	return true;
}

bool
client_of(struct story *s, const char *name, struct client **out, struct err *e)
{
	char subject[300];

	for (size_t i = 0; i < s->clients; i++) {
		*out = &s->client[i];
		if (strcmp((*out)->name, name) == 0)
			return true;
	}
	if (s->clients == CLIENTS)
		return err_set(e, WHY_BAD_INPUT, "over %d clients", CLIENTS);
	*out = &s->client[s->clients];
	(*out)->number = (int)s->clients++;
	(void)snprintf((*out)->name, sizeof((*out)->name), "%s", name);
	(void)snprintf(subject, sizeof(subject), "O=Cisco,OU=CVO,CN=%s", name);
	return peer_init(&(*out)->peer, subject, pool_key(100 + 8 * (size_t)(*out)->number), e);
}

static EVP_PKEY *
next_key(struct client *c)
{
	return pool_key(100 + 8 * (size_t)c->number + (size_t)(++c->keys % 8));
}

/* ---- what clients do ---- */

static bool
outcome_is(const struct story *s, const struct client *c, struct err *e)
{
	static const char *const fails[] = {
	    "badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId"};
	const struct peer_answer *a = &c->answer;
	bool words = strstr(s->outcome, ": ") != NULL; /* also what the refusal says */
	char got[450];

	if (s->w.reply.status == 0)
		(void)snprintf(got, sizeof(got), "no answer");
	else if (s->w.reply.status == 503)
		(void)snprintf(got, sizeof(got), "unavailable");
	else if (s->w.reply.status == 400)
		(void)snprintf(got, sizeof(got), "unreadable");
	else if (a->status == PEER_PENDING)
		(void)snprintf(got, sizeof(got), "pending");
	else if (a->status == PEER_FAILURE)
		(void)snprintf(got, sizeof(got), "refused %s%s%s",
		    a->fail_info >= 0 ? fails[a->fail_info] : "?", words ? ": " : "",
		    words ? a->text : "");
	else if (a->crl != NULL)
		(void)snprintf(got, sizeof(got), "list");
	else if (view_equal(blob_view(&c->cert), blob_view(&c->before)))
		(void)snprintf(got, sizeof(got), "granted the same");
	else
		(void)snprintf(got, sizeof(got), "granted");
	/* PK-04: certmonger 0.79.17 reads no other than a content that is there and empty. */
	if (s->w.reply.status == 200 && (a->status != PEER_SUCCESS) != a->content_empty)
		return err_set(e, WHY_REFUSED, "%s %s an empty content", got,
		    a->content_empty ? "with" : "without");
	if (strcmp(s->outcome, got) == 0)
		return true;
	return err_set(
	    e, WHY_REFUSED, "expected '%s', got '%s' (%s)", s->outcome, got, a->text);
}

/* Every reply has the algorithms of its request, but one that refuses them (RP-05, AL-04). */
static bool
in_kind(const struct client *c, struct err *e)
{
	const struct peer *p = &c->peer;
	const struct peer_answer *a = &c->answer;
	int digest = EVP_MD_get_size(EVP_get_digestbyname(p->digest));
	bool oaep = p->oaep && EVP_PKEY_get_size(p->signer_key) >= 2 * digest + 2 + 32;
	bool opened = a->cert != NULL || a->crl != NULL;
	bool refused = a->status == PEER_FAILURE && a->fail_info == PEER_BAD_ALG;

	if (strcmp(a->digest, p->digest) != 0 && !(refused && strcmp(a->digest, "SHA256") == 0))
		return err_set(e, WHY_REFUSED, "%s answered by %s", p->digest, a->digest);
	if (a->pss) /* strongSwan sends it and cannot read it */
		return err_set(e, WHY_REFUSED, "answered by PSS");
	if (opened && (strcmp(a->cipher, p->cipher) != 0 || a->oaep != oaep))
		return err_set(e, WHY_REFUSED, "%s, OAEP %d answered by %s, OAEP %d", p->cipher,
		    oaep, a->cipher, a->oaep);
	return true;
}

/* Take in the last reply, which is for this client. */
static bool
hear(struct story *s, struct client *c, struct err *e)
{
	peer_answer_free(&c->answer);
	if (flag(s, "to-old") && !believe_new(s, c, e))
		return false;
	if (s->w.reply.status == 200) {
		if (!peer_open(&c->peer, blob_view(&s->w.reply.body), &c->answer, e))
			return err_prefix(e, "answer");
		if (!in_kind(c, e))
			return false;
		if (c->answer.cert != NULL) {
			blob_set(&c->before, blob_view(&c->cert));
			blob_set(&c->cert, blob_view(&c->answer.cert_der));
			c->cert_key = c->peer.key;
			if (!peer_verify(c->answer.cert, c->peer.ca,
				flag(s, "to-next") || flag(s, "its-shadow")
				    ? peer_begins(c->answer.cert)
				    : s->w.now,
				e))
				return err_prefix(e, "certificate");
		}
	} else if (s->w.reply.body.n == 0 && s->w.reply.status != 0 &&
		   s->w.reply.status != 503) {
		return err_set(e, WHY_BUG, "HTTP status %d without a body", s->w.reply.status);
	}
	return outcome_is(s, c, e);
}

bool
send_message(struct story *s, struct client *c, struct err *e)
{
	char source[64];
	const char *from = option(s, "from");

	(void)snprintf(source, sizeof(source), "10.0.0.%d", c->number);
	if (!world_request_by(&s->w, option(s, "profile"), blob_view(&c->sent),
		from == NULL ? source : from, e))
		return false;
	s->disturbed |= s->w.question != 0; /* a restart would forget who waits */
	return strcmp(s->outcome, "lost") == 0 || hear(s, c, e);
}

static const char *
password_of(const struct story *s, const char *name)
{
	for (size_t i = 0; i < s->passwords; i++)
		if (strcmp(s->password[i][0], name) == 0)
			return s->password[i][1];
	return name; /* a wrong one, literally */
}

static const char *const digests[] = {"MD5", "SHA1", "SHA256", "SHA384", "SHA512"};
static const char *const ciphers[] = {
    "DES-CBC", "DES-EDE3-CBC", "AES-128-CBC", "AES-192-CBC", "AES-256-CBC"};

/* The word as it stands in the list, where it outlives its line; NULL: not there. */
static const char *
named(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return list[i];
	return NULL;
}

static struct peer_request
request_options(const struct story *s)
{
	struct peer_request o = {
	    .san = option(s, "san"), .key_usage = option(s, "usage"), .eku = option(s, "eku")};

	if (option(s, "password") != NULL)
		o.challenge = password_of(s, option(s, "password"));
	o.csr_digest = option(s, "csr-digest");
	if (flag(s, "wants-ca"))
		o.basic = "CA:TRUE";
	if (option(s, "type") != NULL)
		o.message_type = (int)strtol(option(s, "type"), NULL, 10);
	return o;
}

bool
trust(struct story *s, struct client *c, struct err *e)
{
	c->peer.now = s->w.now;
	if (flag(s, "to-next") || flag(s, "to-cancelled"))
		return trust_next(s, c, e);
	if (flag(s, "to-old"))
		return peer_trust(&c->peer, blob_view(&s->w.cacert_before), e) &&
		       (!flag(s, "reply-active") || reply_by_active(s, c, e));
	if (s->w.cacert.n == 0)
		return err_set(e, WHY_NOT_FOUND, "no CA certificate is published");
	if (!peer_trust(&c->peer, blob_view(&s->w.cacert), e))
		return false;
	if (flag(s, "to-ca")) /* past the RA */
		peer_use_ca(&c->peer, c->peer.ca, NULL);
	return true;
}

X509 *
held(const struct client *c)
{
	const uint8_t *p = c->cert.p;

	return c->cert.n == 0 ? NULL : d2i_X509(NULL, &p, (long)c->cert.n);
}

/* How the client's messages are made, for this one and those that follow. */
bool
algorithms(struct story *s, struct client *c, struct err *e)
{
	struct peer *p = &c->peer;
	const char *bits = option(s, "bits");

	p->digest = option(s, "digest") == NULL ? p->digest : option(s, "digest");
	p->digest = named(digests, COUNT_OF(digests), p->digest);
	p->cipher = option(s, "cipher") == NULL ? p->cipher : option(s, "cipher");
	p->cipher = named(ciphers, COUNT_OF(ciphers), p->cipher);
	if (p->digest == NULL || p->cipher == NULL)
		return err_set(e, WHY_BAD_INPUT, "digest or cipher unknown");
	p->pss |= flag(s, "pss");
	p->oaep |= flag(s, "oaep");
	p->no_nonce = flag(s, "no-nonce");
	if (bits == NULL)
		return true;
	EVP_PKEY_free(c->short_key);
	c->short_key = EVP_RSA_gen((unsigned)strtoul(bits, NULL, 10));
	EVP_PKEY_free(p->key);
	p->key = c->short_key;
	return EVP_PKEY_up_ref(p->key) == 1;
}

static bool
do_enrol(struct story *s, struct client *c, struct err *e)
{
	struct peer_request o = request_options(s);
	const char *subject = option(s, "subject");
	struct peer fresh = {0};

	/* Without a certificate of its own it makes a temporary one anew, as routers do. */
	if (!flag(s, "again")) {
		char text[300];

		(void)snprintf(text, sizeof(text), "O=Cisco,OU=CVO,CN=%s",
		    subject == NULL ? c->name : subject);
		if (!peer_init(&fresh, flag(s, "as-written") ? subject : text, c->peer.key, e))
			return false;
		peer_free(&c->peer);
		c->peer = fresh;
		if (!trust(s, c, e))
			return false;
	}
	if (!algorithms(s, c, e))
		return false;
	blob_clear(&c->sent);
	return peer_enrol(&c->peer, &o, &c->sent, e) && send_message(s, c, e);
}

bool
do_renew(struct story *s, struct client *c, struct err *e)
{
	struct peer_request o = request_options(s);
	X509 *cert = held(c);
	char transaction[132];
	bool ok;

	if (cert == NULL)
		return err_set(e, WHY_BAD_INPUT, "%s holds no certificate", c->name);
	memcpy(transaction, c->peer.transaction, sizeof(transaction));
	/* A renewal that was refused left its key behind. */
	EVP_PKEY_up_ref(c->cert_key);
	EVP_PKEY_free(c->peer.key);
	c->peer.key = c->cert_key;
	peer_renew_from(&c->peer, cert, flag(s, "new-key") ? next_key(c) : NULL);
	if (!flag(s, "new-key"))
		peer_transaction_set(&c->peer, transaction);
	X509_NAME_free(c->peer.name);
	c->peer.name = X509_NAME_dup(X509_get_subject_name(cert));
	X509_free(cert);
	blob_clear(&c->sent);
	if (option(s, "subject") != NULL) {
		char text[300];
		struct peer other = {0};

		(void)snprintf(
		    text, sizeof(text), "O=Cisco,OU=CVO,CN=%s", option(s, "subject"));
		if (!peer_init(&other, text, c->peer.key, e))
			return false;
		X509_NAME_free(c->peer.name);
		c->peer.name = X509_NAME_dup(other.name);
		peer_free(&other);
	}
	if (!algorithms(s, c, e))
		return false;
	ok = trust(s, c, e) && peer_enrol(&c->peer, &o, &c->sent, e) && send_message(s, c, e);
	return ok;
}

static bool
do_poll(struct story *s, struct client *c, struct err *e)
{
	const char *of = option(s, "transaction-of");
	struct client *other;

	if (of != NULL) {
		if (!client_of(s, of, &other, e))
			return false;
		peer_transaction_set(&c->peer, other->peer.transaction);
	}
	blob_clear(&c->sent);
	if (!algorithms(s, c, e))
		return false;
	return trust(s, c, e) && peer_poll(&c->peer, &c->sent, e) && send_message(s, c, e);
}

/* "eve keep r1": what r1 sent and what it needs to read an answer, to be repeated by eve. */
static bool
do_keep(struct story *s, struct client *c, struct err *e)
{
	struct client *of;

	if (!client_of(s, s->word[2], &of, e))
		return false;
	peer_free(&c->peer);
	c->peer = of->peer;
	c->peer.name = X509_NAME_dup(of->peer.name);
	(void)EVP_PKEY_up_ref(c->peer.key);
	(void)EVP_PKEY_up_ref(c->peer.signer_key);
	for (X509 **x = (X509 *[]){c->peer.signer, c->peer.ca, c->peer.recipient,
		 c->peer.replier, NULL};
	     *x != NULL; x++)
		(void)X509_up_ref(*x);
	blob_set(&c->sent, blob_view(&of->sent));
	blob_set(&c->cert, blob_view(&of->cert));
	return true;
}

/* A certificate that this CA's key signed, unknown to its database (moved from another box). */
static bool
do_issued_elsewhere(struct story *s, struct client *c, struct err *e)
{
	X509 *x = X509_new();
	uint8_t *der = NULL;
	int n;

	if (!trust(s, c, e))
		return false;
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), option(s, "serial") == NULL
						       ? 70000 + c->number
						       : strtol(option(s, "serial"), NULL, 10));
	X509_set_issuer_name(x, X509_get_subject_name(c->peer.ca));
	X509_set_subject_name(x, c->peer.name);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(s->w.now - DAY));
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(s->w.now + 100 * DAY));
	X509_set_pubkey(x, c->peer.key);
	if (X509_sign(x, pool_key(0), EVP_sha256()) == 0 || (n = i2d_X509(x, &der)) <= 0)
		return err_set(e, WHY_CRYPTO, "X509_sign");
	blob_set(&c->cert, view_of(der, (size_t)n));
	c->cert_key = c->peer.key;
	OPENSSL_free(der);
	X509_free(x);
	return true;
}

static bool
do_garbage(struct story *s, struct client *c, struct err *e)
{
	blob_set(&c->sent, VIEW("\x30\x82\x00\x05hello"));
	return send_message(s, c, e);
}

/* ---- operator and world ---- */

/* The id of the newest request of this client's name. */
static bool
request_of(struct story *s, const struct client *c, int64_t *id, struct err *e)
{
	struct err why = {0};
	struct row_request row;
	struct blob cn = {0};
	struct csr csr;

	*id = 0;
	for (int64_t after = 0; s->w.store->table->request_next(s->w.store, after, &row, &why);
	     after = row.id) {
		blob_clear(&cn);
		if (csr_decode(row.csr, &csr, e) && name_value(csr.subject, OID_CN, &cn) &&
		    view_equal_str(blob_view(&cn), c->name))
			*id = row.id;
	}
	blob_free(&cn);
	return *id != 0 || err_set(e, WHY_NOT_FOUND, "%s has no request stored", c->name);
}

static bool
do_operator(struct story *s, struct err *e)
{
	static const char *const words[] = {
	    "grant", "reject", "remove", "revoke", "password", "rollover", "cancel"};
	struct ca_event ev = {0};
	struct blob serial = {0};
	struct client *c;
	bool ok;

	for (ev.command = CA_GRANT; strcmp(words[ev.command], s->word[1]) != 0; ev.command++)
		if (ev.command == CA_CANCEL)
			return err_set(e, WHY_BAD_INPUT, "operator '%s'?", s->word[1]);
	if (ev.command == CA_ROLLOVER || ev.command == CA_CANCEL) {
		ev.all = flag(s, "force");
	} else if (ev.command == CA_PASSWORD) {
		ev.minutes = s->words > 3 ? strtol(s->word[3], NULL, 10) : 0;
	} else if (ev.command == CA_REVOKE) {
		if (!client_of(s, s->word[2], &c, e) || !serial_of(c, &serial, e))
			return false;
		ev.serial = blob_view(&serial);
		ev.reason = option(s, "reason") == NULL
				? 0
				: (int)strtol(option(s, "reason"), NULL, 10);
	} else if (strcmp(s->word[2], "all") == 0) {
		ev.all = true;
	} else if (s->word[2][0] >= '0' && s->word[2][0] <= '9') {
		ev.request = strtol(s->word[2], NULL, 10);
	} else if (!client_of(s, s->word[2], &c, e) || !request_of(s, c, &ev.request, e)) {
		return false;
	}
	ok = world_command(&s->w, &ev, e);
	blob_free(&serial);
	if (!ok)
		return false;
	if (ev.command == CA_PASSWORD && s->passwords < PASSWORDS) {
		const char *at = strstr(blob_cstr(&s->w.told), "Password is ");

		if (at == NULL)
			return err_set(e, WHY_BUG, "no password in: %s", blob_cstr(&s->w.told));
		(void)snprintf(s->password[s->passwords][0], 256, "%s", s->word[2]);
		(void)snprintf(s->password[s->passwords++][1], 256, "%.32s", at + 12);
	}
	if (s->outcome[0] != 0 && strstr(blob_cstr(&s->w.told), s->outcome) == NULL)
		return err_set(e, WHY_REFUSED, "expected '%s', told '%s'", s->outcome,
		    blob_cstr(&s->w.told));
	return true;
}

/* "legacy", "legacy=PATTERN" or "no-legacy". */
static void
do_compat(const struct story *s, const char *word, struct ca_word *w)
{
	char no[32];

	(void)snprintf(no, sizeof(no), "no-%s", word);
	w->on = (w->on || flag(s, word) || option(s, word) != NULL) && !flag(s, no);
	if (option(s, word) != NULL)
		(void)snprintf(w->subjects, sizeof(w->subjects), "%s", option(s, word));
}

static bool
do_ca(struct story *s, struct err *e)
{
	struct ca_policy *p = &s->w.policy;
	struct {
		const char *name;
		when_t *span;
	} spans[] = {
	    {"lifetime", &p->plan.lifetime_cert},
	    {"ca-lifetime", &p->plan.lifetime_ca},
	    {"crl", &p->plan.lifetime_crl},
	    {"crl-overlap", &p->plan.crl_overlap},
	    {"request", &p->plan.lifetime_request},
	    {"rollover", &p->plan.rollover},
	    {"overlap", &p->plan.overlap},
	    {"late", &p->plan.late},
	};
	const char *grant = option(s, "grant");

	for (size_t i = 0; i < COUNT_OF(spans); i++)
		if (option(s, spans[i].name) != NULL)
			*spans[i].span = span(option(s, spans[i].name));
	p->plan.auto_rollover |= option(s, "rollover") != NULL;
	p->plan.auto_rollover &= !flag(s, "no-rollover");
	if (grant != NULL)
		p->mode = strcmp(grant, "auto") == 0   ? CA_AUTO
			  : strcmp(grant, "none") == 0 ? CA_GRANT_NONE
						       : CA_MANUAL;
	p->no_replace |= flag(s, "no-replace");
	p->renewals_wait |= flag(s, "renewals-wait");
	p->adopt_waits |= flag(s, "adopt-waits");
	p->late_auto = (p->late_auto || flag(s, "late-auto")) && !flag(s, "no-late-auto");
	p->serial_sequential |= flag(s, "sequential");
	p->archive |= flag(s, "archive");
	p->shadow_balance |= flag(s, "shadow-balance");
	p->hide_next_ca |= flag(s, "hide-next-ca");
	p->shadow_reply_active |= flag(s, "shadow-reply-active");
	do_compat(s, "legacy", &p->legacy);
	do_compat(s, "ancient", &p->ancient);
	if (option(s, "hash") != NULL)
		p->hash = strcmp(option(s, "hash"), "md5") == 0	   ? HASH_MD5
			  : strcmp(option(s, "hash"), "sha1") == 0 ? HASH_SHA1
								   : HASH_SHA256;
	if (option(s, "bits") != NULL)
		p->key_bits = (int)strtol(option(s, "bits"), NULL, 10);
	p->asks |= flag(s, "asks");
	if (option(s, "label") != NULL)
		(void)snprintf(p->key_label, sizeof(p->key_label), "%s", option(s, "label"));
	if (option(s, "key") != NULL && strncmp(option(s, "key"), "ec", 2) == 0) {
		p->key_kind = KEY_EC;
		p->key_bits = (int)strtol(option(s, "key") + 2, NULL, 10);
	}
	if (option(s, "ra") != NULL) {
		(void)snprintf(p->ra_label, sizeof(p->ra_label), "%s", option(s, "ra"));
		p->ra_bits = 2048;
	}
	if (option(s, "floor") != NULL)
		p->serial_floor = strtol(option(s, "floor"), NULL, 10);
	return !s->open || world_restart(&s->w, e);
}

static bool
do_restart(struct story *s, struct err *e)
{
	s->w.max_jobs = -1;
	return world_restart(&s->w, e);
}

static bool
do_server(struct story *s, struct err *e)
{
	s->w.policy.plan.shutdown = strcmp(s->word[1], "down") == 0;
	return world_restart(&s->w, e);
}

/* ---- the runner ---- */

static const struct {
	const char *word;
	bool (*act)(struct story *s, struct err *e);
} world_words[] = {
    {"each", do_each},
    {"ca", do_ca},
    {"at", do_at},
    {"wait", do_wait},
    {"clock", do_clock},
    {"disk", do_disk},
    {"steady", do_steady},
    {"revoked", do_revoked},
    {"log", do_log},
    {"damage", do_damage},
    {"backup", do_backup},
    {"store", do_store},
    {"signer", do_signer},
    {"restart", do_restart},
    {"reboot", do_reboot},
    {"server", do_server},
    {"hook", do_hook},
    {"profile", do_profile},
    {"operator", do_operator},
    {"expect", do_expect},
};
static const struct {
	const char *word;
	bool (*act)(struct story *s, struct client *c, struct err *e);
} client_words[] = {
    {"enrol", do_enrol},
    {"renew", do_renew},
    {"shadow", do_shadow},
    {"activate", do_activate},
    {"asks-next", do_asks_next},
    {"poll", do_poll},
    {"repeat", do_repeat},
    {"keep", do_keep},
    {"crl", do_crl},
    {"get-cert", do_get_cert},
    {"garbage", do_garbage},
    {"hears", hear},
    {"issued-elsewhere", do_issued_elsewhere},
};

static bool
step(struct story *s, const char *line, struct err *e)
{
	struct client *c;

	if (!split(s, line, e))
		return false;
	if (s->words == 0)
		return true;
	for (size_t i = 0; i < COUNT_OF(world_words); i++)
		if (strcmp(world_words[i].word, s->word[0]) == 0)
			return world_words[i].act(s, e);
	for (size_t i = 0; s->words > 1 && i < COUNT_OF(client_words); i++)
		if (strcmp(client_words[i].word, s->word[1]) == 0)
			return client_of(s, s->word[0], &c, e) && client_words[i].act(s, c, e);
	return err_set(e, WHY_BAD_INPUT, "'%s'?", line);
}

static void
story_free(struct story *s)
{
	for (size_t i = 0; i < s->clients; i++) {
		struct client *c = &s->client[i];

		peer_free(&c->peer);
		EVP_PKEY_free(c->short_key);
		peer_answer_free(&c->answer);
		blob_free(&c->sent);
		blob_free(&c->cert);
		blob_free(&c->before);
		blob_free(&c->shadow);
	}
	world_free(&s->w);
	if (s->log == NULL)
		return;
	(void)dup2(s->stderr_was, STDERR_FILENO);
	(void)close(s->stderr_was);
	(void)fclose(s->log);
	log_open("story", getenv("STORY_LOG") != NULL ? LOG_NOTICE : LOG_ERROR);
}

/* Once, or for one moment of the line "each"; *moments: how many there are. */
static bool
play_once(const char *path, enum world_mode mode, size_t moment, size_t *moments, struct err *e)
{
	struct story *s = mem_get(sizeof(*s));
	FILE *f = fopen(path, "r");
	char line[1024];
	int number = 0;
	bool ok = f != NULL || err_set(e, WHY_IO, "cannot open %s", path);

	s->moments = moment;
	s->w.mode = mode;
	s->w.vouched = true;
	s->w.max_jobs = -1;
	s->w.policy = (struct ca_policy){
	    .name = "ROOTCA",
	    .plan = {1095 * DAY, 365 * DAY, 6 * HOUR, 6 * HOUR, 168 * HOUR, false},
	    .issuer_name = "CN=RootCA,OU=TAC,O=Cisco",
	    .serial_floor = -1,
	    .hash = HASH_SHA256,
	    .key_label = "ROOTCA",
	    .key_kind = KEY_RSA,
	    .key_bits = 2048,
	};
	while (ok && fgets(line, sizeof(line), f) != NULL) {
		number++;
		line[strcspn(line, "\n")] = 0;
		s->disturbed = s->w.max_jobs >= 0 || s->w.question != 0;
		ok = step(s, line, e);
		if (ok && mode == WORLD_RESTART && s->open && !s->disturbed && !s->steady &&
		    s->words > 0 && s->word[0][0] != '#')
			ok = world_restart(&s->w, e);
		if (!ok)
			err_prefix(e, "%s:%d: %s%s%s", path, number, line,
			    s->each[0] == 0 ? "" : ", T=", s->each);
	}
	*moments = s->moments;
	if (f != NULL)
		(void)fclose(f);
	story_free(s);
	free(s);
	return ok;
}

static bool
play(const char *path, enum world_mode mode, struct err *e)
{
	size_t moments = 0, i = 0;

	do {
		if (!play_once(path, mode, i, &moments, e))
			return false;
	} while (++i < moments);
	return true;
}

int
main(int argc, char **argv)
{
	static const char *const modes[] = {
	    "memory", "sqlite", "restart between any two steps"};
	/* In a hurry the one that takes least: make check plays all. */
	bool hurry = getenv("KEYMUSTER_QUICK") != NULL;
	int n = 0, bad = 0;

	log_open("story", getenv("STORY_LOG") != NULL ? LOG_NOTICE : LOG_ERROR);
	printf("TAP version 13\n1..%d\n", (argc - 1) * (hurry ? 1 : (int)COUNT_OF(modes)));
	for (int i = 1; i < argc; i++) {
		for (size_t mode = 0; mode < COUNT_OF(modes); mode++) {
			const char *name =
			    strrchr(argv[i], '/') == NULL ? argv[i] : strrchr(argv[i], '/') + 1;
			struct err e = {0};

			if (hurry && mode != WORLD_MEMORY)
				continue;
			if (play(argv[i], (enum world_mode)mode, &e)) {
				printf("ok %d - %s (%s)\n", ++n, name, modes[mode]);
			} else {
				bad++;
				printf("not ok %d - %s (%s)\n# %s\n", ++n, name, modes[mode],
				    e.text);
			}
			(void)fflush(stdout);
		}
	}
	pool_free();
	return bad == 0 ? 0 : 1;
}
