/* default.c - the world that is tried when nobody says which. */
#include "sim/sim_int.h"

static struct tp_policy
usual(void)
{
	return (struct tp_policy){
	    .plan = {.url = true,
		.fingerprint = true,
		.auto_enroll = true,
		.percent = 80,
		.retry_count = 999,
		.retry_period = MINUTE},
	    .regenerate = true,
	    .key_kind = KEY_RSA,
	    .key_bits = 2048,
	    .hash = HASH_SHA256,
	    .cipher = CIPHER_AES128,
	};
}

static void
fleet_add(struct sim_setup *s, const char *name, size_t clients, const struct tp_policy *p)
{
	struct sim_fleet *f = &s->fleet[s->fleets++];

	*f = (struct sim_fleet){.policy = *p, .clients = clients};
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
}

static void
fleets_of(struct sim_setup *s, size_t clients)
{
	struct tp_policy p = usual();
	size_t tenth = clients / 10, rest = clients - 2 * tenth - clients / 20;

	fleet_add(s, "auto-enroll 80 regenerate", rest, &p);
	p.regenerate = false;
	p.plan.spread = s->seed % 2 * 5 * DAY;
	fleet_add(s, "auto-enroll 80", tenth, &p);
	p.plan.spread = 0;
	p.regenerate = true;
	fleet_add(s, "foreign clock", clients / 20, &p);
	s->fleet[s->fleets - 1].clock_error_ms = 1000 * (int64_t)(s->seed % 61) - 30000;
	p.plan.auto_enroll = false;
	fleet_add(s, "no auto-enroll", tenth, &p);
}

void
sim_default(struct sim_setup *s, uint64_t seed, enum sim_faults faults)
{
	*s = (struct sim_setup){
	    .ca = {.name = "ROOTCA",
		.plan = {.lifetime_ca = 730 * DAY,
		    .lifetime_cert = 365 * DAY,
		    .lifetime_crl = 168 * HOUR,
		    .crl_overlap = 24 * HOUR,
		    .lifetime_request = 168 * HOUR,
		    .auto_rollover = true,
		    .rollover = 90 * DAY},
		.issuer_name = "CN=RootCA,OU=TAC,O=Cisco",
		/* First requests wait for an operator in one world of ten, renewals too in
		 * one of twenty. */
		.mode = seed % 10 == 7 ? CA_MANUAL : CA_AUTO,
		.renewals_wait = seed % 20 == 17,
		.serial_sequential = seed % 3 == 0,
		.serial_floor = -1,
		.hash = HASH_SHA256,
		.key_label = "ROOTCA",
		.key_kind = KEY_RSA,
		.key_bits = 2048,
		.archive = seed % 2 == 0},
	    .start = 1444392856, /* 2015-10-09T12:14:16Z */
	    .span = 12 * 365 * DAY,
	    .join = 365 * DAY,
	    .seed = seed,
	    .faults = faults,
	};
	fleets_of(s, 64);
}
