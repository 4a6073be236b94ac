/* demo_picture.c - the demo's story as a picture. */
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/demo.h"
#include "cmd/demo_grid.h"

#define LEFT 14	 /* columns of names */
#define RIGHT 25 /* of what is to come */
#define TOP_CA 4
#define BEYOND 100	 /* days behind the end of the story */
#define FRAME_MS 45	 /* at least: drawing and waiting together */
#define STRIDE (4 * DAY) /* of a frame, when nothing is near */
#define STRIDE_LEAST (DAY / 2)
#define SLOWER 3    /* a frame is a third of what is left until something is due */
#define HOLD_MS 180 /* an event is looked at */
#define HOLD_MAJOR_MS 950

struct demo_picture {
	struct grid now, shown;
	struct termios before;
	bool colour, unicode;
	when_t frame_at;
	size_t told;	  /* events that were shown */
	int64_t since_ms; /* the last picture was drawn */
};

/* ---- what is drawn ---- */

struct line { /* of time */
	const struct demo *d;
	struct grid *g;
	int columns;
	when_t span;
};

static when_t
time_of(const struct line *l, int column)
{
	return l->d->start + l->span * column / l->columns;
}

static int
column_of(const struct line *l, when_t t)
{
	return (int)((t - l->d->start) * l->columns / l->span);
}

static enum grid_style
style_of(int ca)
{
	return ca > 0 ? (enum grid_style)(STYLE_CA1 + (ca - 1) % 3) : STYLE_DIM;
}

static uint16_t
stroke_of(int ca)
{
	static const uint16_t strokes[] = {'?', 0x2500, 0x2501, 0x2550};

	return strokes[ca < 0 || ca > 3 ? 0 : ca];
}

static void
head(const struct line *l)
{
	const struct demo *d = l->d;
	char at[WHEN_TEXT];

	grid_text(l->g, 0, 1, STYLE_BOLD, "Keymuster demo");
	grid_text(l->g, 0, 17, STYLE_PLAIN, "one CA, %zu clients, %zu changes of the CA",
	    d->story->roles, d->story->switches);
	grid_text(l->g, 0, l->g->columns - 24, STYLE_BOLD, "%s UTC", demo_date(d->now, at));
	grid_text(l->g, 1, 1, STYLE_DIM, "real processes, SCEP over %s, on a clock that jumps",
	    d->url);
}

static void
scale(const struct line *l)
{
	struct date from = date_of(l->d->start), until = date_of(l->d->start + l->span);

	for (int year = from.year; year <= until.year; year++) {
		struct date first = {year, 1, 1, 0, 0, 0};
		when_t at;

		if (date_when(&first, &at) && at > l->d->start && at < l->d->start + l->span)
			grid_text(
			    l->g, TOP_CA - 1, LEFT + column_of(l, at), STYLE_DIM, "%d", year);
	}
}

/* What is left, in the largest unit that says it. */
static const char *
left(when_t span, char out[24])
{
	if (span >= 2 * DAY)
		(void)snprintf(out, 24, "%lld d", (long long)(span / DAY));
	else if (span >= 2 * HOUR)
		(void)snprintf(out, 24, "%lld h", (long long)(span / HOUR));
	else
		(void)snprintf(out, 24, "%lld s", (long long)(span > 0 ? span : 0));
	return out;
}

static void
ca_row(const struct line *l, int n)
{
	const struct demo *d = l->d;
	const struct demo_ca *ca = &d->ca[n];
	int y = TOP_CA + n - 1, x = LEFT + l->columns + 1;
	char span[24];

	grid_text(l->g, y, 1, n == d->active ? STYLE_BOLD : STYLE_PLAIN, "ROOTCA %d", n);
	if (n > d->cas)
		return;
	for (int c = 0; c < l->columns; c++) {
		when_t t = time_of(l, c), end = time_of(l, c + 1);

		if (end <= ca->made_at || t >= ca->until)
			continue;
		grid_put(l->g, y, LEFT + c, style_of(n),
		    t > d->now || d->now < ca->from || end <= ca->from ? 0xb7 : stroke_of(n));
	}
	if (n == d->active && d->root.pid <= 0)
		grid_text(l->g, y, x, STYLE_ALARM, "switched off");
	else if (n == d->active)
		grid_text(l->g, y, x, STYLE_PLAIN, "grant %s, %s left",
		    d->manual ? "manual" : "auto", left(ca->until - d->now, span));
	else if (n > d->active)
		grid_text(l->g, y, x, STYLE_PLAIN, "next, begins in %s",
		    left(ca->from - d->now, span));
	else
		grid_text(l->g, y, x, STYLE_DIM, "has ended");
}

