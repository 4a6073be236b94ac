"""ios_rollover.py - IOS routers of five releases cross a switch.

Each enrols, fetches the next CA, asks it by PKCSReq for a shadow certificate with a new key, and renews by that behind the
switch, before the server of examples/rootca.conf with the words of its release. All servers are on one clock that steps.
Arguments: keymusterd, keymuster, client, ios_client. RQ-04, NX-01, NX-15, KR-20.
"""
import calendar

import daemon
from daemon import case, dates, fingerprint, until
from router import RELEASES, Router, server, words_of
from stepclock import StepClock

DAY = 86400
BORN = calendar.timegm((2028, 2, 29, 0, 0, 0))
END = BORN + 730 * DAY
NEXT = END - 90 * DAY

path = daemon.directory() + "/clock"
clock = StepClock(path, BORN)
servers = {words: server(words, "auto", {"KEYMUSTER_CLOCK": "step=" + path}) for words in {words_of(r) for r in RELEASES}}
routers = {}


def move(at, what, done):
    """The clock stands at this second, and every server has done its part."""
    clock.run_until(at)
    for d in servers.values():
        until(lambda d=d: done(d), what)
    assert clock.now() == at


def enrols(release):
    router = routers[release] = Router(release, "over", servers[words_of(release)])
    said, router.cert = router.exchange("old")
    router.check(said, router.cert, days=365, at=clock.now())
    assert router.kind_of(router.cert) == "initial"


def too_early(release):
    answer = routers[release].answer("GetNextCACert")
    assert answer.status == 404 and int(answer.headers["retry-after"]) > 0, answer


def takes_shadow(release):
    """Its own next CA, asked by the certificate held; asked again, the same comes; nothing is in force yet."""
    router = routers[release]
    ca = router.d.ca()
    router.next = router.d.save(router.name + ".next.pem", daemon.next_certificate(router.d, router.answer("GetNextCACert"), ca))
    assert dates(router.next) == [END, END + 730 * DAY], dates(router.next)
    router.ca = router.d.dir + "/%s.next" % router.name
    daemon.openssl("x509", "-in", router.next, "-outform", "DER", "-out", router.ca)
    old_key, router.key = router.key, router.new_key("shadow")
    got = [router.exchange("shadow", signer=router.cert, signer_key=old_key) for _ in range(2)]
    (said, router.shadow), (again, _) = got
    assert said == again and said[0] == "success" and said[2:] == [router.digest, router.cipher], got
    assert dates(router.shadow) == [END, END + 365 * DAY] and router.kind_of(router.shadow) == "shadow"
    assert fingerprint(router.d.ca()) == fingerprint(ca)


def renews(release):
    """Old and new chain on both sides; then the shadow certificate is the one that renews."""
    router = routers[release]
    verify = ["openssl", "verify", "-x509_strict", "-CAfile", router.d.dir + "/both.pem"]
    with open(verify[-1], "wb") as both:
        both.write(open(router.d.first_ca, "rb").read() + open(router.next, "rb").read())
    for at, valid in (END - 1, (True, False)), (END, (False, True)):
        got = tuple(daemon.run(*verify, "-attime", str(at), cert).code == 0 for cert in (router.cert, router.shadow))
        assert got == valid, (at - END, got)
    router.check(["success", None, router.digest, router.cipher], router.shadow, at=clock.now())
    old_key, router.key = router.key, router.new_key("after")
    said, cert = router.exchange("after", signer=router.shadow, signer_key=old_key)
    router.check(said, cert, at=clock.now())
    assert router.kind_of(cert) == "renewal"


@case("the servers start")
def start():
    for d in servers.values():
        d.start()
        d.first_ca = d.save("first.pem", open(d.ca(), "rb").read())
    clock.run_until(END - 365 * DAY)


for a_release in RELEASES:
    case("%s enrols" % a_release)(lambda r=a_release: enrols(r))
    case("%s is told by 404 that there is no next CA yet" % a_release)(lambda r=a_release: too_early(r))


@case("90 days before the end, to the second, the next CA can be fetched")
def announced():
    clock.run_until(NEXT - 1)
    assert all(d.get("GetNextCACert").status == 404 for d in servers.values())
    move(NEXT, "GetNextCACert is answered", lambda d: d.get("GetNextCACert").status == 200)


for a_release in RELEASES:
    case("%s fetches the next CA and gets a shadow certificate of it" % a_release)(lambda r=a_release: takes_shadow(r))


@case("the switch, to the second")
def switch():
    clock.run_until(END - 1)
    assert all(fingerprint(d.ca()) == fingerprint(d.first_ca) for d in servers.values())
    move(END, "the switch", lambda d: d.get("GetCACert").status == 200 and fingerprint(d.ca()) != fingerprint(d.first_ca))


for a_release in RELEASES:
    case("%s renews by its shadow certificate, to the CA that was next" % a_release)(lambda r=a_release: renews(r))


@case("all daemons end in order, one shadow certificate a router")
def ends():
    for words, d in servers.items():
        shadows = [c for c in d.certificates() if c["kind"] == "shadow"]
        assert len(shadows) == sum(words_of(r) == words for r in RELEASES), shadows
        d.stop()


if __name__ == "__main__":
    daemon.main()
