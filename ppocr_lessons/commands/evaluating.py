"""Implementation of `ppocr-lessons eval`: evaluate with a progress bar, and collect the samples with errors."""

import sys
from pathlib import Path

from tqdm import tqdm

from .. import experiment
from ..config.configuration import Config
from ..datasets.label_writing import write_lines
from ..training import parallel


class Watch:
    """Evaluates a configuration, with a progress bar if stderr is a terminal.

    Args:
        config: configuration that was read.
        errors: number of samples with errors to keep; 0 for none.
    """

    def __init__(self, config: Config, errors: int):
        self.config, self.errors = config, errors
        self.worst, self.total, self.bar = None, 0, None

    def evaluate(self, weights: str | None) -> dict[str, float]:
        """Score the weights; see `experiment.evaluate_config`.

        Args:
            weights: file or folder, or None.

        Returns: scores by name.
        """
        try:
            return experiment.evaluate_config(self.config, weights, watching=self._watching)
        finally:
            if self.bar is not None:
                self.bar.close()

    def _watching(self, dataset, shared):
        self.total = len(dataset)
        rank, world = parallel.world()
        # disable=None: only a terminal shows a bar.
        share = -(-self.total // world)
        self.bar = tqdm(total=share, disable=True if rank else None, file=sys.stderr, unit="sample", desc="evaluating")  # fmt: skip
        if self.errors:
            from ..viz.worst_cases import WorstCases

            self.worst = WorstCases(self.config, dataset, shared, self.errors)

        def watch(index, expected, answer):
            self.bar.update()
            if self.worst:
                self.worst(index, expected, answer)

        return watch

    def write_page(self, out: Path, *, title: str, scores: dict[str, float]) -> None:
        """Draw the samples with errors. Under Paddle's launcher, the first process draws those of its own share.

        Args:
            out: HTML file.
            title: of the page.
            scores: of the whole evaluation.
        """
        from ..viz.error_page import error_page

        rank, world = parallel.world()
        if rank or self.worst is None:
            return
        total = self.total if world == 1 else self.bar.n
        page = error_page(self.worst.cases(), title=title, scores=scores, wrong=self.worst.wrong, total=total)
        write_lines(out, [page])
        print(f"{self.worst.wrong} of {total} samples have errors; {out} shows the worst", file=sys.stderr)
