/* signer.c - the process that has the keys. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keys/message.h"
#include "keys/vault.h"
#include "sys/sys.h"

#define WORKERS_MAX 64
#define STACK (1024 * 1024)
#define WORKER_NICE 5
#define FULL_MS 200 /* how soon a sender before a full channel sees that the signer stops */
#define QUEUE_JOBS 4096
#define QUEUE_BYTES ((size_t)128 * 1024 * 1024)

/*
 * The dispatcher (the thread that signer_main came on) reads jobs, asks the guard and queues
 * what it lets through. Workers move keys; what needs no log they send themselves. The scribe
 * makes the log durable, one batch at a time, and sends what waited for it: apart from the
 * dispatcher, because fdatasync takes longer than a signature and jobs must not wait for it.
 */

/* In the order in which workers look. Makes, archives and exports are rare and long: first, but
 * one at a time. */
enum lane { LANE_SLOW, LANE_KNOWN, LANE_STRANGERS, LANES };

struct queue {
	struct task *first, **last;
};

struct answer {
	struct key_done done;
	uint64_t number; /* of its task */
	struct answer *next;
};

struct signer {
	int fd, wake; /* wake: the scribe tells the dispatcher that the log is lost */
	struct vault vault;
	pthread_mutex_t sending;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t work, room, written;
	struct queue lanes[LANES];
	size_t jobs, bytes; /* queued */
	bool slow_busy;
	atomic_bool stopping;			/* set under the lock */
	struct answer *waiting, **waiting_last; /* for the log */
	/* Numbers of tasks: admitted last; all up to durable have their records on the disk. */
	uint64_t admitted, durable;
};

struct thread {
	pthread_t id;
	bool runs;
};

/* ---- sending ---- */

/* Wipes and frees done->bytes. A peer that is gone is noticed by the dispatcher. */
static void
answer_send(struct signer *s, struct key_done *done)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	struct blob message = {0};
	struct err e = {0};

	done_encode(done, &message);
	pthread_mutex_lock(&s->sending);
	while (
	    !channel_send(s->fd, blob_view(&message), &e) && e.why == WHY_BUSY && !s->stopping)
		(void)poll(&p, 1, FULL_MS);
	pthread_mutex_unlock(&s->sending);
	blob_free(&message);
	blob_free(&done->bytes);
}

static void
answer_refuse(struct signer *s, uint64_t id, const struct err *why)
{
	struct key_done done;

	done_fill(&done, id, why);
	answer_send(s, &done);
}

/* ---- the scribe ---- */

/* One commit holds the records of all tasks admitted before it, also of those whose answers are
 * not there yet: they need not wait any more. */
static void
answer_logged(struct signer *s, uint64_t number, struct key_done *done)
{
	struct answer *a;
	bool durable;

	pthread_mutex_lock(&s->lock);
	durable = number <= s->durable;
	if (!durable) {
		a = mem_get(sizeof(*a));
		a->done = *done;
		a->number = number;
		*s->waiting_last = a;
		s->waiting_last = &a->next;
		pthread_cond_signal(&s->written);
	}
	pthread_mutex_unlock(&s->lock);
	if (durable)
		answer_send(s, done);
}

/* Waits for an answer that needs the log; false when the signer stops. */
static bool
answers_waited(struct signer *s, uint64_t *admitted)
{
	bool some;

	pthread_mutex_lock(&s->lock);
	while (s->waiting == NULL && !s->stopping)
		pthread_cond_wait(&s->written, &s->lock);
	some = s->waiting != NULL;
	*admitted = s->admitted;
	pthread_mutex_unlock(&s->lock);
	return some;
}

/* Those of tasks up to that number, which a commit has decided. */
static struct answer *
answers_take(struct signer *s, uint64_t number, bool durable)
{
	struct answer *taken = NULL, **last = &taken, **at = &s->waiting, *a;

	pthread_mutex_lock(&s->lock);
	if (durable)
		s->durable = number;
	while ((a = *at) != NULL) {
		if (a->number > number) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		a->next = NULL;
		*last = a;
		last = &a->next;
	}
	s->waiting_last = at;
	pthread_mutex_unlock(&s->lock);
	return taken;
}

