/* confine.c - give up files and capabilities. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sandbox.h"

/* ---- files --------------------------------------------------------------------------------
 */

/* What a directory of ours needs: whole files read, written beside, renamed and removed. */
#define GRANTED                                                                                \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |                        \
	    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                        \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE)
/* Core keeps identities of trustpoints: a directory for each, and links to the one in use. */
#define GRANTED_CORE                                                                           \
	(GRANTED | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |               \
	    LANDLOCK_ACCESS_FS_MAKE_SYM)
/* All of the first Landlock (Linux 5.13); what later ones add, the filter forbids. */
#define JUDGED                                                                                 \
	(GRANTED | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                \
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                       \
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                      \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static bool
rule_add(int rules, const char *dir, enum sandbox profile, struct err *e)
{
	struct landlock_path_beneath_attr rule = {
	    .allowed_access = profile == SANDBOX_CORE ? GRANTED_CORE : GRANTED};
	bool only_read = profile == SANDBOX_COURIER;
	struct stat st;
	bool ok;

	rule.parent_fd = open(dir, O_PATH | O_CLOEXEC | (only_read ? 0 : O_DIRECTORY));
	if (rule.parent_fd < 0 && only_read && errno == ENOENT)
		return true;
	if (only_read)
		rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
	if (only_read && rule.parent_fd >= 0 && fstat(rule.parent_fd, &st) == 0 &&
	    S_ISDIR(st.st_mode))
		rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
	ok = rule.parent_fd >= 0 &&
	     syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	if (!ok)
		err_set(e, WHY_IO, "cannot confine files to '%s': %s", dir, strerror(errno));
	if (rule.parent_fd >= 0)
		close(rule.parent_fd);
	return ok;
}

bool
files_confine(const char *const *dirs, enum sandbox profile, bool *confined, struct err *e)
{
	struct landlock_ruleset_attr judged = {.handled_access_fs = JUDGED};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &judged, sizeof(judged), 0);
	bool ok = false;

	*confined = rules >= 0;
	/* Not built in, not switched on at boot, or forbidden by a container of old. */
	if (rules < 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM))
		return true;
	if (rules < 0)
		return err_set(e, WHY_IO, "cannot confine files: %s", strerror(errno));
	for (; dirs != NULL && *dirs != NULL; dirs++)
		if (!rule_add(rules, *dirs, profile, e))
			goto out;
	ok = syscall(SYS_landlock_restrict_self, rules, 0) == 0 ||
	     err_set(e, WHY_IO, "cannot confine files: %s", strerror(errno));
out:
	close(rules);
	return ok;
}

/* ---- capabilities -------------------------------------------------------------------------
 */

bool
capabilities_drop(uint64_t keep, struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {0};

	/* Without CAP_SETPCAP it cannot be done, and with no new privileges it need not. */
	for (unsigned long c = 0; prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == 0; c++)
		continue;
	if (syscall(SYS_capget, &head, caps) != 0)
		return err_set(e, WHY_IO, "cannot read capabilities: %s", strerror(errno));
	for (size_t i = 0; i < COUNT_OF(caps); i++) {
		caps[i].permitted &= (uint32_t)(keep >> 32 * i);
		caps[i].effective = caps[i].permitted;
		caps[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, caps) != 0)
		return err_set(e, WHY_IO, "cannot give up capabilities: %s", strerror(errno));
	return true;
}
