/* demo_story.c - stories whose end is not the one expected. */
#include <string.h>

#include "cmd/demo.h"

/* One that follows, and one whose percentage somebody forgot. */
static const struct demo_role forgotten[] = {
    {"spoke-1", "auto-enroll 80", "80%", {false}, NULL},
    {"spoke-2", "", "none", {false}, NULL},
};
/* One that is believed to be lost, and is not. */
static const struct demo_role pessimist[] = {
    {"spoke-1", "auto-enroll 80", "80%", {false}, NULL},
    {"spoke-2", "auto-enroll 80", "80%", {true}, "nothing"},
};
static const struct demo_act acts[] = {
    {0, 0, DEED_JOIN, NULL, "joins"},
    {400, 1, DEED_JOIN, NULL, "joins"},
    {400, 1, DEED_ENROL, NULL, "is enrolled by hand"},
};

static const struct demo_story stories[] = {
    {forgotten, 2, acts, 3, 1, 732},
    {pessimist, 2, acts, 2, 1, 732},
};

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	return demo_tell(&stories[strcmp(argv[2], "pessimist") == 0], argv[1], NULL);
}
