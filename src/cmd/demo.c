/* demo.c - the demo: its story, and its end. */
#include <getopt.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/demo.h"
#include "cmd/simulate.h"

/* ---- the story ---- */

static const struct demo_role roles[] = {
    {"spoke-1", "auto-enroll 80", "80%", {false}, NULL},
    {"spoke-2", "auto-enroll 80 regenerate", "80%R", {false}, NULL},
    {"spoke-3", "auto-enroll 60", "60%", {false}, NULL},
    {"spoke-4", "", "hand", {true}, "had no auto-enroll"},
    {"spoke-5", "auto-enroll 80", "80%", {false}, NULL},
    {"spoke-6", "auto-enroll 80", "80%", {true}, "was off until behind the switch"},
    {"spoke-7", "auto-enroll 85 regenerate", "85%R", {false}, NULL},
    {"spoke-8", "auto-enroll 76", "76%", {false}, NULL},
};

static const struct demo_act acts[] = {
    {0, 0, DEED_JOIN, NULL, "joins: auto-enroll 80, the document's own block"},
    {3, 1, DEED_JOIN, NULL, "joins: auto-enroll 80 regenerate"},
    {60, 2, DEED_JOIN, NULL, "joins: auto-enroll 60, which asks early"},
    {120, 4, DEED_JOIN, NULL, "joins: auto-enroll 80"},
    {180, 5, DEED_JOIN, NULL, "joins: auto-enroll 80"},
    {365, 7, DEED_JOIN, NULL, "joins: auto-enroll 76, on the worst day there is"},
    {400, 3, DEED_JOIN, NULL, "joins: no auto-enroll"},
    {400, 3, DEED_ENROL, NULL, "is enrolled by hand: crypto pki enroll"},
    {420, -1, DEED_MANUAL, NULL, "is restarted with 'grant manual'"},
    {430, 6, DEED_JOIN, NULL, "joins: auto-enroll 85 regenerate"},
    {432, -1, DEED_GRANT, NULL, "grants it: crypto pki server ROOTCA grant all"},
    {500, 4, DEED_OFF, NULL, "is switched off, for seven months"},
    {560, 5, DEED_OFF, NULL, "is switched off, for too long"},
    {715, 4, DEED_ON, NULL, "is switched on again, in time"},
    {735, 3, DEED_SETTING, "auto-enroll 80", "gets the line 'auto-enroll 80', and asks"},
    {736, -1, DEED_GRANT, NULL, "grants it: crypto pki server ROOTCA grant all"},
    {745, 5, DEED_ON, NULL, "is switched on again, too late"},
    {750, 5, DEED_TRUST, NULL, "is told the new CA: crypto pki authenticate"},
    {751, -1, DEED_GRANT, NULL, "grants it: crypto pki server ROOTCA grant all"},
    {1021, -1, DEED_OFF, NULL, "is switched off, for five days"},
    {1026, -1, DEED_ON, NULL, "is switched on again"},
};

const struct demo_story demo_story = {
    .role = roles,
    .roles = COUNT_OF(roles),
    .act = acts,
    .acts = COUNT_OF(acts),
    .switches = 2,
    .days = 1462,
};
_Static_assert(COUNT_OF(roles) <= DEMO_SPOKES, "each role has a spoke");

/* ---- what is said ---- */

const char *
demo_date(when_t t, char out[WHEN_TEXT])
{
	(void)when_rfc3339(t, out);
	out[10] = ' ';
	out[19] = 0;
	return out;
}

void
demo_say(struct demo *d, const char *who, bool major, const char *fmt, ...)
{
	struct demo_event *ev = &d->event[d->events++ % COUNT_OF(d->event)];
	char at[WHEN_TEXT];
	va_list ap;

	*ev = (struct demo_event){.at = d->now, .major = major};
	(void)snprintf(ev->who, sizeof(ev->who), "%s", who);
	va_start(ap, fmt);
	(void)vsnprintf(ev->text, sizeof(ev->text), fmt, ap);
	va_end(ap);
	if (d->picture != NULL)
		return;
	(void)printf("%s  %-8s %s\n", demo_date(ev->at, at), ev->who, ev->text);
	(void)fflush(stdout);
}

