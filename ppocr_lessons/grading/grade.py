"""Grade a folder of submissions, several at the same time, and write reports. An interrupted run resumes."""

import pathlib
import queue
import shutil
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import NamedTuple

from tqdm import tqdm

from ..output_files import MARK, refuse_to_overwrite
from . import report, report_html
from .grade_one import Task, grade_one, place
from .report import Result
from .submissions import Submission


class Reports(NamedTuple):
    """Where the reports are written.

    Fields:
        table: CSV file.
        pages: folder of HTML pages, or None.
        json: JSON file, or None.
        reproducible: whether to leave out times.
    """

    table: pathlib.Path
    pages: pathlib.Path | None = None
    json: pathlib.Path | None = None
    reproducible: bool = False

    @property
    def kept(self) -> pathlib.Path:
        """Folder beside the table in which results and executed notebooks are kept."""
        return self.table.absolute().with_name(self.table.name + ".runs")

    def prepare(self) -> None:
        """Create the folders, so that an unwritable path is reported before anything runs.

        Raises:
            ValueError: the path of a report is a folder, or a file that is not a report of this program.
        """
        for file in filter(None, (self.table, self.json)):
            if file.is_dir():
                raise ValueError(f"{file}: this is a folder; name a file for the report")
        refuse_to_overwrite(self.table, "submission,assignment,status,score,max")
        if self.json is not None:
            refuse_to_overwrite(self.json, '"submission"', '"status"')
        for page in self.pages.glob("*.html") if self.pages is not None else ():
            refuse_to_overwrite(page, MARK)
        for file in filter(None, (self.table, self.json)):
            file.parent.mkdir(parents=True, exist_ok=True)
        for folder in filter(None, (self.pages, self.kept)):
            folder.mkdir(parents=True, exist_ok=True)

    def write(self, task: Task, submissions: list[Submission], results: list[Result]) -> None:
        """Write all reports.

        Args:
            task: of the folder.
            submissions: all submissions of the folder.
            results: one per submission.
        """
        table = report.as_csv(results, reproducible=self.reproducible)
        self.table.write_text(table, encoding="utf-8", errors="backslashreplace")
        if self.json is not None:
            self.json.write_text(report.as_json(results, reproducible=self.reproducible), encoding="utf-8")
        if self.pages is None:
            return
        names = []
        for submission, result in zip(submissions, results, strict=True):
            folder = place(task, submission)
            notebook = f"{folder.name}.ipynb" if (folder / "executed.ipynb").is_file() else None
            if notebook:
                shutil.copyfile(folder / "executed.ipynb", self.pages / notebook)
            names.append(f"{folder.name}.html")
            page = report_html.student_page(result, notebook, reproducible=self.reproducible)
            (self.pages / names[-1]).write_text(page, encoding="utf-8", errors="backslashreplace")
        index = report_html.index_page(results, names)
        (self.pages / "index.html").write_text(index, encoding="utf-8", errors="backslashreplace")


def grade_all(task: Task, submissions: list[Submission], *, jobs: int, progress: bool = True) -> list[Result]:
    """Grade submissions, several at the same time. When it is interrupted, all running submissions are killed.

    Args:
        task: of the folder.
        submissions: all submissions of the folder.
        jobs: number of submissions that run at the same time.
        progress: whether to show a progress bar on stderr.

    Returns: one result per submission, in their order.
    """
    stop = threading.Event()
    slots: queue.SimpleQueue[int] = queue.SimpleQueue()
    for slot in range(jobs):
        slots.put(slot)

    def one(submission: Submission) -> Result:
        slot = slots.get()
        try:
            return grade_one(task, submission, slot=slot, stop=stop)
        finally:
            slots.put(slot)

    with (
        ThreadPoolExecutor(jobs) as pool,
        tqdm(
            total=len(submissions), disable=None if progress else True, file=sys.stderr, unit="submission"
        ) as bar,
    ):
        futures = [pool.submit(one, submission) for submission in submissions]
        try:
            left = set(futures)
            while left:
                # Short waits, so that signals are handled in between.
                done, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                    bar.update()
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [future.result() for future in futures]
