"""Label files with absolute paths, as PaddleOCR's users write them: refused until the configuration allows them."""

import pytest
from typer.testing import CliRunner

from ppocr_lessons.cli import app

from .conftest import CONFIGS, ROOT


@pytest.mark.parametrize("form", ["{data}/cls_en/{name}", "../cls_en/{name}"])
def test_a_dataset_section_allows_pictures_outside(form, overrides, tmp_path):
    lines = (ROOT / "data/cls_en/label.txt").read_text(encoding="utf-8").splitlines()[:4]
    lines = [form.format(data=ROOT / "data", name=line) for line in lines]
    (tmp_path / "label.txt").write_text("\n".join(lines), encoding="utf-8")
    given = [f"{part}.dataset.data_dir={ROOT / 'data/det_en'}" for part in ("Train", "Eval")]
    given += [f"{part}.dataset.label_file_list=['{tmp_path / 'label.txt'}']" for part in ("Train", "Eval")]
    command = ["train", "-c", str(CONFIGS / "2022/cls_mv3.yml"), "--check"]

    def check(*more):
        words = [word for one in [*overrides("cls"), *given, *more] for word in ("-o", one)]
        return CliRunner().invoke(app, [*command, *words])

    refused = check()
    assert refused.exit_code == 1 and "Traceback" not in refused.output
    assert (
        "label.txt:4: " in refused.stderr
        and "set allow_outside: true in the dataset section" in refused.stderr
    )
    allowed = check("Train.dataset.allow_outside=true", "Eval.dataset.allow_outside=true")
    assert allowed.exit_code == 0 and "no errors: cls" in allowed.stderr, allowed.stderr
