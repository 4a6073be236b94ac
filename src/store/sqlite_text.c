/* sqlite_text.c - every SQL text of the driver. */
#include "store/sqlite.h"

#define GENERATION                                                                             \
	"number, key_label, cert, spki, not_before, not_after, made_at, switched_at, "         \
	"crl_number, ra_label, ra_intent, cancelled_at"
#define CERT                                                                                   \
	"intent, generation, serial, serial8, key8, identity, subject, not_before, "           \
	"not_after, made_at, kind, "                                                           \
	"state, request, transaction_id, granted_by, revoked_at, revoked_why, body"
#define REQUEST                                                                                \
	"id, generation, key8, digest, identity, transaction_id, csr, signer, fingerprint, "   \
	"source, role, "                                                                       \
	"state, reason, made_at, expires_at, intent"
#define CHALLENGE "hash, made_at, expires_at, used_at, used_by"
#define CLIENT                                                                                 \
	"identity, subject, first_seen, last_seen, source, asked, intent, strength, "          \
	"shadow, shadows, usages, confirmed"
#define CRL "generation, number, this_update, next_update, der"
#define AUDIT "sequence, at, actor, act, object, hash"

#define TEXT_OF(number) #number
#define TEXT_OF_VALUE(macro) TEXT_OF(macro)
#define KEY_LOOK_BACK_TEXT TEXT_OF_VALUE(KEY_LOOK_BACK)

