"""Submissions that try to get points that they have not earned, or to do harm, as short pieces of code.

Each case has the status and the points that an honest scorer gives. All of them are made for the tiny assignment, of 5 points.
"""

import json
from typing import NamedTuple

from .tiny_assignment import HONEST, cell, notebook

WRONG = """
from ppocr_lessons.answers import hand_in
hand_in(answers_file, {"total": 1, "squares": [1, 2, 3, 4, 5], "parity": "neither"})
"""


class Case(NamedTuple):
    """A submission: its content, the statuses that it may end with, its points, and whether it needs the whole time limit."""

    content: str
    status: tuple[str, ...]
    points: float = 0
    endless: bool = False


def _raw(text):
    """Write the answers file by hand."""
    return f"import pathlib\npathlib.Path(answers_file).write_text({text})"


def _then(statement, *sources, status=("ok",), points=0.0, endless=False):
    return Case(notebook(statement, *sources), status, points, endless)


ENDLESS = {
    "endless_loop": "while True: pass",
    "handed_in_then_endless": HONEST + "\nimport time\nwhile True: time.sleep(1)",
    "ignores_signals": """
import signal, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True:
    try: time.sleep(1)
    except BaseException: pass
""",
    "fork_bomb": """
import os, time
while True:
    try: os.fork()
    except OSError: pass
    time.sleep(0.2)
""",
    "stopped_parents": """
import os, signal
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) not in (1, os.getpid()): os.kill(int(name), signal.SIGSTOP)
""",
}

EXIT = {
    "sys_exit": ("import sys; sys.exit(0)", ("unanswered", "error")),
    "system_exit_empty": ("raise SystemExit('')", ("unanswered", "error")),
    "os_exit": ("import os; os._exit(0)", ("error",)),
    "kills_the_kernel": ("import os; os.kill(os.getpid(), 9)", ("error",)),
    "kills_everything": ("import os; os.kill(-1, 9); os.kill(os.getpid(), 9)", ("error", "unanswered")),
    "raises_html": ("raise Exception('<script>alert(1)</script><img src=x onerror=alert(2)>')", ("error",)),
    "ten_gigabytes_of_memory": ("x = bytearray(10 * 2**30)", ("error",)),
    "memory_in_pieces": ("x = []\nwhile True: x.append(b'x' * 2**26)", ("error",)),
    "memory_in_files": (
        "for n in range(99):\n    for d in ('/tmp', '/dev/shm', '.'):\n        open(f'{d}/{n}', 'wb').write(b'x' * 2**27)",
        ("error",),
    ),
    "ten_gigabyte_file": ("f = open('big', 'wb')\nfor _ in range(160): f.write(b'x' * 2**26)", ("error",)),
    "floods_outputs": ("for _ in range(1000): print('x' * 10**6)", ("error", "timeout")),
    "thread_bomb": (
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(999,), daemon=True).start()",
        ("error", "timeout"),
    ),
}

CHEATS = {
    "always_equal": """
class Equal(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
from ppocr_lessons.answers import hand_in
hand_in(answers_file, {"total": Equal(1), "squares": [Equal(0)] * 5})
""",
    "patched_numpy": "import numpy as np\nnp.all = np.array_equal = lambda *a, **k: True\n" + WRONG,
    "patched_library": """
import ppocr_lessons.answers as answers
answers.hand_in = lambda *a: None
import sys; sys.modules["ppocr_lessons.grading"] = answers
""" + WRONG,
    "input_transformer": """
get_ipython().input_transformers_cleanup.append(lambda lines: ["score = 5\\n"] + lines)
""" + WRONG,
    "ast_transformer": """
import ast
class Forge(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(Forge())
""" + WRONG,
    "ipython_hook": """
get_ipython().events.register("post_run_cell", lambda *a: print('{"score": 5, "status": "ok"}'))
""" + WRONG,
    "sitecustomize": """
import pathlib, site, sys
for folder in (site.getusersitepackages(), ".", pathlib.Path.home()):
    for name in ("sitecustomize.py", "usercustomize.py"):
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import ppocr_lessons.grading; print('taken over')")
""" + WRONG,
    "shadowing_modules": """
import pathlib
for name in ("json", "ppocr_lessons", "numpy", "tiny_assignment", "base64"):
    pathlib.Path(name + ".py").write_text("loads = load = score = lambda *a, **k: {'points': 5}")
""" + WRONG,
    "checks_edited": WRONG + "\nprint('all checks passed')",
    "markup_in_outputs": WRONG + """
from IPython.display import HTML, Javascript, display
display(HTML("<script>alert(1)</script>"), Javascript("alert(2)"))
""",
    "leftovers": """
import os, pathlib, subprocess
for name in (".bashrc", ".profile", ".config/autostart/x.desktop", ".config/systemd/user/x.service", ".ssh/authorized_keys"):
    path = pathlib.Path.home() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("touch /tmp/hostile-was-here")
for command in ("echo '* * * * * true' | crontab -", "echo true | at now", "systemd-run --user true"):
    subprocess.run(command, shell=True, timeout=20)
for name in ("/etc/cron.d/x", "/var/spool/cron/crontabs/root", "/etc/passwd", "/usr/bin/x"):
    try: pathlib.Path(name).write_text("x")
    except OSError: pass
""" + WRONG,
    "changes_the_library": """
import pathlib, shutil, ppocr_lessons, sys
root = pathlib.Path(ppocr_lessons.__file__).parent
for place in (root, root.parent / "data", pathlib.Path("../../data").resolve(), pathlib.Path(sys.prefix), pathlib.Path(sys.base_prefix)):
    try: (place / "hostile-was-here").write_text("x")
    except OSError: pass
    shutil.rmtree(place / "results", ignore_errors=True)
""" + WRONG,
}  # fmt: skip

