"""Every notebook stays within a small laptop: 900 MB and 60 s of CPU time, kernel and children together.

    pytest -m slow tests/test_notebook_cost.py -s

prints the table.
"""

import json
import pathlib
import sys

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((pathlib.Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
MOST_MB, MOST_SECONDS = 900, 60

PROBE = """
import json, resource
_own, _children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
_peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"mb": int(_peak.split()[1]) * 1024 / 1e6,
                  "seconds": sum(u.ru_utime + u.ru_stime for u in (_own, _children))}))
"""


@pytest.mark.slow
@pytest.mark.skipif(not pathlib.Path("/proc/self/status").is_file(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_fits_a_small_laptop(path, monkeypatch, tmp_path):
    # From an empty cache, as for a reader who opens this notebook first.
    monkeypatch.setenv("PPOCR_LESSONS_CACHE", str(tmp_path))
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    spent = json.loads(notebook.cells[-1].outputs[0].text)
    print(f"{path.stem:28} {spent['mb']:5.0f} MB {spent['seconds']:5.1f} s", file=sys.stderr)
    assert spent["mb"] <= MOST_MB, f"{path.name} takes {spent['mb']:.0f} MB"
    assert spent["seconds"] <= MOST_SECONDS, f"{path.name} takes {spent['seconds']:.0f} s of CPU time"