/* clang-format off */
const struct sql_text sql_texts[SQL_COUNT] = {
	[SQL_BEGIN] = {"BEGIN IMMEDIATE", "begin"},
	[SQL_COMMIT] = {"COMMIT", "commit"},
	[SQL_ROLLBACK] = {"ROLLBACK", "rollback"},
	[SQL_SAVEPOINT] = {"SAVEPOINT effect", "savepoint"},
	[SQL_RELEASE] = {"RELEASE SAVEPOINT effect", "savepoint"},
	[SQL_UNDO] = {"ROLLBACK TO SAVEPOINT effect", "savepoint"},

	[SQL_FACT_GET] = {"SELECT value FROM authority WHERE name = ?1", "fact"},
	[SQL_FACT_PUT] = {"INSERT INTO authority (name, value) VALUES (?1, ?2) "
		"ON CONFLICT (name) DO UPDATE SET value = excluded.value", "fact"},

	[SQL_GENERATION_PUT] = {"INSERT INTO generation (" GENERATION ") "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (number) DO UPDATE SET "
		"key_label = excluded.key_label, cert = excluded.cert, spki = excluded.spki, "
		"not_before = excluded.not_before, not_after = excluded.not_after, made_at = excluded.made_at, "
		"switched_at = excluded.switched_at, crl_number = excluded.crl_number, "
		"ra_label = excluded.ra_label, ra_intent = excluded.ra_intent, "
		"cancelled_at = excluded.cancelled_at", "generation"},
	[SQL_GENERATION_GET] = {"SELECT " GENERATION " FROM generation WHERE number = ?1", "generation"},
	[SQL_GENERATION_LAST] = {"SELECT number FROM generation ORDER BY number DESC LIMIT 1", "generation"},

	[SQL_CERT_INTENT] = {"INSERT INTO certificate (" CERT ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
		"?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)", "certificate"},
	[SQL_CERT_SETTLE] = {"UPDATE certificate SET state = ?2, body = ?3, "
		"serial8 = CASE ?2 WHEN 2 THEN -intent ELSE serial8 END WHERE intent = ?1 AND state = 0",
		"certificate"},
	[SQL_CERT_STATE] = {"SELECT state, revoked_at FROM certificate WHERE intent = ?1", "certificate"},
	[SQL_CERT_GET] = {"SELECT " CERT " FROM certificate WHERE intent = ?1", "certificate"},
	[SQL_CERT_BY_SERIAL] = {"SELECT " CERT " FROM certificate WHERE serial8 = ?1 AND serial = ?2",
		"certificate with this serial"},
	[SQL_CERT_BY_KEY] = {"SELECT " CERT " FROM certificate WHERE key8 = ?1 AND intent < ?2 "
		"ORDER BY intent DESC LIMIT 1", "further certificate of this key"},
	[SQL_CERT_NEXT] = {"SELECT " CERT " FROM certificate WHERE intent > ?1 ORDER BY intent LIMIT 1",
		"further certificate"},
	[SQL_CERT_KEY_ELSEWHERE] = {"SELECT 1 FROM (SELECT identity, state FROM certificate WHERE key8 = ?1 "
		"ORDER BY intent DESC LIMIT " KEY_LOOK_BACK_TEXT ") AS newest WHERE identity <> ?2 AND state <> 2 LIMIT 1",
		"certificate"},
	[SQL_CERT_LAST] = {"SELECT " CERT " FROM certificate ORDER BY intent DESC LIMIT 1", "certificate"},
	/* the plus signs keep planners from walking the whole table in its primary order */
	[SQL_CERT_OPEN] = {"SELECT " CERT " FROM certificate WHERE state = 0 AND +intent > ?1 "
		"ORDER BY +intent LIMIT 1", "further open intent"},
	[SQL_CERT_REVOKE] = {"UPDATE certificate SET revoked_at = ?2, revoked_why = ?3 "
		"WHERE intent = ?1 AND state = 1 AND revoked_at = 0", "certificate"},

	[SQL_REVOKED_LAST] = {"SELECT number, entries FROM revoked_chunk ORDER BY number DESC LIMIT 1", "chunk"},
	[SQL_REVOKED_NEXT] = {"SELECT number, entries FROM revoked_chunk WHERE number > ?1 "
		"ORDER BY number LIMIT 1", "chunk"},
	[SQL_REVOKED_PUT] = {"INSERT INTO revoked_chunk (number, entries) VALUES (?1, ?2) "
		"ON CONFLICT (number) DO UPDATE SET entries = excluded.entries", "chunk"},

	[SQL_REQUEST_ADD] = {"INSERT INTO request (" REQUEST ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
		"?10, ?11, ?12, ?13, ?14, ?15, ?16)", "request"},
	[SQL_REQUEST_GET] = {"SELECT " REQUEST " FROM request WHERE id = ?1", "request"},
	[SQL_REQUEST_STATE] = {"SELECT state FROM request WHERE id = ?1", "request"},
	[SQL_REQUEST_BY_DIGEST] = {"SELECT " REQUEST " FROM request WHERE digest = ?1", "request with this digest"},
	[SQL_REQUEST_BY_KEY] = {"SELECT " REQUEST " FROM request WHERE key8 = ?1 AND id < ?2 "
		"ORDER BY id DESC LIMIT 1", "further request of this key"},
	[SQL_REQUEST_NEXT] = {"SELECT " REQUEST " FROM request WHERE id > ?1 ORDER BY id LIMIT 1",
		"further request"},
	[SQL_REQUEST_COUNT_SOURCE] = {"SELECT count(*) FROM request WHERE source = ?1 AND state = 1", "request"},
	[SQL_REQUEST_EXPIRY] = {"SELECT expires_at FROM request ORDER BY expires_at LIMIT 1", "request"},
	[SQL_REQUEST_UPDATE] = {"UPDATE request SET state = ?2, reason = ?3, expires_at = ?4, intent = ?5 WHERE id = ?1", "request"},
	[SQL_REQUEST_REMOVE] = {"DELETE FROM request WHERE id = ?1", "request"},
	[SQL_REQUEST_DUE] = {"SELECT COUNT(*) FROM request WHERE expires_at <= ?1 AND state = ?2", "request"},
	[SQL_REQUEST_PURGE] = {"DELETE FROM request WHERE expires_at <= ?1", "request"},

	[SQL_CHALLENGE_ADD] = {"INSERT INTO challenge (" CHALLENGE ") VALUES (?1, ?2, ?3, ?4, ?5)", "challenge"},
	[SQL_CHALLENGE_GET] = {"SELECT " CHALLENGE " FROM challenge WHERE hash = ?1", "challenge"},
	[SQL_CHALLENGE_USE] = {"UPDATE challenge SET used_at = ?2, used_by = ?3 WHERE hash = ?1 AND used_at = 0",
		"challenge"},
	[SQL_CHALLENGE_EXPIRY] = {"SELECT expires_at FROM challenge WHERE used_at = 0 ORDER BY expires_at LIMIT 1", "challenge"},
	[SQL_CHALLENGE_PURGE] = {"DELETE FROM challenge WHERE expires_at <= ?1", "challenge"},

	[SQL_CLIENT_PUT] = {"INSERT INTO client (" CLIENT ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) "
		"ON CONFLICT (identity) DO UPDATE SET subject = excluded.subject, first_seen = excluded.first_seen, "
		"last_seen = excluded.last_seen, source = excluded.source, asked = excluded.asked, "
		"intent = excluded.intent, strength = excluded.strength, "
		"shadow = excluded.shadow, shadows = excluded.shadows, usages = excluded.usages, "
		"confirmed = excluded.confirmed", "client"},
	[SQL_CLIENT_GET] = {"SELECT " CLIENT " FROM client WHERE identity = ?1", "client"},
	[SQL_CLIENT_NEXT] = {"SELECT " CLIENT " FROM client WHERE identity > ?1 ORDER BY identity LIMIT 1",
		"further client"},

	[SQL_CRL_PUT] = {"INSERT INTO crl (" CRL ") VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (generation) "
		"DO UPDATE SET number = excluded.number, this_update = excluded.this_update, "
		"next_update = excluded.next_update, der = excluded.der WHERE excluded.number >= crl.number", "list"},
	[SQL_CRL_GET] = {"SELECT " CRL " FROM crl WHERE generation = ?1", "list"},

	[SQL_AUDIT_ADD] = {"INSERT INTO audit (" AUDIT ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)", "audit record"},
	[SQL_AUDIT_NEXT] = {"SELECT " AUDIT " FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT 1",
		"further audit record"},
};
