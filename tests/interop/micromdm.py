"""micromdm.py - micromdm's scepclient under compat ancient.

scepclient 2.1.0 (Debian's package scep) always signs by SHA-1 and encrypts by single DES, with a
temporary certificate of another name than the request. Arguments: keymusterd, keymuster, client.
"""
import os

import daemon
from daemon import case, run, until

ANCIENT = "  compat ancient\n"
strict = daemon.Daemon()
ancient = daemon.Daemon("  grant auto\n" + ANCIENT)
manual = daemon.Daemon("  grant manual\n" + ANCIENT)
behind_ra = daemon.Daemon(daemon.EC_BEHIND_RA + ANCIENT)
all_of_them = (strict, ancient, manual, behind_ra)


class Device:
    """The files that scepclient keeps: key, request, temporary certificate, certificate."""

    def __init__(self, name):
        self.name, self.dir = name, daemon.directory()
        self.key, self.cert = self.dir + "/key.pem", self.dir + "/cert.pem"

    def words(self, d, *more):
        return ("scepclient", "-server-url", d.url(), "-private-key", self.key, "-certificate", self.cert, "-cn",
                self.name, "-organization", "Cisco", "-ou", "MDM", "-country", "US", "-log-json", "-debug") + more

    def ask(self, d, *more):
        return run(*self.words(d, *more), cwd=self.dir)

    def check(self, d):
        daemon.check_certificate(d, self.cert, self.key, "CN=%s,OU=MDM,O=Cisco,C=US" % self.name)
        return daemon.serial_of(self.cert)


def kind(d, serial):
    return [c["kind"] for c in d.certificates() if c["serial"] == serial]


@case("without the word: badAlg in order, which the client reports, and nothing is stored")
def refused():
    device = Device("strict")
    ran = device.ask(strict)
    assert ran.code == 1 and "failInfo: badAlg (0)" in ran.out + ran.err, ran
    assert not os.path.exists(device.cert), "a certificate came"
    assert not strict.certificates() and not strict.requests()


@case("AL-08 compat ancient: enrolment, and renewal signed by the certificate held")
def enrol():
    device = Device("mdm1")
    ran = device.ask(ancient)
    assert ran.code == 0, ran
    first = device.check(ancient)
    assert kind(ancient, first) == ["initial"]
    ran = device.ask(ancient)
    assert ran.code == 0 and '"signer_cn":"mdm1"' in ran.out + ran.err, ran
    second = device.check(ancient)
    assert second != first and kind(ancient, second) == ["renewal"], (first, second)


@case("compat ancient, grant manual: a one-time password enrols without a human")
def password():
    device = Device("mdm2")
    ran = device.ask(manual, "-challenge", manual.one_time_password())
    assert ran.code == 0, ran
    device.check(manual)
    assert not manual.requests(), manual.requests()


@case("compat ancient, grant manual: it reads PENDING; asking again after the grant brings the certificate")
def pending():
    device = Device("mdm3")
    with open(device.dir + "/log", "wb") as log:
        process = daemon.start(device.words(manual), cwd=device.dir, stdout=log, stderr=log)

    def waits():
        with open(device.dir + "/log") as f:
            said = f.read()
        assert process.poll() is None, said
        return "PENDING" in said

    until(waits, "the client says that it waits")
    daemon.end(process)  # it would sleep 30 s and ask the same
    manual.command("crypto pki server ROOTCA grant %d" % manual.requests()[0]["id"])
    ran = device.ask(manual)
    assert ran.code == 0, ran
    device.check(manual)


@case("CA-03 compat ancient at an EC CA behind an RSA certificate: enrols and renews when told which one is for it")
def ec_ca():
    behind_ra.ca()
    # Without this it encrypts to every certificate of GetCACert, and gives up at the EC one.
    digest = daemon.cert_field(behind_ra.dir + "/ca-ra.pem", "-fingerprint", "-sha256").partition("=")[2]
    device, serials = Device("mdm4"), set()
    for _ in range(2):
        ran = device.ask(behind_ra, "-ca-fingerprint", digest.replace(":", "").lower())
        assert ran.code == 0, ran
        serials.add(device.check(behind_ra))
    assert len(serials) == 2, serials


@case("the daemons end in order")
def ends():
    for d in all_of_them:
        d.stop()


if __name__ == "__main__":
    for each in all_of_them:
        each.start()
    daemon.main()