static void
moments(const struct line *l, int y, int rows)
{
	for (int n = 1; n <= l->d->cas; n++) {
		when_t at = l->d->ca[n].until;

		if (at >= l->d->start + l->span)
			continue;
		for (int i = 0; i < rows; i++)
			grid_put(l->g, y + i, LEFT + column_of(l, at), STYLE_DIM, 0x2502);
		grid_text(
		    l->g, TOP_CA - 2, LEFT + column_of(l, at) - 3, STYLE_DIM, "switch %d", n);
	}
}

/* What a spoke looked like in a column: the last note there, and a mark of it, if any. */
static void
past(const struct line *l, const struct demo_spoke *s, int y, int c)
{
	when_t t = time_of(l, c), end = time_of(l, c + 1);
	const struct demo_note *last = NULL;
	char mark = 0;

	for (size_t i = 0; i < s->notes && s->note[i].at < end; i++) {
		last = &s->note[i];
		if (last->at >= t && last->mark != 0 && mark != 'x')
			mark = last->mark;
	}
	if (last == NULL || last->look == LOOK_ABSENT)
		return;
	if (mark != 0)
		grid_put(
		    l->g, y, LEFT + c, mark == 'x' ? STYLE_ALARM : STYLE_BOLD, (uint16_t)mark);
	else if (last->look == LOOK_VALID)
		grid_put(l->g, y, LEFT + c, style_of(last->ca), stroke_of(last->ca));
	else if (last->look == LOOK_OFF)
		grid_put(l->g, y, LEFT + c, STYLE_DIM, 0x2591);
	else
		grid_put(l->g, y, LEFT + c, last->look == LOOK_CUT ? STYLE_ALARM : STYLE_DIM,
		    last->look == LOOK_CUT ? 'x' : '?');
}

/* How far what it holds reaches. */
static void
future(const struct line *l, const struct demo_spoke *s, int y, int c)
{
	const struct demo_held *held[] = {&s->id, &s->shadow};
	when_t t = time_of(l, c);

	for (size_t i = 0; i < COUNT_OF(held); i++)
		if (held[i]->have && t >= held[i]->from && t < held[i]->until)
			grid_put(l->g, y, LEFT + c,
			    style_of(i == 0 ? s->note[s->notes - 1].ca : s->next_ca), 0xb7);
}

static void
what_next(const struct line *l, const struct demo_spoke *s, int y)
{
	const struct demo *d = l->d;
	int x = LEFT + l->columns + 1, ca = s->notes > 0 ? s->note[s->notes - 1].ca : 0;
	enum demo_look look = s->notes > 0 ? s->note[s->notes - 1].look : LOOK_ABSENT;
	const char *timer = strcmp(s->timer, "CONNECT RETRY") == 0 ? "RETRY" : s->timer;
	char span[24];

	if (look == LOOK_ABSENT)
		grid_text(l->g, y, x, STYLE_DIM, "not there yet");
	else if (s->body.pid <= 0 && look == LOOK_OFF)
		grid_text(l->g, y, x, STYLE_PLAIN, "off, CA %d, %s left", ca,
		    left(s->id.until - d->now, span));
	else if (s->body.pid <= 0)
		grid_text(l->g, y, x, STYLE_ALARM, "off, CUT OFF");
	else if (look == LOOK_CUT)
		grid_text(
		    l->g, y, x, STYLE_ALARM, "CUT OFF  %s", s->timer[0] != 0 ? timer : "");
	else if (look == LOOK_WAITING)
		grid_text(l->g, y, x, STYLE_PLAIN, "%s",
		    strcmp(s->state, "polling") == 0 ? "waits for a grant" : "no certificate");
	else if (s->timer[0] == 0 || s->timer_at == WHEN_NEVER)
		grid_text(l->g, y, x, STYLE_PLAIN, "CA %d", ca);
	else if (s->next_ca > 0)
		grid_text(l->g, y, x, s->shadow.have ? STYLE_PLAIN : STYLE_ALARM,
		    s->shadow.have ? "ready for CA %d in %s" : "NOT ready: CA %d in %s",
		    s->next_ca, left(s->timer_at - d->now, span));
	else
		grid_text(l->g, y, x, STYLE_PLAIN, "CA %d, %s in %s", ca, timer,
		    left(s->timer_at - d->now, span));
}