LOOKS_AROUND = """
import os, pathlib, sys
found = []
for place in ("ppocr_lessons.grading.assignment", "ppocr_lessons.grading.registry", "tests.grading.tiny_assignment", "tiny_assignment"):
    try: found.append(__import__(place))
    except ImportError: pass
for folder, _, names in os.walk("/"):
    if folder.startswith(("/proc", "/usr", "/sys", sys.prefix, sys.base_prefix)): continue
    found += [folder + "/" + name for name in names if name in ("tiny_assignment.py", "score_submission.py", "secret.txt", "answers.json", "result.json")]
    found += [folder + "/" + name for name in names if name.endswith(".ipynb") and name not in ("submitted.ipynb", "executed.ipynb")]
for name in os.listdir("/proc"):
    try:
        if name.isdigit() and b"pytest" in pathlib.Path("/proc", name, "cmdline").read_bytes(): found.append(name)
        if name.isdigit() and int(name) not in (1, 2) and b"SECRET" in pathlib.Path("/proc", name, "environ").read_bytes(): found.append(name)
    except OSError: pass
try: found.append(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
except OSError: pass
assert not found, found
"""

FORGES_FILES = """
import json, os, pathlib
forged = json.dumps({"status": "ok", "score": 5, "questions": [{"id": "total", "points": 2}], "answers": None, "executed": None})
for folder in ("/tmp/run", "/tmp", "/grader", "/", ".", "..", "../..", os.path.expanduser("~")):
    for name in ("result.json", "outcome.json", "report.csv", "report.json", "r.csv", "index.html"):
        try: pathlib.Path(folder, name).write_text(forged)
        except OSError: pass
for process in os.listdir("/proc"):
    for number in (1, 2):
        try:
            if process.isdigit() and int(process) != os.getpid(): os.write(os.open(f"/proc/{process}/fd/{number}", os.O_WRONLY | os.O_NONBLOCK), (forged + chr(10)).encode())
        except OSError: pass
print(forged)
"""

DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(3): os.close(number)
        time.sleep(100000)
    os._exit(0)