/* ---- deeds ---- */

static bool
ca_does(struct demo *d, const struct demo_act *a, struct err *e)
{
	struct blob answer = {0};
	bool ok = true;

	demo_say(d, "ROOTCA", true, "%s", a->words);
	if (a->deed == DEED_GRANT)
		ok = fleet_command(
		    d, &d->root, "crypto pki server ROOTCA grant all", &answer, e);
	if (a->deed == DEED_MANUAL)
		d->manual = true;
	if (a->deed == DEED_MANUAL || a->deed == DEED_OFF)
		ok = fleet_stop(d, &d->root, e);
	if (ok && (a->deed == DEED_MANUAL || a->deed == DEED_ON))
		ok = fleet_write_root(d, e) && fleet_start(d, &d->root, e);
	blob_free(&answer);
	return ok;
}

static bool
spoke_does(struct demo *d, struct demo_spoke *s, const struct demo_act *a, struct err *e)
{
	char line[DEMO_PATH];
	struct blob answer = {0};
	bool ok = true;

	demo_say(d, s->role->name, a->deed != DEED_JOIN, "%s", a->words);
	if (a->setting != NULL)
		s->setting = a->setting;
	(void)snprintf(line, sizeof(line), "crypto pki %s%s",
	    a->deed == DEED_ENROL ? "enroll Root-CA" : "authenticate Root-CA fingerprint ",
	    a->deed == DEED_ENROL ? "" : d->ca[d->active].fingerprint);
	if (a->deed == DEED_OFF || a->deed == DEED_SETTING)
		ok = fleet_stop(d, &s->body, e);
	if (a->deed == DEED_JOIN || a->deed == DEED_SETTING)
		ok = ok && fleet_write_spoke(d, s, e);
	if (a->deed == DEED_JOIN || a->deed == DEED_SETTING || a->deed == DEED_ON)
		ok = ok && fleet_start(d, &s->body, e);
	if (a->deed == DEED_ENROL || a->deed == DEED_TRUST)
		ok = fleet_command(d, &s->body, line, &answer, e);
	s->joined = true;
	spoke_note(d, s, 0);
	blob_free(&answer);
	return ok;
}

static bool
act(struct demo *d, const struct demo_act *a, struct err *e)
{
	bool ok = a->role < 0 ? ca_does(d, a, e) : spoke_does(d, &d->spoke[a->role], a, e);

	return ok && fleet_run_until(d, d->now, e) && hear_all(d, e);
}

/* ---- life ---- */

/* When the first certificate of a spoke ends that it has in use. */
static when_t
first_end(const struct demo *d)
{
	when_t at = WHEN_NEVER;

	for (size_t i = 0; i < d->story->roles; i++)
		if (d->spoke[i].id.have && d->spoke[i].id.until > d->now)
			at = when_min(at, d->spoke[i].id.until);
	return at;
}

/* To the next instant at which anything happens, but not beyond that one. */
static bool
go_on(struct demo *d, when_t until, struct err *e)
{
	when_t at = when_min(when_min(until, d->next), when_min(first_end(d), snapshot_due(d)));

	if (d->picture != NULL)
		at = when_min(at, picture_frame(d));
	if (!fleet_run_until(d, at, e) || !hear_all(d, e))
		return false;
	if (d->now == snapshot_due(d) && !snapshot_take(d, e))
		return false;
	return d->picture == NULL || picture_show(d, e);
}

static bool
live(struct demo *d, struct err *e)
{
	when_t end = when_add(d->start, d->story->days * DAY);
	size_t n = 0;

	demo_say(d, "ROOTCA", false, "starts");
	if (d->picture != NULL && !picture_show(d, e))
		return false;
	if (!fleet_write_root(d, e) || !fleet_start(d, &d->root, e) ||
	    !fleet_run_until(d, d->now, e) || !hear_all(d, e))
		return false;
	while (d->now < end || n < d->story->acts) {
		const struct demo_act *a = n < d->story->acts ? &d->story->act[n] : NULL;
		when_t due = a == NULL ? end : when_add(d->start, a->day * DAY);

		if (d->now < due) {
			if (!go_on(d, due, e))
				return false;
			continue;
		}
		if (!act(d, a, e) || (d->picture != NULL && !picture_show(d, e)))
			return false;
		n++;
	}
	return true;
}

