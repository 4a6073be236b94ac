"""ios.py - IOS routers of five releases enrol, poll, renew.

Arguments: keymusterd, keymuster, client, ios_client.
"""
import daemon
from daemon import case, until
from router import RELEASES, Router, server, words_of

UNPADDED = ("7F", "80", "FF", "8001", "FEDC")
TWENTY = ("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "8000000000000000000000000000000000000001")
servers = {}


def served_by(words, grant="auto"):
    """The server with these words, started when first asked for."""
    if (words, grant) not in servers:
        servers[words, grant] = server(words, grant).start()
    return servers[words, grant]


def enrols(release):
    Router(release, "auto", served_by(words_of(release))).granted("cert")


def polls(release):
    """Temporary certificates 0x7E, 0x7F, 0x80 ...: negative from there on where the release does not pad."""
    router = Router(release, "manual", served_by(words_of(release), "manual"))
    for words in ({}, {"type": "poll"}, {"type": "poll"}):
        said, _ = router.exchange(**words)
        assert said == ["pending", router.digest], said
    request = [r for r in router.d.requests() if router.host in r["subject"]]
    assert len(request) == 1, request
    router.d.command("crypto pki server ROOTCA grant %d" % request[0]["id"])

    def issued():
        said, out = router.exchange("polled", type="poll")
        return said[0] == "success" and (said, out)

    router.check(*until(issued, "the poll brings the certificate"))
    assert router.count > 0x80


def rejected(release):
    router = Router(release, "rejected", served_by(words_of(release), "manual"))
    said, _ = router.exchange()
    assert said[0] == "pending", said
    request = [r for r in router.d.requests() if router.host in r["subject"]]
    router.d.command("crypto pki server ROOTCA reject %d" % request[0]["id"])
    said, _ = router.exchange(type="poll")
    assert said[:2] == ["failure", "2"], said


def renews(release):
    """As PKCSReq signed by the certificate held; the same transaction id as before, then regenerate."""
    router = Router(release, "renewing", served_by(words_of(release)))
    old = router.granted("old")
    same_key = router.granted("same-key", signer=old)
    assert daemon.serial_of(old) != daemon.serial_of(same_key) and router.kind_of(same_key) == "renewal"
    old_key, router.key = router.key, router.new_key("next")
    regenerated = router.granted("regenerated", signer=same_key, signer_key=old_key)
    assert router.kind_of(regenerated) == "renewal", router.kind_of(regenerated)


def renews_by_temporary(release):
    """A CA that lists no Renewal: signed by a temporary certificate, a new key (CSCuw41120)."""
    router = Router(release, "temporary", served_by(words_of(release)))
    old = router.granted("old")
    lines = b"".join(line for line in router.ask("GetCACaps", "text/plain").splitlines(True) if b"Renewal" not in line)
    router.caps = router.d.save(router.name + ".caps", lines)
    router.key = router.new_key("next")
    assert daemon.serial_of(router.granted("again", signer=old)) != daemon.serial_of(old)


def echoes(release):
    """The client compares the recipient with its certificate's octets (CSCuw41120)."""
    for serial in UNPADDED + TWENTY:
        Router(release, "serial" + serial[:4].lower(), served_by(words_of(release))).granted("cert", serial=serial)


def refused(release):
    """Each set of words that is less than the release needs: badAlg, which it can read, and no certificate."""
    less = {"compat ancient": ((), ("compat legacy",)), "compat legacy": ((),)}
    for words in less[words_of(release)[0]]:
        router = Router(release, "refused", served_by(words))
        said, _ = router.exchange()
        assert said[:2] == ["failure", "0"], said
        assert not [c for c in router.d.certificates() if router.host in c["subject"]]


for a_release in RELEASES:
    for sentence, story in (
            ("enrols under grant auto (RQ-08, RP-05)", enrols),
            ("polls with a new temporary certificate each time until it is granted (PO-02)", polls),
            ("is told of a reject by badRequest (PO-06)", rejected),
            ("renews by the certificate it holds, with the same key and a new one (RQ-04, ST-06)", renews),
            ("renews by a temporary certificate where Renewal is not listed", renews_by_temporary),
            ("finds its serial in the answer octet by octet: 7F, 80, FF, negative, 20 octets", echoes)):
        case("%s %s" % (a_release, sentence))(lambda s=story, r=a_release: s(r))
    if words_of(a_release):
        case("%s is refused with badAlg without its words (AL-03)" % a_release)(lambda r=a_release: refused(r))


@case("a release without words needs none, the others exactly one")
def words():
    assert [words_of(r) for r in RELEASES] == [("compat ancient",), ("compat legacy",), ("compat legacy",), (), ()]


@case("all daemons end in order")
def ends():
    for d in servers.values():
        d.stop()


if __name__ == "__main__":
    daemon.main()