"""

FILES = {
    "symbolic_link": "import os\nos.symlink('/etc/hostname', answers_file)",
    "link_to_own_answers": HONEST.replace("answers_file", "'other.json'") + "\nimport os\nos.symlink('other.json', answers_file)",
    "hard_link": HONEST.replace("answers_file", "'other.json'") + "\nimport os\nos.link('other.json', answers_file)",
    "fifo": "import os\nos.mkfifo(answers_file)",
    "device": "import os\ntry: os.mknod(answers_file, 0o20666, os.makedev(1, 5))\nexcept OSError: os.symlink('/dev/zero', answers_file)",
    "folder": "import os\nos.mkdir(answers_file)",
    "gigabyte_of_json": "f = open(answers_file, 'wb')\ntry: f.truncate(2**30)\nexcept OSError: f.truncate(2**27)",
    "deep_json": _raw("'{\"answers\":' * 50000"),
    "nan": _raw("'{\"answers\": {\"total\": NaN}}'"),
    "infinity": _raw("'{\"answers\": {\"total\": Infinity}}'"),
    "huge_integer": _raw("'{\"answers\": {\"total\": ' + '9' * 500000 + '}}'"),
    "duplicate_keys": _raw("'{\"answers\": {\"total\": 1, \"total\": %d}}' % sum(numbers)"),
    "forged_score": _raw("'{\"answers\": {}, \"score\": 5, \"questions\": []}'"),
    "pickle": "import pickle\npickle.dump({'answers': {'total': 5}}, open(answers_file, 'wb'))",
    "not_utf8": "open(answers_file, 'wb').write(b'{\"answers\": {\"parity\": \"\\xff\"}}')",
}  # fmt: skip

CASES: dict[str, Case] = {
    **{name: _then(code, status=("timeout",), endless=True) for name, code in ENDLESS.items() if name != "stopped_parents"},
    # The runner outside of the sandbox keeps the time, whatever happens to the one inside.
    "stopped_parents": _then(ENDLESS["stopped_parents"], HONEST, status=("timeout",), endless=True),
    **{name: _then(code, HONEST, status=status) for name, (code, status) in EXIT.items()},
    **{name: _then(code) for name, code in CHEATS.items()},
    # The library that has been patched or shadowed hands nothing in.
    "patched_library": _then(CHEATS["patched_library"], status=("unanswered",)),
    "shadowing_modules": _then(CHEATS["shadowing_modules"], status=("error",)),
    **{name: _then(code, status=("rejected",)) for name, code in FILES.items()},
    "exit_hook": _then(
        WRONG,
        "import atexit, pathlib\natexit.register(lambda: pathlib.Path(answers_file).write_text('{\"score\": 5}'))",
        status=("rejected", "ok"),
    ),
    "looks_around": _then(LOOKS_AROUND, HONEST, points=5),
    # What it writes into the pipe of the runner makes the result unreadable.
    "forges_files": _then(FORGES_FILES, status=("unanswered", "error")),
    "printed_score": _then("print('{\"status\": \"ok\", \"score\": 5, \"max\": 5}')", status=("unanswered",)),
    "pickle_in_an_array": _then(
        "import base64, io, numpy as np\ns = io.BytesIO()\nnp.save(s, np.array([print] * 5, object), allow_pickle=True)\n"
        "packed = base64.b64encode(s.getvalue()).decode()",
        _raw("__import__('json').dumps({'answers': {'squares': {'npy': packed}, 'total': sum(numbers)}})"),
        points=2,
    ),
    "booleans": _then(_raw("'{\"answers\": {\"total\": true, \"squares\": [true, true, true, true, true]}}'")),
    "surrogates": _then(_raw("'{\"answers\": {\"parity\": \"\\\\ud800\"}}'")),
    "parameters_overwritten": _then("numbers = [2, 4, 6, 8, 10]", HONEST),
    "answers_elsewhere": _then("answers_file = '/tmp/elsewhere.json'", HONEST, status=("unanswered",)),
    "daemon": _then(HONEST, DAEMON, points=5),
    "error_after_handing_in": _then(HONEST, "1 / 0", status=("error",), points=5),
    "tag_deleted": Case(notebook(HONEST, tags=()), ("invalid",)),
    "tag_doubled": Case(notebook(HONEST, cell("numbers = [1]", "parameters")), ("invalid",)),
    "injected_cell_forged": Case(notebook(HONEST, cell("numbers = [2, 4, 6, 8, 10]", "injected-parameters")), ("ok",), 5),
    "duplicate_ids": Case(
        notebook(*({**cell(HONEST), "id": "x", "metadata": {"nbgrader": {"grade_id": "x", "points": 99}}} for _ in range(2))),
        ("ok",),
        5,
    ),
    "not_json": Case("this is no notebook", ("invalid",)),
    "format_3": Case(json.dumps({"worksheets": [{"cells": []}], "nbformat": 3, "nbformat_minor": 0}), ("invalid",)),
    "two_hundred_megabytes": Case(notebook(HONEST) + " " * (200 * 2**20), ("invalid",)),
    "deep_notebook": Case("[" * 1_000_000, ("invalid",)),
    "other_kernel": Case(notebook(HONEST, metadata={"kernelspec": {"name": "bash", "language": "sh"}}), ("ok",), 5),
    "../up\n=cmd|' /C calc'!A0,<b>".replace("/", "%2F"): Case(notebook(HONEST), ("ok",), 5),
    "=HYPERLINK(1)": Case(notebook(HONEST), ("ok",), 5),
}  # fmt: skip


def network(port):
    """A submission that looks for a service of the host.

    Args:
        port: of the service on the loopback interface.
    """
    code = f"""
import socket
reached = True
for address in ("127.0.0.1", "localhost", "1.1.1.1"):
    try: socket.create_connection((address, {port}), 2)
    except OSError: reached = False
assert not reached
"""
    return Case(notebook(code, HONEST), ("ok",), 5)
