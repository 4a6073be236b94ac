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

/* One whose certificate ends long before the switch, and who is back behind it, as expected. */
static const struct demo_role ended[] = {
    {"spoke-1", "auto-enroll 80", "80%", {false}, NULL},
    {"spoke-2", "", "none", {true}, "its certificate had ended"},
};
static const struct demo_act ended_acts[] = {
    {0, 0, DEED_JOIN, NULL, "joins"},
    {0, 1, DEED_JOIN, NULL, "joins"},
    {0, 1, DEED_ENROL, NULL, "is enrolled by hand"},
    {731, 1, DEED_ENROL, NULL, "is enrolled by hand again"},
};

static const struct {
	const char *name;
	struct demo_story story;
} stories[] = {
    {"forgotten", {forgotten, 2, acts, 3, 1, 732}},
    {"pessimist", {pessimist, 2, acts, 2, 1, 732}},
    {"ended", {ended, 2, ended_acts, COUNT_OF(ended_acts), 1, 733}},
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < COUNT_OF(stories); i++)
		if (strcmp(stories[i].name, argv[2]) == 0)
			return demo_tell(&stories[i].story, argv[1], NULL);
	return 2;
}
