/* grant_rows.c - every combination of facts, decided. */
#include "ca/ca.h"

/* Digits of a number in mixed radix: one for each fact. */
static const int radix[] = {
    3, 2, 2, 2, 2, SIGNER_KINDS, 2, 2, 2, 2, 2, PASSWORD_KINDS, ROLE_KINDS, TO_KINDS, 2, 2};

int
main(void)
{
	int d[COUNT_OF(radix)] = {0};
	size_t at;

	do {
		struct grant_facts f = {
		    .mode = (enum ca_mode)d[0],
		    .no_replace = d[1] != 0,
		    .renewals_wait = d[2] != 0,
		    .adopt_waits = d[3] != 0,
		    .renewal_type = d[4] != 0,
		    .signer = (enum grant_signer)d[5],
		    .same_subject = d[6] != 0,
		    .same_san = d[7] != 0,
		    .reserved = d[8] != 0,
		    .key_elsewhere = d[9] != 0,
		    .subject_live = d[10] != 0,
		    .password = (enum grant_password)d[11],
		    .role = (enum grant_role)d[12],
		    .to = (enum grant_to)d[13],
		    .late = d[14] != 0,
		    .spent = d[15] != 0,
		};
		struct grant g = grant_decide(&f);

		for (size_t i = 0; i < COUNT_OF(radix); i++)
			printf("%d ", d[i]);
		printf(g.act == GRANT_ISSUE  ? "-> issue\n"
		       : g.act == GRANT_PEND ? "-> pend\n"
					     : "-> refuse %d\n",
		    (int)g.fail);
		for (at = 0; at < COUNT_OF(radix) && ++d[at] == radix[at]; at++)
			d[at] = 0;
	} while (at < COUNT_OF(radix));
	return 0;
}
