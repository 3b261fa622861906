"""The launcher, the control groups, and what of the file system a submission sees."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from ppocr_lessons.grading import mounts, sandbox
from ppocr_lessons.grading.cgroups import ControlGroups
from ppocr_lessons.grading.launch import descendants
from ppocr_lessons.grading.limits import MIB, Limits

SPEC = {"cgroups": [], "memory": 512 * MIB, "file": MIB, "processes": None, "uid": None, "watch": False}


def launch(*command, **changes):
    """Command line of the launcher."""
    return [sys.executable, "-I", "-S", str(sandbox.LAUNCHER), json.dumps({**SPEC, **changes}), *command]


def python(code):
    return [sys.executable, "-I", "-S", "-c", code]


def test_memory_is_limited():
    done = subprocess.run(
        launch(*python("x = bytearray(2**30)")), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1 and "MemoryError" in done.stderr
    assert subprocess.run(launch(*python("x = bytearray(2**28)")), timeout=60, check=False).returncode == 0


def test_files_are_limited(tmp_path):
    code = (
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nopen('big', 'wb').write(bytes(2**21))"
    )
    done = subprocess.run(
        launch(*python(code)), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert "File too large" in done.stderr and (tmp_path / "big").stat().st_size <= MIB


def is_alive(process):
    """Whether a process exists and is more than an entry that nobody has waited for."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


LEAVES_A_DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(1000)
    os._exit(0)
"""


def test_a_daemon_is_killed_at_the_end():
    command = launch(*python(LEAVES_A_DAEMON + "time.sleep(0.5)"), watch=True)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and not is_alive(int(done.stdout))


def test_a_daemon_is_killed_with_the_launcher():
    command = launch(*python(LEAVES_A_DAEMON + "time.sleep(1000)"), watch=True)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    daemon = int(process.stdout.readline())
    running = [pid for pid in descendants(process.pid) if is_alive(pid)]
    assert daemon in running and len(running) == 2
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    process.stdout.close()
    assert not any(map(is_alive, running))


def test_control_groups_limit_and_kill():
    with ControlGroups(Limits(memory=256 * MIB, processes=10)) as groups:
        folders = list(groups.folders)
        if not (groups.limits_memory and groups.limits_processes):
            pytest.skip("control groups cannot be written on this machine")
        code = "import os, time\nn = 0\ntry:\n    while os.fork(): n += 1\n    os.close(1)\n    time.sleep(1000)\nexcept OSError: print(n)"
        command = launch(*python(code), cgroups=list(map(str, folders)))
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
        assert int(done.stdout) == 9
        command = launch(*python("x = b'x' * 2**29"), cgroups=list(map(str, folders)), memory=2**33)
        groups.kill()
        time.sleep(0.2)
        assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL
    assert not any(folder.exists() for folder in folders)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_root_gives_up_its_rights():
    done = subprocess.run(
        launch("/bin/sh", "-c", "id -u; id -G; echo x > /etc/hostile-was-here", uid=sandbox.UNPRIVILEGED),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.split() == [str(sandbox.UNPRIVILEGED)] * 2 and done.returncode != 0
    assert not pathlib.Path("/etc/hostile-was-here").exists()


def plan(tmp_path, monkeypatch, root, library):
    """The mounts for a package in a made-up place."""
    monkeypatch.setattr(mounts, "PACKAGE", root / "ppocr_lessons")
    monkeypatch.setattr(mounts, "ROOT", root)
    monkeypatch.setattr(mounts, "HERE", root / "ppocr_lessons" / "grading")
    monkeypatch.setattr(sys, "path", [str(root), str(library), "relative", ""])
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    return mounts.visible([root / "submissions"])


def test_of_a_checkout_only_package_and_data_are_visible(tmp_path, monkeypatch):
    root, library = tmp_path / "checkout", tmp_path / "venv" / "lib" / "site-packages"
    for folder in ("ppocr_lessons/grading", "data", "tests", "submissions"):
        (root / folder).mkdir(parents=True)
    (library / "ppocr_lessons" / "grading").mkdir(parents=True)
    found = plan(tmp_path, monkeypatch, root, library)
    assert [act for act, path in found if path == root] == ["hide"]
    assert {path for act, path in found if act == "bind" and root in path.parents} == {
        root / "ppocr_lessons",
        root / "data",
    }
    hidden = {path for act, path in found if act == "hide"}
    assert {root / "ppocr_lessons" / "grading", library / "ppocr_lessons" / "grading"} <= hidden
    order = [path for _, path in found]
    assert all(not set(order[i + 1 :]) & set(path.parents) for i, path in enumerate(order))


def test_submissions_below_a_visible_folder_are_hidden(tmp_path, monkeypatch):
    root = tmp_path / "venv" / "lib" / "site-packages"
    for folder in ("ppocr_lessons/grading", "submissions"):
        (root / folder).mkdir(parents=True)
    found = plan(tmp_path, monkeypatch, root, root)
    assert ("hide", root / "submissions") in found and ("bind", root) in found
    assert ("hide", root / "ppocr_lessons" / "grading") in found


def test_the_environment_is_made_from_nothing(monkeypatch):
    monkeypatch.setenv("API_TOKEN", "secret")
    monkeypatch.setenv("PATH", f"/private:{os.environ['PATH']}")
    found = mounts.environment("/submission", "/tmp", 1)
    assert "API_TOKEN" not in found and found["HOME"] == "/submission"
    # The environment of the tests may be a folder of the checkout, as .venv often is.
    assert not {"", ".", "/private", str(pathlib.Path.cwd())} & set(found["PATH"].split(":"))
