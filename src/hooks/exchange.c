/* exchange.c - messages between core and hooks. */
#include <stdlib.h>
#include <string.h>

#include "hooks/hooks.h"

enum kind { KIND_HOOKS_RUN = 1, KIND_HOOKS_RAN = 2 };

static bool
read_kind(struct reader *r, enum kind kind)
{
	uint8_t k;

	return read_u8(r, &k) && k == kind;
}

static bool
read_text(struct reader *r, size_t most, struct view *out)
{
	return read_sized(r, out) && out->n <= most;
}

/* KEYMUSTER_[A-Z0-9_]+=, then anything but NUL: nothing that a loader or a shell obeys. */
static bool
variable_legal(struct view v)
{
	static const char prefix[] = "KEYMUSTER_";
	struct view value = v, name = view_cut(&value, '=');
	size_t n = sizeof(prefix) - 1;

	if (name.n == v.n || name.n <= n || memcmp(name.p, prefix, n) != 0)
		return false;
	for (size_t i = n; i < name.n; i++)
		if ((name.p[i] < 'A' || name.p[i] > 'Z') &&
		    (name.p[i] < '0' || name.p[i] > '9') && name.p[i] != '_')
			return false;
	return value.n == 0 || memchr(value.p, 0, value.n) == NULL;
}

static bool
env_legal(struct view env)
{
	struct reader r = reader_of(env);
	struct view v;
	size_t n = 0;

	while (r.n > 0)
		if (++n > HOOKS_VARIABLES_MAX || !read_sized(&r, &v) || !variable_legal(v))
			return false;
	return hooks_env_get(env, "KEYMUSTER_TRUSTPOINT").n > 0;
}

struct view
hooks_env_get(struct view env, const char *name)
{
	struct reader r = reader_of(env);
	struct view value;

	while (read_sized(&r, &value))
		if (view_equal_str(view_cut(&value, '='), name))
			return value;
	return (struct view){0};
}

void
hooks_run_encode(const struct hooks_run *r, struct blob *out)
{
	blob_add_byte(out, KIND_HOOKS_RUN);
	blob_add_u64(out, r->id);
	blob_add_u32(out, r->program);
	blob_add_byte(out, (uint8_t)r->event);
	blob_add_u32(out, r->limit_ms);
	blob_add_sized(out, r->env);
	blob_add_sized(out, r->json);
}

bool
hooks_run_decode(struct view v, struct hooks_run *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct hooks_run run = {0};
	uint8_t event = 0;
	bool ok = read_kind(&r, KIND_HOOKS_RUN) && read_u64(&r, &run.id) && run.id != 0 &&
		  read_u32(&r, &run.program) && run.program < HOOKS_PROGRAMS &&
		  read_u8(&r, &event) && event < HOOKS_EVENTS && read_u32(&r, &run.limit_ms) &&
		  run.limit_ms > 0 && run.limit_ms <= HOOKS_LIMIT_MS &&
		  read_text(&r, HOOKS_WORDS_MAX, &run.env) && env_legal(run.env) &&
		  read_text(&r, HOOKS_WORDS_MAX, &run.json) && r.n == 0;

	if (!ok)
		return err_set(e, WHY_BAD_INPUT, "message of %zu octets: no run", v.n);
	run.event = (enum hooks_event)event;
	*out = run;
	return true;
}

/* An exit code is 0 to 255; on the wire two more: 0 is HOOKS_NOT_RUN, 1 killed. */
void
hooks_ran_encode(const struct hooks_ran *r, struct blob *out)
{
	blob_add_byte(out, KIND_HOOKS_RAN);
	blob_add_u64(out, r->id);
	blob_add_u16(out, (uint16_t)(r->status - HOOKS_NOT_RUN));
	blob_add_sized(out, r->text);
}

bool
hooks_ran_decode(struct view v, struct hooks_ran *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct hooks_ran ran = {0};
	uint16_t status = 0;
	bool ok = read_kind(&r, KIND_HOOKS_RAN) && read_u64(&r, &ran.id) &&
		  read_u16(&r, &status) && status <= 255 - HOOKS_NOT_RUN &&
		  read_text(&r, HOOKS_TEXT_MAX, &ran.text) && r.n == 0 &&
		  (ran.id != 0 || (status == -1 - HOOKS_NOT_RUN && ran.text.n == 0));

	if (!ok)
		return err_set(e, WHY_BAD_INPUT, "message of %zu octets: no end of a run", v.n);
	ran.status = status + HOOKS_NOT_RUN;
	*out = ran;
	return true;
}

void
hooks_programs_encode(const struct hooks_program *p, size_t n, struct blob *out)
{
	for (size_t i = 0; i < n; i++)
		blob_add_sized(out, view_str(p[i].line));
}

bool
hooks_programs_decode(struct view v, struct hooks_program **out, size_t *n, struct err *e)
{
	struct reader r = reader_of(v);
	struct hooks_program *list = NULL;
	size_t count = 0;
	struct view line;

	while (r.n > 0) {
		if (count == HOOKS_PROGRAMS || !read_text(&r, sizeof(list->line) - 1, &line) ||
		    (line.n > 0 && (line.p[0] != '/' || memchr(line.p, 0, line.n) != NULL))) {
			free(list);
			return err_set(
			    e, WHY_BAD_INPUT, "programs of %zu octets: no programs", v.n);
		}
		if ((count & (count - 1)) == 0)
			list = mem_array(list, count == 0 ? 1 : 2 * count, sizeof(*list));
		memset(&list[count], 0, sizeof(*list));
		if (line.n > 0)
			memcpy(list[count].line, line.p, line.n);
		count++;
	}
	*out = list;
	*n = count;
	return true;
}
