"""Rules for the transforms of a task: which are needed, their order, and the values that they produce."""

from ..datasets.loader import BATCHES
from .problems import Checker

MAKES = {
    "DecodeImage": {"image"},
    "DetLabelEncode": {"polys", "texts", "ignore_tags"},
    "ClsLabelEncode": {"label"},
    "CTCLabelEncode": {"label", "length", "texts"},
    "DetResizeForTest": {"shape"},
    "MakeBorderMap": {"threshold_map", "threshold_mask"},
    "MakeShrinkMap": {"shrink_map", "shrink_mask"},
}
EVAL_KEYS = {
    "det": ("image", "shape", "polys", "ignore_tags"),
    "cls": ("image", "label"),
    "rec": ("image", "label", "length"),
}

_PAGES = {
    "DecodeImage": 0, "DetLabelEncode": 0, "CopyPaste": 1, "IaaAugment": 1, "EastRandomCropData": 2, "DetResizeForTest": 2,
    "MakeBorderMap": 3, "MakeShrinkMap": 3, "NormalizeImage": 4, "ToCHWImage": 5, "KeepKeys": 6,
}  # fmt: skip
_OF_LINES = (
    *("RecAug", "BaseDataAugmentation", "TextbookBDA", "RandAugment", "AutoAugment"),
    *("CutOut", "RandomErasing", "HideAndSeek", "GridMask"),
)
_LINES = {
    "DecodeImage": 0, **dict.fromkeys(_OF_LINES, 1), "ClsResizeImg": 2, "RecResizeImg": 2, "KeepKeys": 3,
}  # fmt: skip
ORDER = {"det": _PAGES, "cls": _LINES, "rec": _LINES}
"""Transforms of each task with their rank: first pixels move, then the size is fixed, then pixels become numbers."""

ANYWHERE = {"det": ("DetLabelEncode",), "cls": ("ClsLabelEncode",), "rec": ("CTCLabelEncode",)}
"""Transforms that do not change the image. They may have any position before KeepKeys; in the training of a detector they
also have to come before transforms that move the polygons."""

REPEATED = ("CopyPaste", "IaaAugment", *_OF_LINES)
"""Transforms that may occur more than once."""

_INPUT = (("NormalizeImage",), ("ToCHWImage",), ("KeepKeys",))
_LINE_SIZE = (("ClsResizeImg", "RecResizeImg"), ("KeepKeys",))
NEEDED = {
    ("det", "Train"): (("DetLabelEncode",), ("EastRandomCropData",), *_INPUT),
    ("det", "Eval"): (("DetLabelEncode",), ("DetResizeForTest",), *_INPUT),
    ("cls", "Train"): _LINE_SIZE, ("cls", "Eval"): _LINE_SIZE, ("rec", "Train"): _LINE_SIZE, ("rec", "Eval"): _LINE_SIZE,
}  # fmt: skip
"""One transform of each group is needed: otherwise the images of a batch differ in size or are not normalized."""

DIVISOR = 32
"""The sides of a page have to be multiples of this many pixels, the largest stride of a detector."""


def check_pipeline(
    checker: Checker, task: str, key: str, found: list[tuple[str, dict]], place: tuple
) -> None:
    """Check a list of transforms that are valid individually.

    Args:
        checker: collects the problems.
        task: "det", "cls" or "rec".
        key: "Train" or "Eval".
        found: (name, arguments) of each transform.
        place: place of the list in the file.
    """
    names = [name for name, _ in found]
    _order(checker, task, key, names, place)
    for group in NEEDED[task, key]:
        if not set(group) & set(names) and group != ("KeepKeys",):
            checker.problem(place, f"{' or '.join(group)} is missing; {task} needs it in {key}")
    for number, (name, arguments) in enumerate(found):
        size = arguments.get("size" if name == "EastRandomCropData" else "image_shape")
        sides = size if task == "det" and size else []
        if arguments.get("keep_ratio") and name == "DetResizeForTest":
            sides = sides[:1]
        if any(side % DIVISOR for side in sides):
            checker.problem((*place, number, name), f"found {size}; multiples of {DIVISOR} are needed")
    _kept(checker, task, key, found, place)


def _order(checker, task, key, names, place) -> None:
    order, highest = ORDER[task], (0, "DecodeImage")
    for number, name in enumerate(names):
        here = (*place, number)
        if name not in order and name not in ANYWHERE[task]:
            known = sorted([*order, *ANYWHERE[task]])
            checker.problem(here, f"{name} is not a transform of {task}; those are {known}")
            continue
        if name in names[:number] and name not in REPEATED:
            checker.problem(here, f"{name} occurs twice")
        if name == "DetResizeForTest" and key == "Train":
            checker.problem(here, f"{name} changes the size of the image and not its labels: it is for Eval")
        if name == "DecodeImage" and number > 0:
            continue  # data.py has reported the transforms before it
        free = name in ANYWHERE[task] and (task != "det" or key == "Eval")
        rank = order.get(name, 0)
        if (rank < highest[0] and not free) or highest[1] == "KeepKeys":
            checker.problem(here, f"{name} must not come after {highest[1]}")
        highest = max(highest, (rank, name), key=lambda pair: pair[0])


def _kept(checker, task, key, found, place) -> None:
    needed = BATCHES[task][1] if key == "Train" else EVAL_KEYS[task]
    made = set().union(*(MAKES.get(name, set()) for name, _ in found))
    keep = [arguments["keep_keys"] for name, arguments in found if name == "KeepKeys"]
    if not keep:
        checker.problem(place, f"KeepKeys is missing; for {task} it needs {list(needed)}")
        return
    lost = [name for name in needed if name not in keep[-1]]
    if lost:
        checker.problem(place, f"KeepKeys lacks {lost}; for {task} it needs {list(needed)}")
    unmade = [name for name in keep[-1] if name not in made]
    if unmade:
        checker.problem(place, f"KeepKeys asks for {unmade}, which no transform produces")
