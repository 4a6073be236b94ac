# agents.py - thousands of trustpoints in one daemon: time, memory, idle CPU.
"""usage: agents.py KEYMUSTERD KEYMUSTER CLIENT KEYMUSTER-AGENT BENCH-KEYS COUNT [BITS [IDLE [sizes] [copied]]]

COUNT trustpoints with a key of BITS (2048) each enrol at one authority, then rest for IDLE (10) seconds, and the daemon starts
anew. Figures per process and trustpoint; what they are measured on says TMPDIR (/dev/shm or a disk). Less than 2048 bits go with
'compat ancient': where only the agent's part counts. With copied, POOL enrol, and their files and keys are laid for the others, each its own: as many new
keys would take an hour. TAP: all are enrolled, who rests does not wake and all together need less than 1 % of a CPU, and, with
sizes, keeps what DESIGN.md, Numbers says."""
import os
import re
import shutil
import sys
import time

BENCH_KEYS, COUNT = sys.argv[5], int(sys.argv[6])
BITS = int(sys.argv[7]) if len(sys.argv) > 7 else 2048
IDLE = float(sys.argv[8]) if len(sys.argv) > 8 else 10.0
POOL = 16
MOST = {'core': 2048, 'supervisor': 8, 'courier': 500}  # octets that a trustpoint keeps in each
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../interop'))
import daemon  # noqa: E402
from daemon import case, run, until  # noqa: E402
from trustpoint import Agent  # noqa: E402

TICK = os.sysconf('SC_CLK_TCK')
LINES = '  grant auto\n  lifetime certificate 365\n  lifetime ca-certificate 3650\n'
base = daemon.ROOT.replace('  lifetime certificate 365\n  lifetime ca-certificate 730\n', '')
d = daemon.Daemon(LINES + ('  compat ancient\n' if BITS < 2048 else ''), base)
alone = many = None
figures = {}


def say(name, value, unit=''):
    figures[name] = value
    print('# %-28s %s %s' % (name, '%.3f' % value if isinstance(value, float) else value, unit), flush=True)


def read(path):
    with open(path) as f:
        return f.read()


def processes(agent):
    """Role -> pid of an agent's processes."""
    found = {'supervisor': agent.process.pid}
    for pid in read('/proc/%d/task/%d/children' % (agent.process.pid, agent.process.pid)).split():
        role = re.search(r'--role=(\w+)', read('/proc/%s/cmdline' % pid))
        if role:
            found[role[1]] = int(pid)
    return found


def dirty(pid):
    """Private octets that the process wrote to."""
    return 1024 * sum(int(n) for n in re.findall(r'^(?:Private_Dirty|Swap): +(\d+)', read('/proc/%d/smaps_rollup' % pid), re.M))


def cpu(pid):
    fields = read('/proc/%d/stat' % pid).rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def wakeups(pid):
    return sum(int(n) for t in os.listdir('/proc/%d/task' % pid)
               for n in re.findall(r'^voluntary_ctxt_switches:\s+(\d+)', read('/proc/%d/task/%s/status' % (pid, t)), re.M))


def trustpoints(n):
    names = POOL if 'copied' in sys.argv else n
    seal = daemon.fingerprint(d.ca()).partition('=')[2]
    return ''.join('crypto pki trustpoint TP%05d\n  enrollment url %s\n  fingerprint %s\n  subject-name CN=tp%05d,OU=Spokes\n'
                   '  rsakeypair TP%05d %d\n  auto-enroll 80\n  revocation-check none\n' % (i, d.url(), seal, i % names, i, BITS) for i in range(n))


def enrolled(agent, n):
    try:
        return sum(os.path.lexists('%s/trustpoints/TP%05d/active' % (agent.state, i)) for i in range(n)) == n
    except OSError:
        return False


def rest(agent):
    """Until a second costs no more than a tick a process: what the last enrolments left is done."""
    while True:
        before = {p: cpu(p) for p in processes(agent).values()}
        time.sleep(1)
        if all(cpu(p) - c <= 1.5 / TICK for p, c in before.items()):
            return


