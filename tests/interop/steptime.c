/* steptime.c - a foreign program's time() by a stepped clock. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define NOW_AT 8 /* in the file of a stepped clock (src/base/step.c) */

static const char *page;

__attribute__((constructor)) static void
attach(void)
{
	int fd = open(getenv("STEPTIME"), O_RDONLY | O_CLOEXEC);

	page = mmap(NULL, NOW_AT + sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		abort();
}

/* Waiting is by the machine's clocks, as ever. */
time_t
time(time_t *out)
{
	time_t now = *(const volatile int64_t *)(const void *)(page + NOW_AT);

	if (out != NULL)
		*out = now;
	return now;
}