static void *
scribe_run(void *arg)
{
	struct signer *s = arg;
	struct answer *a, *next;
	struct err e = {0};
	uint64_t admitted;
	bool durable;

	while (answers_waited(s, &admitted)) {
		durable = journal_commit(s->vault.journal, &e);
		for (a = answers_take(s, admitted, durable); a != NULL; a = next) {
			next = a->next;
			if (!durable) {
				blob_free(&a->done.bytes);
				done_fill(&a->done, a->done.id, &e);
			}
			answer_send(s, &a->done);
			free(a);
		}
		if (!durable)
			log_error("signer's log", "why='%s'", e.text);
		if (journal_broken(s->vault.journal) && eventfd_write(s->wake, 1) != 0)
			abort();
	}
	return NULL;
}

/* ---- workers ---- */

static struct task *
queue_take(struct queue *q)
{
	struct task *t = q->first;

	if (t == NULL)
		return NULL;
	q->first = t->next;
	if (q->first == NULL)
		q->last = &q->first;
	return t;
}

/* Caller holds the lock. */
static struct task *
lanes_take(struct signer *s)
{
	struct task *t = NULL;

	for (int lane = s->slow_busy ? LANE_KNOWN : LANE_SLOW; lane < LANES && t == NULL;
	     lane++)
		t = queue_take(&s->lanes[lane]);
	if (t == NULL)
		return NULL;
	if (task_is_slow(t))
		s->slow_busy = true;
	s->jobs--;
	s->bytes -= t->bytes.n;
	pthread_cond_signal(&s->room);
	return t;
}

/* The next task, or NULL when the signer stops. Woken in vain, it lets go of pairs that are
 * gone.
 */
static struct task *
task_take(struct signer *s, struct kit *k)
{
	struct task *t;

	pthread_mutex_lock(&s->lock);
	kit_sweep(k);
	while (!s->stopping && (t = lanes_take(s)) == NULL) {
		pthread_cond_wait(&s->work, &s->lock);
		kit_sweep(k);
	}
	if (s->stopping)
		t = NULL;
	pthread_mutex_unlock(&s->lock);
	return t;
}

static void
task_finish(struct signer *s, struct task *t)
{
	bool slow = task_is_slow(t);

	task_free(t);
	free(t);
	if (!slow)
		return;
	pthread_mutex_lock(&s->lock);
	s->slow_busy = false;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}

static void *
worker_run(void *arg)
{
	struct signer *s = arg;
	struct kit *k = mem_get(sizeof(*k));
	struct key_done done;
	struct task *t;
	struct err e;

	/* Below everything that answers from memory: a queue of signatures must not slow those
	 * down. */
	if (setpriority(PRIO_PROCESS, 0, WORKER_NICE) != 0)
		log_warn("signer thread keeps its priority", "why='%s'", strerror(errno));
	while ((t = task_take(s, k)) != NULL) {
		done_fill(&done, t->job.id, NULL);
		if (!vault_perform(&s->vault, k, t, &done.bytes, &e)) {
			blob_free(&done.bytes);
			done_fill(&done, t->job.id, &e);
		}
		if (done.why == WHY_NONE && t->permit.logged)
			answer_logged(s, t->number, &done);
		else
			answer_send(s, &done);
		task_finish(s, t);
	}
	kit_free(k);
	free(k);
	return NULL;
}

/* ---- the dispatcher ---- */

static void
task_queue(struct signer *s, const struct task *admitted)
{
	struct task *t = mem_get(sizeof(*t));
	enum lane lane;

	*t = *admitted;
	t->job.bytes = blob_view(&t->bytes);
	lane = task_is_slow(t)				     ? LANE_SLOW
	       : t->job.act == KEY_UNWRAP && t->job.stranger ? LANE_STRANGERS
							     : LANE_KNOWN;
	pthread_mutex_lock(&s->lock);
	t->number = ++s->admitted;
	while (s->jobs >= QUEUE_JOBS || (s->jobs > 0 && s->bytes + t->bytes.n > QUEUE_BYTES))
		pthread_cond_wait(&s->room, &s->lock);
	*s->lanes[lane].last = t;
	s->lanes[lane].last = &t->next;
	s->jobs++;
	s->bytes += t->bytes.n;
	if (t->job.act == KEY_FORGET)
		pthread_cond_broadcast(&s->work);
	else
		pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}

static void
message_serve(struct signer *s, struct view message)
{
	struct key_job job;
	struct task t = {0};
	struct err e = {0};
	uint64_t id;

	if (!job_decode(message, &job, &id, &e)) {
		answer_refuse(s, id, &e);
		return;
	}
	if (vault_admit(&s->vault, &job, &t, &e))
		task_queue(s, &t);
	else
		answer_refuse(s, id, &e);
	mem_wipe(job.password, sizeof(job.password));
	mem_wipe(t.job.password, sizeof(t.job.password));
}

