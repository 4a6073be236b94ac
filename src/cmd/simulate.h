/* simulate.h - a configuration lived through, for years, in a moment. */
#ifndef CMD_SIMULATE_H
#define CMD_SIMULATE_H

/* argv[0] is "simulate". Exit code of keymuster: 6 when somebody was left behind. */
int simulate(int argc, char **argv);
/* argv[0] is "demo". 0: everything came as the story has it. */
int demo(int argc, char **argv);

#endif