static void
spoke_row(const struct line *l, const struct demo_spoke *s, int y)
{
	int now = column_of(l, l->d->now);

	grid_text(l->g, y, 1, STYLE_PLAIN, "%s %s", s->role->name,
	    s->setting == s->role->setting ? s->role->brief : "80%");
	for (int c = 0; c < l->columns; c++)
		if (c <= now)
			past(l, s, y, c);
		else
			future(l, s, y, c);
	what_next(l, s, y);
}

static void
last_events(const struct line *l, int y)
{
	const struct demo *d = l->d;
	size_t room = (size_t)(l->g->rows - y);
	size_t n = d->events < room ? d->events : room;
	char at[WHEN_TEXT];

	for (size_t i = d->events - n; i < d->events; i++, y++) {
		const struct demo_event *ev = &d->event[i % COUNT_OF(d->event)];
		enum grid_style style = ev->at == d->now ? STYLE_BOLD : STYLE_PLAIN;

		grid_text(l->g, y, 1, STYLE_DIM, "%s", demo_date(ev->at, at));
		grid_text(l->g, y, 22, style, "%-8s %s", ev->who, ev->text);
	}
}

static void
draw(const struct demo *d, struct grid *g)
{
	struct line l = {d, g, g->columns - LEFT - RIGHT - 1, (d->story->days + BEYOND) * DAY};
	int top = TOP_CA + DEMO_CAS + 1, end = top + (int)d->story->roles;

	grid_clear(g);
	head(&l);
	scale(&l);
	for (int n = 1; n <= DEMO_CAS; n++)
		ca_row(&l, n);
	moments(&l, top, (int)d->story->roles);
	for (size_t i = 0; i < d->story->roles; i++)
		spoke_row(&l, &d->spoke[i], top + (int)i);
	if (d->now < d->start + l.span)
		grid_put(g, top - 1, LEFT + column_of(&l, d->now), STYLE_BOLD, 0x25bc);
	grid_text(g, end, 1, STYLE_DIM,
	    "o certificate  s next in hand  c next CA only  x cut off  R new key");
	grid_put(g, end, 70, STYLE_DIM, 0x2591);
	grid_text(g, end, 72, STYLE_DIM, "off");
	last_events(&l, end + 2);
}

/* ---- the terminal ---- */

static bool
terminal_size(int *rows, int *columns)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_row < GRID_ROWS_LEAST ||
	    w.ws_col < GRID_COLUMNS_LEAST)
		return false;
	*rows = w.ws_row < GRID_ROWS ? w.ws_row : GRID_ROWS;
	*columns = w.ws_col < GRID_COLUMNS ? w.ws_col : GRID_COLUMNS;
	return true;
}

static bool
say(struct view v)
{
	return fd_write(STDOUT_FILENO, v);
}

struct demo_picture *
picture_open(void)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	struct demo_picture *p;
	struct termios quiet;
	int rows, columns;

	if (!isatty(STDOUT_FILENO) || term == NULL || strcmp(term, "dumb") == 0 ||
	    !terminal_size(&rows, &columns))
		return NULL;
	p = mem_get(sizeof(*p));
	(void)setlocale(LC_CTYPE, "");
	p->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	p->colour = no_colour == NULL || no_colour[0] == 0;
	(void)tcgetattr(STDOUT_FILENO, &p->before);
	quiet = p->before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	(void)tcsetattr(STDOUT_FILENO, TCSAFLUSH, &quiet);
	(void)say(VIEW("\033[?1049h\033[?25l\033[2J"));
	return p;
}

