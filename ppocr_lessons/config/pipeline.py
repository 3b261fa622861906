"""Which transforms a task needs, in which order, and what each of them makes."""

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
_LINES = {
    "DecodeImage": 0, "RecAug": 1, "BaseDataAugmentation": 1, "RandAugment": 1, "ClsResizeImg": 2, "RecResizeImg": 2,
    "KeepKeys": 3,
}  # fmt: skip
ORDER = {"det": _PAGES, "cls": _LINES, "rec": _LINES}
"""Transforms of each task and where they stand: pixels move, then the size is fixed, then they become numbers."""

ANYWHERE = {"det": ("DetLabelEncode",), "cls": ("ClsLabelEncode",), "rec": ("CTCLabelEncode",)}
"""Transforms that leave the picture alone, so that only KeepKeys has to come after them, and in training of a detector
whatever moves the polygons."""

REPEATED = ("CopyPaste", "IaaAugment", "RecAug", "BaseDataAugmentation", "RandAugment")
"""Transforms that may stand there more than once."""

_INPUT = (("NormalizeImage",), ("ToCHWImage",), ("KeepKeys",))
_LINE_SIZE = (("ClsResizeImg", "RecResizeImg"), ("KeepKeys",))
NEEDED = {
    ("det", "Train"): (("DetLabelEncode",), ("EastRandomCropData",), *_INPUT),
    ("det", "Eval"): (("DetLabelEncode",), ("DetResizeForTest",), *_INPUT),
    ("cls", "Train"): _LINE_SIZE, ("cls", "Eval"): _LINE_SIZE, ("rec", "Train"): _LINE_SIZE, ("rec", "Eval"): _LINE_SIZE,
}  # fmt: skip
"""One of each group is needed: without it pictures of a batch differ in size, or reach the net as bytes."""

DIVISOR = 32
"""Sides of a page that the detector's four maps fit on."""


def check_pipeline(
    checker: Checker, task: str, key: str, found: list[tuple[str, dict]], place: tuple
) -> None:
    """Problems of a list of transforms that are each good by themselves.

    Args:
        checker: takes the problems.
        task: "det", "cls" or "rec".
        key: "Train" or "Eval".
        found: (name, arguments) of each transform.
        place: of the list.
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
            checker.problem(here, f"{name} stands there twice")
        if name == "DetResizeForTest" and key == "Train":
            checker.problem(here, f"{name} changes the picture's size and not its labels: it is for Eval")
        if name == "DecodeImage" and number > 0:
            continue  # what stands before it has been told already
        free = name in ANYWHERE[task] and (task != "det" or key == "Eval")
        rank = order.get(name, 0)
        if (rank < highest[0] and not free) or highest[1] == "KeepKeys":
            checker.problem(here, f"{name} stands after {highest[1]}")
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
        checker.problem(place, f"KeepKeys asks for {unmade}, which no transform makes")