static int
finish(struct demo *d, const char *svg, struct err *e)
{
	struct blob how = {0}, text = {0};
	bool ok = demo_verify(d, &how, e) && (svg == NULL || picture_svg(d, svg, e));
	bool expected = ok && demo_verdict(d, &text);

	if (ok) {
		(void)printf("\nEach active certificate, 1 s before a switch and at it, under "
			     "the CA active then,\nby %s:\n\n%s\n%s\n",
		    blob_cstr(&how), blob_cstr(&text),
		    expected ? "As expected." : "NOT as expected.");
		(void)fflush(stdout);
	}
	blob_free(&how);
	blob_free(&text);
	return expected ? CODE_DONE : CODE_REFUSED;
}

int
demo_tell(const struct demo_story *story, const char *programs, const char *svg)
{
	static struct demo d;
	struct err e = {0};
	int code = CODE_REFUSED;
	bool lived;

	d = (struct demo){.story = story, .next = WHEN_NEVER};
	(void)snprintf(d.programs, sizeof(d.programs), "%s", programs);
	d.picture = picture_open();
	lived = fleet_open(&d, &e) && live(&d, &e);
	if (d.picture != NULL)
		picture_leave(&d);
	if (lived)
		code = finish(&d, svg, &e);
	if (e.text[0] != 0)
		(void)dprintf(STDERR_FILENO, "%% %s\n", e.text);
	fleet_close(&d, code != CODE_DONE && !d.ended);
	if (code != CODE_DONE && !d.ended && d.dir[0] != 0)
		(void)dprintf(STDERR_FILENO, "%% everything is kept in %s\n", d.dir);
	return code;
}

/* ---- the command ---- */

static int
usage(int code)
{
	(void)dprintf(code == CODE_DONE ? STDOUT_FILENO : STDERR_FILENO,
	    "usage: keymuster demo [--svg FILE]\n"
	    "\n"
	    "A CA and eight clients, real processes over HTTP on this machine, live through\n"
	    "four years and two changes of the CA's certificate in about a minute. On a\n"
	    "terminal of 80x24 or more it is a picture, else one line an event and no "
	    "waiting.\n"
	    "At the end each certificate is verified before and at each change.\n"
	    "\n"
	    "  --svg FILE   writes the last picture as SVG too\n"
	    "  NO_COLOR     in the environment: no colours\n"
	    "\n"
	    "exit: 0 as expected, 1 not (the directory with all logs is kept and named), 2 "
	    "usage\n");
	return code;
}

/* Where keymuster itself is, or where it is installed beside: bin and sbin. */
static bool
find_programs(char out[DEMO_PATH])
{
	char self[DEMO_PATH], path[2 * DEMO_PATH];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	static const char *const beside[] = {".", "../sbin"};

	if (n <= 0)
		return false;
	self[n] = 0;
	*strrchr(self, '/') = 0;
	for (size_t i = 0; i < COUNT_OF(beside); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s/keymusterd", self, beside[i]);
		if (access(path, X_OK) != 0)
			continue;
		return snprintf(out, DEMO_PATH, "%s/%s", self, beside[i]) < DEMO_PATH;
	}
	return false;
}

int
demo(int argc, char **argv)
{
	static const struct option list[] = {
	    {"svg", required_argument, NULL, 'g'}, {"help", no_argument, NULL, 'h'}, {0}};
	char programs[DEMO_PATH];
	const char *svg = NULL;
	int c;

	optind = 0; /* anew, for main has read options of its own */
	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (c != 'g')
			return usage(c == 'h' ? CODE_DONE : CODE_USAGE);
		svg = optarg;
	}
	if (optind != argc)
		return usage(CODE_USAGE);
	if (!find_programs(programs)) {
		(void)dprintf(STDERR_FILENO, "%% keymusterd is not beside keymuster\n");
		return CODE_REFUSED;
	}
	log_open("keymuster", LOG_ERROR);
	return demo_tell(&demo_story, programs, svg);
}
