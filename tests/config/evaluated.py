"""Scores of the shipped nets in as many processes as the launcher starts: evaluated.py OUT."""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from ppocr_lessons import experiment as run  # noqa: E402
from ppocr_lessons.config import read_config  # noqa: E402
from ppocr_lessons.training import parallel  # noqa: E402

COUNTS = {"det": 5, "rec": 41, "cls": 41}
"""Odd ones, so that the shares are not alike."""


def main():
    """Each task on a few of the shipped pictures."""
    out, scores = pathlib.Path(sys.argv[1]), {}
    for task, name in (("det", "det_db"), ("rec", "rec_crnn"), ("cls", "cls_mobile")):
        lines = (ROOT / f"data/{task}_en/label.txt").read_text(encoding="utf-8").splitlines()[: COUNTS[task]]
        labels = out / f"{task}-{parallel.world()[0]}-{parallel.world()[1]}.txt"
        labels.write_text("\n".join(lines), encoding="utf-8")
        given = [f"Eval.dataset.data_dir={ROOT / f'data/{task}_en'}", f"Eval.dataset.label_file_list=['{labels}']",
                 "Global.device=cpu", f"Eval.loader.batch_size_per_card={1 if task == 'det' else 4}"]  # fmt: skip
        if task == "rec":
            given.append(f"Global.character_dict_path={ROOT / 'ppocr_lessons/config/english.txt'}")
        config = read_config(ROOT / f"ppocr_lessons/config/{name}.yml", given)
        scores[task] = run.evaluate_config(config, task)
    rank, world = parallel.world()
    (out / f"{rank}-of-{world}").write_text(json.dumps(scores))


if __name__ == "__main__":
    main()
