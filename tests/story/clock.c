/* clock.c - what happens to the clock of a story. */
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "tests/story/story.h"

/* "each TIME ...", the first line: the story is played for each, which is T in "at". */
bool
do_each(struct story *s, struct err *e)
{
	size_t which = s->moments;

	if (s->words < 2 || strlen(s->word[1 + which]) >= sizeof(s->each))
		return err_set(e, WHY_BAD_INPUT, "no time");
	memcpy(s->each, s->word[1 + which], strlen(s->word[1 + which]) + 1);
	s->moments = s->words - 1;
	return true;
}

/* "2026-01-01T00:00:00Z", or "T", "T-90d-1s", "T+1s". */
static bool
moment(const struct story *s, const char *word, when_t *at)
{
	if (word[0] != 'T')
		return when_parse(word, at);
	if (!when_parse(s->each, at))
		return false;
	*at += span(word + 1);
	return true;
}

bool
do_at(struct story *s, struct err *e)
{
	when_t at;

	if (!moment(s, s->word[1], &at))
		return err_set(e, WHY_BAD_INPUT, "time '%s'", s->word[1]);
	s->w.boot += s->open ? at - s->w.now : 0; /* asleep until then */
	s->w.now = at;
	if (s->open)
		return world_wait(&s->w, at, e);
	s->open = true;
	return world_open(&s->w, e);
}

/* "wait 30d", "wait 10s unseen": the timer is late, the next line comes first. */
bool
do_wait(struct story *s, struct err *e)
{
	bool unseen = flag(s, "unseen");
	when_t until = s->w.now;

	for (size_t i = 1; i + unseen < s->words; i++)
		until += span(s->word[i]);
	if (unseen) {
		s->w.boot += until - s->w.now;
		s->w.now = until;
		return true;
	}
	return world_wait(&s->w, until, e);
}

/* "clock back 2h", "clock jump 400d": set, while the boot clock goes on. */
bool
do_clock(struct story *s, struct err *e)
{
	const char *what = s->word[1];

	if (strcmp(what, "on") == 0 || strcmp(what, "off") == 0)
		s->w.vouched = strcmp(what, "on") == 0;
	else if (strcmp(what, "synchronised") == 0)
		s->w.synchronised = true;
	else if (strcmp(what, "unsynchronised") == 0)
		s->w.synchronised = false;
	else if (strcmp(what, "confirm") == 0)
		s->w.confirmed = true;
	else if (strcmp(what, "jump") == 0)
		s->w.now += span(s->word[2]);
	else if (strcmp(what, "back") == 0)
		s->w.now -= span(s->word[2]);
	else
		return err_set(e, WHY_BAD_INPUT, "clock '%s'?", what);
	return !s->open || world_tick(&s->w, e);
}

/* "reboot [AT]": the clock shows AT behind it. */
bool
do_reboot(struct story *s, struct err *e)
{
	if (s->words > 1 && !when_parse(s->word[1], &s->w.now))
		return err_set(e, WHY_BAD_INPUT, "time '%s'", s->word[1]);
	s->w.max_jobs = -1;
	return world_reboot(&s->w, e);
}

/* From here on lines of the log are kept, for "expect log". */
bool
do_log(struct story *s, struct err *e)
{
	s->log = tmpfile();
	s->stderr_was = dup(STDERR_FILENO);
	if (s->log == NULL || s->stderr_was < 0 ||
	    fcntl(fileno(s->log), F_SETFL, O_APPEND) < 0 ||
	    dup2(fileno(s->log), STDERR_FILENO) < 0)
		return err_set(e, WHY_IO, "log to a file");
	log_open("story", LOG_NOTICE);
	return true;
}
