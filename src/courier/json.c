/* json.c - questions and verdicts as JSON. */
#include <jansson.h>
#include <string.h>

#include "courier/courier.h"

static json_t *
text_of(struct view v)
{
	return json_stringn(v.n > 0 ? (const char *)v.p : "", v.n); /* NULL: not UTF-8 */
}

static json_t *
texts_of(struct view sized)
{
	struct reader r = reader_of(sized);
	json_t *list = json_array();
	struct view v;

	while (r.n > 0 && read_sized(&r, &v))
		if (json_array_append_new(list, text_of(v)) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

bool
courier_json_ask(const struct courier_ask *a, struct blob *out)
{
	struct blob request = {0};
	json_t *o = json_object();
	char *text = NULL;
	size_t n;
	bool ok;

	hex_add(&request, a->request, false);
	ok = json_object_set_new(o, "version", json_integer(1)) == 0 &&
	     json_object_set_new(o, "ca", text_of(a->ca)) == 0 &&
	     json_object_set_new(o, "profile", text_of(a->profile)) == 0 &&
	     json_object_set_new(o, "transaction", text_of(a->transaction)) == 0 &&
	     json_object_set_new(o, "challenge", text_of(a->challenge)) == 0 &&
	     json_object_set_new(o, "subject", text_of(a->subject)) == 0 &&
	     json_object_set_new(o, "san", texts_of(a->san)) == 0 &&
	     json_object_set_new(o, "request", text_of(blob_view(&request))) == 0 &&
	     json_object_set_new(o, "source", text_of(a->source)) == 0;
	if (ok)
		text = json_dumps(o, JSON_COMPACT);
	if (text != NULL) {
		n = strlen(text);
		blob_add(out, text, n);
		mem_wipe(text, n);
		free(text);
	}
	json_decref(o);
	blob_free(&request);
	return ok;
}

/* A member that may lack; present, it is a text of bounded length. */
static bool
take_text(const json_t *value, struct view *out)
{
	if (!json_is_string(value) || json_string_length(value) > COURIER_TEXT_MAX ||
	    strlen(json_string_value(value)) != json_string_length(value))
		return false;
	*out = view_str(json_string_value(value));
	return true;
}

static bool
take_texts(const json_t *list, struct blob *out)
{
	struct view v;

	if (!json_is_array(list) || json_array_size(list) > COURIER_NAMES_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!take_text(json_array_get(list, i), &v))
			return false;
		blob_add_sized(out, v);
	}
	return true;
}

static bool
repeats(struct view reason, struct view challenge)
{
	return challenge.n > 0 && reason.n > 0 &&
	       memmem(reason.p, reason.n, challenge.p, challenge.n) != NULL;
}

static bool
read_members(const json_t *o, struct view challenge, struct courier_say *s, struct blob *names)
{
	const json_t *allow = json_object_get(o, "allow");
	const json_t *subject = json_object_get(o, "subject"), *san = json_object_get(o, "san");
	const json_t *reason = json_object_get(o, "reason");

	if (!json_is_boolean(allow))
		return false;
	s->result = json_is_true(allow) ? COURIER_ALLOWED : COURIER_DENIED;
	if (reason != NULL && !take_text(reason, &s->reason))
		return false;
	if (s->result == COURIER_ALLOWED || repeats(s->reason, challenge))
		s->reason = (struct view){0};
	if (s->result == COURIER_DENIED) /* names bind what is allowed */
		return true;
	s->has_subject = subject != NULL;
	s->has_san = san != NULL;
	return (subject == NULL || take_text(subject, &s->subject)) &&
	       (san == NULL || take_texts(san, names));
}

bool
courier_json_say(struct view body, struct view challenge, struct courier_say *out,
    struct blob *kept, struct err *e)
{
	struct courier_say s = {0};
	struct blob names = {0};
	json_t *o = json_loadb(
	    (const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &(json_error_t){0});
	bool ok = json_is_object(o) && read_members(o, challenge, &s, &names);

	blob_clear(kept);
	if (ok) {
		/* All three behind one another: the views stand once nothing grows. */
		blob_add_view(kept, s.subject);
		blob_add_view(kept, s.reason);
		blob_add_view(kept, blob_view(&names));
		s.subject.p = (const uint8_t *)blob_cstr(kept);
		s.reason.p = kept->p + s.subject.n;
		s.san = view_of(s.reason.p + s.reason.n, names.n);
		*out = s;
	}
	json_decref(o);
	blob_free(&names);
	return ok || err_set(e, WHY_BAD_INPUT,
			 "its answer of %zu octets is not {\"allow\":true} or false", body.n);
}

const struct courier_speech courier_json = {courier_json_ask, courier_json_say};