@case('%d trustpoints with keys of %d bits enrol' % (COUNT, BITS))
def enrol():
    global many
    one = Agent(trustpoints(1)).start()
    until(lambda: enrolled(one, 1), 'one enrols')
    rest(one)
    figures['alone'] = {role: dirty(pid) for role, pid in processes(one).items()}
    one.stop()
    if 'copied' in sys.argv:
        copied()
        return
    many = Agent(trustpoints(COUNT))
    begin = time.monotonic()
    many.launch()
    until(many.answers, 'the agent answers', 600)
    say('first_answer_s', time.monotonic() - begin)
    answers = []
    left = list(range(COUNT))
    while left:
        begun = time.monotonic()
        run(daemon.KEYMUSTER, '-r', many.run, 'show', 'clock', code=0)
        answers.append(time.monotonic() - begun)
        assert many.process.poll() is None, many.log()[-2000:]
        assert time.monotonic() - begin < 60 + COUNT * (0.05 + 3 * (BITS / 2048) ** 3), '%d are left\n%s' % (len(left), many.log()[-2000:])
        time.sleep(0.2)
        left = [i for i in left if not os.path.lexists('%s/trustpoints/TP%05d/active' % (many.state, i))]
    took = time.monotonic() - begin
    say('enrolled_s', took)
    say('enrolled_per_s', COUNT / took)
    say('answer_busy_p99_ms', 1000 * sorted(answers)[int(len(answers) * 0.99)])
    for role, pid in processes(many).items():
        say('cpu_%s_s' % role, cpu(pid))
        say('peak_%s_mib' % role, int(re.search(r'VmHWM:\s+(\d+)', read('/proc/%d/status' % pid))[1]) / 1024)
    rest(many)


def copied():
    """Each has the files, the name and the key of one of the pool, under its own label."""
    global many
    many = Agent(trustpoints(POOL)).start()
    until(lambda: enrolled(many, POOL), 'the pool enrols', 600)
    rest(many)
    many.stop()
    many.write('hostname spoke-1\nclock calendar-valid\n' + trustpoints(COUNT))
    for i in range(POOL, COUNT):
        shutil.copytree(many.path('TP%05d' % (i % POOL), '')[:-1], many.path('TP%05d' % i, '')[:-1], symlinks=True)
    run(BENCH_KEYS, many.state, POOL, COUNT, code=0, patience=600)
    many.launch()
    until(many.answers, 'the agent answers', 600)
    rest(many)


@case('at rest they neither work nor wake')
def idle():
    before = {role: (cpu(pid), wakeups(pid)) for role, pid in processes(many).items()}
    time.sleep(IDLE)
    total = 0.0
    for role, pid in processes(many).items():
        used, woken = cpu(pid) - before[role][0], wakeups(pid) - before[role][1]
        total += 100 * used / IDLE
        say('idle_%s_percent' % role, 100 * used / IDLE)
        say('idle_%s_wakeups_per_s' % role, woken / IDLE)
        most = 2 if role == 'core' else 1
        assert woken / IDLE < most, '%s wakes %.1f times a second' % (role, woken / IDLE)
    say('idle_percent', total)
    assert total < 1, 'all together need %.1f %% of a CPU' % total
    memory('')


def memory(when):
    for role, pid in processes(many).items():
        bytes_ = dirty(pid)
        say('%s%s_kib' % (when, role), bytes_ // 1024)
        say('%s%s_each_bytes' % (when, role), (bytes_ - figures['alone'][role]) // COUNT)


@case('the daemon starts anew, answers, and has nothing to do')
def again():
    many.stop()
    begin = time.monotonic()
    many.launch()
    until(many.answers, 'the agent answers', 600)
    say('restart_first_answer_s', time.monotonic() - begin)
    rest(many)
    say('restart_at_rest_s', time.monotonic() - begin)
    for role, pid in processes(many).items():
        say('restart_cpu_%s_s' % role, cpu(pid))
    memory('restart_')
    for role, most in MOST.items() if 'sizes' in sys.argv else ():
        assert figures['restart_%s_each_bytes' % role] < most, '%s: %s' % (role, figures)
    show()
    own_keys()
    assert ' error: ' not in many.log(), many.log()[-2000:]


def show():
    """All of them, a piece at a time: who asks for something else meanwhile waits for a piece."""
    begin, beside = time.monotonic(), []
    with open(many.dir + '/shown', 'w+') as f:
        process = daemon.start([daemon.KEYMUSTER, '-r', many.run, 'show', 'crypto', 'pki', 'trustpoints'], stdout=f)
        while process.poll() is None:
            asked = time.monotonic()
            run(daemon.KEYMUSTER, '-r', many.run, 'show', 'clock', code=0)
            beside.append(time.monotonic() - asked)
        say('show_trustpoints_s', time.monotonic() - begin)
        say('answer_beside_p99_ms', 1000 * sorted(beside)[int(len(beside) * 0.99)])
        f.seek(0)
        assert process.returncode == 0 and f.read().count('Trustpoint TP') == COUNT


def own_keys():
    """The last one, one in the middle and the first one have the key of their certificate: the signer is asked."""
    for i in COUNT - 1, COUNT // 2, 0:
        many.command('crypto pki certificate validate TP%05d' % i)


if __name__ == '__main__':
    d.start()
    daemon.main()