/* Until the peer closes (0) or the log is lost (1). */
static int
dispatch(struct signer *s)
{
	struct pollfd p[2] = {
	    {.fd = s->fd, .events = POLLIN}, {.fd = s->wake, .events = POLLIN}};
	static const struct err broken = {WHY_BAD_INPUT, "packet that is no message"};
	struct blob message = {0};
	int code = -1;

	while (code < 0) {
		if (poll(p, 2, -1) < 0) {
			code = errno == EINTR ? -1 : 1;
			continue;
		}
		if (p[1].revents != 0) {
			code = 1;
			break;
		}
		switch (channel_receive(s->fd, CHANNEL_MAX, &message)) {
		case CHANNEL_MESSAGE:
			message_serve(s, blob_view(&message));
			break;
		case CHANNEL_BROKEN:
			answer_refuse(s, 0, &broken);
			break;
		case CHANNEL_CLOSED:
			code = 0;
			break;
		case CHANNEL_EMPTY:
			break;
		}
		blob_clear(&message);
		if (code < 0 && journal_broken(s->vault.journal)) /* by a turn */
			code = 1;
	}
	blob_free(&message);
	return code;
}

/* ---- start and end ---- */

static bool
thread_start(struct thread *t, void *(*run)(void *), struct signer *s)
{
	pthread_attr_t attr;
	int got;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	got = pthread_create(&t->id, &attr, run, s);
	pthread_attr_destroy(&attr);
	t->runs = got == 0;
	if (!t->runs)
		log_error("signer starts no thread", "why='%s'", strerror(got));
	return t->runs;
}

static void
signer_stop(struct signer *s, struct thread *threads, size_t n)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->work);
	pthread_cond_broadcast(&s->written);
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < n; i++)
		if (threads[i].runs)
			pthread_join(threads[i].id, NULL);
}

static void
signer_free(struct signer *s)
{
	struct answer *a;
	struct task *t;

	for (int lane = 0; lane < LANES; lane++)
		while ((t = queue_take(&s->lanes[lane])) != NULL) {
			task_free(t);
			free(t);
		}
	while ((a = s->waiting) != NULL) {
		s->waiting = a->next;
		blob_free(&a->done.bytes);
		free(a);
	}
	close(s->wake);
	vault_close(&s->vault);
	free(s);
}

static bool
signer_open(struct signer *s, int fd, const char *dir, const struct seal *seal, struct err *e)
{
	s->fd = fd;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->sending, NULL);
	pthread_cond_init(&s->work, NULL);
	pthread_cond_init(&s->room, NULL);
	pthread_cond_init(&s->written, NULL);
	s->waiting_last = &s->waiting;
	for (int lane = 0; lane < LANES; lane++)
		s->lanes[lane].last = &s->lanes[lane].first;
	if (!vault_open(&s->vault, dir, seal, e))
		return false;
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake >= 0)
		return true;
	vault_close(&s->vault);
	return err_set(e, WHY_IO, "eventfd: %s", strerror(errno));
}

int
signer_main(const struct signer_options *o)
{
	struct signer *s = mem_get(sizeof(*s));
	struct thread threads[WORKERS_MAX + 1] = {0};
	struct err e = {0};
	size_t n = o->workers < 1 ? 1 : o->workers > WORKERS_MAX ? WORKERS_MAX : o->workers;
	int code = 1;
	bool ok;

	if (!signer_open(s, o->fd, o->dir, o->seal, &e)) {
		log_error("signer does not start", "why='%s'", e.text);
		free(s);
		return e.why == WHY_BUSY ? 1 : EXIT_CONFIG;
	}
	vault_archive(&s->vault, o->archive_password);
	vault_export(&s->vault, o->export_dir, o->export_group);
	guard_replies(s->vault.guard, o->weakest_reply);
	ok = thread_start(&threads[0], scribe_run, s);
	for (size_t i = 1; ok && i <= n; i++)
		ok = thread_start(&threads[i], worker_run, s);
	if (ok)
		code = dispatch(s);
	signer_stop(s, threads, n + 1);
	signer_free(s);
	close(o->fd);
	return code;
}

void
signer_lock_memory(void)
{
	struct rlimit limit;

	/* Under a limit, locking future pages would make allocations fail, thread stacks among
	 * them. */
	if (geteuid() != 0 &&
	    (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY)) {
		log_notice(
		    "signer's memory may be swapped", "rule='LimitMEMLOCK=infinity locks it'");
		return;
	}
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		log_warn("signer's memory may be swapped", "why='%s'", strerror(errno));
}
