/* grant.c - the one decision on a request. */
#include "ca/ca.h"

static struct grant
issue(enum grant_reason why)
{
	return (struct grant){GRANT_ISSUE, 0, why};
}

static struct grant
pend(enum grant_reason why)
{
	return (struct grant){GRANT_PEND, 0, why};
}

static struct grant
refuse(enum scep_fail fail, enum grant_reason why)
{
	return (struct grant){GRANT_REFUSE, fail, why};
}

/* A temporary certificate proves nothing but the key: a password, the mode or a human decides.
 */
static struct grant
decide_first(const struct grant_facts *f)
{
	if (f->password == PASSWORD_RIGHT)
		return issue(REASON_PASSWORD);
	if (f->mode == CA_AUTO)
		return f->subject_live && f->no_replace ? pend(REASON_REPLACE)
							: issue(REASON_AUTO);
	/* Not a refusal: IOS sends its revocation password here too, and FAILURE would stop it
	 * for good. */
	return pend(f->password == PASSWORD_WRONG ? REASON_WRONG_PASSWORD : REASON_MANUAL);
}

/* The first rule that speaks decides; DESIGN.md rules 6 and 7, RFC 8894 2.3 to 2.5. */
struct grant
grant_decide(const struct grant_facts *f)
{
	bool alive = f->signer == SIGNER_LIVE || f->signer == SIGNER_ADOPTABLE;
	bool ours = alive || f->signer == SIGNER_EXPIRED;

	if (f->reserved)
		return refuse(SCEP_BAD_REQUEST, REASON_RESERVED);
	if (f->key_elsewhere)
		return refuse(SCEP_BAD_REQUEST, REASON_KEY_ELSEWHERE);
	if (f->signer == SIGNER_STRANGER)
		return refuse(SCEP_BAD_MESSAGE_CHECK, REASON_STRANGER);
	if (f->signer == SIGNER_REVOKED)
		return refuse(SCEP_BAD_REQUEST, REASON_REVOKED);
	if (f->signer == SIGNER_EARLY)
		return refuse(SCEP_BAD_REQUEST, REASON_EARLY);
	if (f->signer == SIGNER_SELF && f->renewal_type)
		return refuse(SCEP_BAD_REQUEST, REASON_SELF_RENEWAL);
	if (ours && !f->same_subject)
		return refuse(SCEP_BAD_REQUEST, REASON_SUBJECT);
	if (ours && !f->same_san)
		return refuse(SCEP_BAD_REQUEST, REASON_SAN);
	if (f->mode == CA_GRANT_NONE)
		return refuse(SCEP_BAD_REQUEST, REASON_GRANT_NONE);
	if (f->to == TO_CANCELLED)
		return pend(REASON_CANCELLED);
	if (f->to == TO_NEXT && !alive)
		return refuse(SCEP_BAD_REQUEST, REASON_NEXT);
	if (f->role != ROLE_CLIENT)
		return pend(REASON_ROLE);
	if (f->spent)
		return pend(f->to == TO_NEXT ? REASON_SHADOWS : REASON_GONE);
	if (f->signer == SIGNER_EXPIRED)
		return f->late && !f->renewals_wait ? issue(REASON_LATE) : pend(REASON_EXPIRED);
	if (f->to == TO_OLD && f->password != PASSWORD_RIGHT)
		return pend(REASON_OLD);
	if (f->signer == SIGNER_LIVE)
		return f->renewals_wait
			   ? pend(REASON_MANUAL)
			   : issue(f->to == TO_NEXT ? REASON_SHADOW : REASON_RENEWAL);
	if (f->signer == SIGNER_ADOPTABLE)
		return f->renewals_wait || f->adopt_waits ? pend(REASON_MANUAL)
							  : issue(REASON_ADOPTED);
	return decide_first(f);
}

const char *
grant_words(enum grant_reason r)
{
	static const char *const words[REASON_COUNT] = {
	    [REASON_AUTO] = "granted: grant auto",
	    [REASON_PASSWORD] = "granted: one-time password",
	    [REASON_RENEWAL] = "granted: renewal by the live certificate",
	    [REASON_ADOPTED] = "granted: renewal by an adopted certificate",
	    [REASON_SHADOW] = "granted: certificate of the next CA, by the live one",
	    [REASON_LATE] = "granted: late, by the newest certificate of the replaced CA",
	    [REASON_NEXT] =
		"the next CA certificate serves renewals by live certificates only, until it "
		"is active",
	    [REASON_SHADOWS] =
		"certificates of the next CA were made for this before; waits for an operator",
	    [REASON_GONE] =
		"the certificate of this very request was revoked; waits for an operator",
	    [REASON_OLD] = "sent to the CA certificate that was replaced: fetch it again by "
			   "GetCACert; waits for an operator",
	    [REASON_CANCELLED] =
		"sent to a CA certificate that was cancelled: fetch the next one "
		"anew by GetNextCACert; nobody can grant it",
	    [REASON_RESERVED] = "the name or the key is the CA's own",
	    [REASON_KEY_ELSEWHERE] =
		"the key is certified for another name; make a new key pair",
	    [REASON_STRANGER] =
		"the signer's certificate is neither temporary nor from this CA",
	    [REASON_SELF_RENEWAL] =
		"a renewal must be signed by the certificate that it renews",
	    [REASON_REVOKED] = "the signer's certificate is revoked",
	    [REASON_EARLY] = "the signer's certificate is not valid yet",
	    [REASON_SUBJECT] = "a renewal must keep the subject name",
	    [REASON_SAN] = "a renewal must not add subject alternative names",
	    [REASON_GRANT_NONE] = "the server grants nothing (grant none)",
	    [REASON_ROLE] = "a CA or RA certificate waits for an operator",
	    [REASON_EXPIRED] = "the signer's certificate has expired; waits for an operator",
	    [REASON_MANUAL] = "waits for an operator",
	    [REASON_WRONG_PASSWORD] = "the password is not accepted; waits for an operator",
	    [REASON_REPLACE] = "the subject has a live certificate; waits for an operator",
	};

	return words[r];
}