when_t
picture_frame(struct demo *d)
{
	return d->picture->frame_at;
}

/* When is something due that one would like to see come? */
static when_t
ahead(const struct demo *d)
{
	when_t at = WHEN_NEVER;

	for (int n = 1; n <= d->cas; n++)
		if (d->ca[n].until > d->now)
			at = when_min(at, d->ca[n].until);
	for (size_t i = 0; i < d->story->roles; i++)
		if (d->spoke[i].body.pid > 0 && d->spoke[i].timer_at > d->now)
			at = when_min(at, d->spoke[i].timer_at);
	for (size_t i = 0; i < d->story->acts; i++)
		if (d->story->act[i].day * DAY > d->now - d->start)
			return when_min(at, d->start + d->story->act[i].day * DAY);
	return at;
}

static bool
paint(struct demo *d, struct err *e)
{
	struct demo_picture *p = d->picture;
	struct blob out = {0};
	int rows, columns;
	bool ok;

	if (!terminal_size(&rows, &columns)) {
		rows = GRID_ROWS_LEAST;
		columns = GRID_COLUMNS_LEAST;
	}
	if (rows != p->shown.rows || columns != p->shown.columns)
		blob_add_str(&out, "\033[2J");
	p->now.rows = rows;
	p->now.columns = columns;
	draw(d, &p->now);
	grid_ansi(&p->now, &p->shown, p->colour, p->unicode, &out);
	p->shown = p->now;
	ok = say(blob_view(&out)) || err_set(e, WHY_IO, "the terminal is gone");
	blob_free(&out);
	return ok;
}

bool
picture_show(struct demo *d, struct err *e)
{
	struct demo_picture *p = d->picture;
	int64_t ms = FRAME_MS;
	when_t stride;

	if (d->now < p->frame_at && p->told == d->events)
		return true;
	for (size_t i = p->told; i < d->events; i++)
		if (d->events - i <= COUNT_OF(d->event)) {
			int64_t hold =
			    d->event[i % COUNT_OF(d->event)].major ? HOLD_MAJOR_MS : HOLD_MS;

			ms = hold > ms ? hold : ms;
		}
	p->told = d->events;
	if (!paint(d, e))
		return false;
	if (ms == FRAME_MS)
		ms -= clock_mono_ms() - p->since_ms;
	if (!fleet_rest(d, ms > 0 ? ms : 0, e))
		return false;
	p->since_ms = clock_mono_ms();
	stride = (ahead(d) - d->now) / SLOWER;
	p->frame_at = when_add(d->now, when_max(STRIDE_LEAST, when_min(STRIDE, stride)));
	return true;
}

void
picture_leave(struct demo *d)
{
	struct demo_picture *p = d->picture;
	struct blob out = {0};

	blob_add_str(&out, "\033[?25h\033[?1049l");
	if (!d->ended && p->shown.rows > 0)
		grid_plain(&p->shown, p->colour, p->unicode, &out);
	(void)say(blob_view(&out));
	(void)tcsetattr(STDOUT_FILENO, TCSAFLUSH, &p->before);
	blob_free(&out);
	free(p);
	d->picture = NULL;
}

bool
picture_svg(const struct demo *d, const char *path, struct err *e)
{
	struct grid *g = mem_get(sizeof(*g));
	struct blob out = {0};
	FILE *f = fopen(path, "we");
	bool ok;

	g->rows = 26;
	g->columns = 100;
	draw(d, g);
	grid_svg(g, &out);
	ok = f != NULL && fwrite(out.p, 1, out.n, f) == out.n;
	if (f != NULL && fclose(f) != 0)
		ok = false;
	free(g);
	blob_free(&out);
	return ok || err_set(e, WHY_IO, "cannot write %s", path);
}
