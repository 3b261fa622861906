"""Our data operations against those of PaddleOCR 2.10.0: same input, one thread, in turn, medians.

    pip install -e ".[cpu,bench]"
    pip install --no-deps paddleocr==2.10.0 albumentations==1.4.10 albucore==0.0.13
    pip install scikit-learn
    python tests/benchmarks/operators.py [--rounds 15] [--only NAME] [--json]

Ratios mean "times as fast as PaddleOCR", in processor time, so that other programs on the machine change them little. What
is random draws afresh in every round, on both sides. Both sides get the same images, and neither side copies them first.
PaddleOCR changes labels in place, so both sides get new copies of the labels.
"""

import argparse
import importlib.util
import itertools
import json
import math
import random
import sys
import time
import warnings

import cv2
import numpy as np

from ppocr_lessons.augment.bda import BDA, RecAug
from ppocr_lessons.augment.copy_paste import CopyPaste, LabeledPage
from ppocr_lessons.augment.rand_augment import OPERATIONS, Operation, RandAugment
from ppocr_lessons.augment.random_crop import EastRandomCropData
from ppocr_lessons.augment.tia import distort, perspective, stretch, warp
from ppocr_lessons.bench.timing import interleaved
from ppocr_lessons.datasets import det_transforms as ours_det
from ppocr_lessons.datasets import line_transforms as ours_line
from ppocr_lessons.datasets import transforms as ours
from ppocr_lessons.datasets.loader import Dataset
from ppocr_lessons.datasets.run_step import run_step
from ppocr_lessons.datasets.sample import Sample
from ppocr_lessons.datasets.sources import Entry
from ppocr_lessons.datasets.synthetic.pages import line_at
from ppocr_lessons.det.postprocess import DBPostProcess
from ppocr_lessons.det.targets import make_shrink_map, make_threshold_map, validate_polygons
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet

GOALS = {
    "TIA": 18, "RecAug": 14, "recognition pipeline": 11, "BDA": 1, "RandAugment": 2, "RandAugment, only": 1,
    "border map": 3, "shrink map 10": 1.7, "shrink map 50": 1.7, "shrink map 150": 3,
    "CopyPaste 10": 4, "CopyPaste 50": 15, "CopyPaste 150": 50, "geometry 10": 8, "geometry 50": 12, "geometry 150": 20,
    "detection pipeline 10": 7, "detection pipeline 50": 12, "detection pipeline 150": 20,
    "post-processing 10": 2.5, "post-processing 50": 4, "post-processing 150": 6, "post-processing 500": 12,
}  # fmt: skip
"""Least ratio for all operations whose names start like the key; the longest key decides."""

LINES = 8
"""Number of lines per round, because one line takes less time than can be measured well."""


def peer():
    """PaddleOCR's modules."""
    spec = importlib.util.find_spec("paddleocr")
    if spec is None:
        sys.exit("PaddleOCR is not installed; see the head of this file")
    sys.path.insert(0, spec.submodule_search_locations[0])
    warnings.simplefilter("ignore")
    # paddleocr's own __init__ pulls in its command line; only the package inside it is needed.
    import ppocr.data.imaug as imaug
    import ppocr.data.imaug.random_crop_data as random_crop_data
    import ppocr.data.imaug.text_image_aug as text_image_aug
    import ppocr.postprocess.db_postprocess as db_postprocess

    def chosen(regions, size):
        # int(array([x])), which PaddleOCR writes, is an error from NumPy 2.4 on.
        places = [int(np.random.choice(regions[i], size=1)[0]) for i in np.random.choice(len(regions), 2)]
        return min(places), max(places)

    random_crop_data.region_wise_random_select = chosen
    return imaug, text_image_aug, db_postprocess


def page(count: int, side: int, seed: int = 0):
    """A page of noise with `count` slanted boxes that do not touch, and its label."""
    rng = np.random.default_rng(seed)
    image = cv2.GaussianBlur(rng.integers(0, 255, (side, side, 3)).astype(np.uint8), (0, 0), 2)
    columns = int(np.ceil(count**0.5))
    cell = side / columns
    polygons = []
    for index in range(count):
        center = (np.array([index % columns, index // columns]) + 0.5) * cell
        angle = rng.uniform(-0.2, 0.2)
        half = np.array([0.4, 0.22]) * cell * rng.uniform(0.7, 1)
        corners = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        polygons.append(center + corners @ turn.T)
    polygons = np.array(polygons, np.float32).clip(0, side - 1)
    label = [{"transcription": "word", "points": p.tolist()} for p in polygons]
    return image, polygons, json.dumps(label)


def jpeg(image) -> bytes:
    """The picture as a file."""
    return cv2.imencode(".jpg", image[..., ::-1])[1].tobytes()


def as_peer(image, polygons):
    """A page as PaddleOCR passes it on."""
    count = len(polygons)
    return {"image": image, "polys": polygons.copy(), "texts": ["word"] * count,
            "ignore_tags": np.zeros(count, bool)}  # fmt: skip


def as_page(image, polygons):
    """A page as this library passes it on, with as many copies as PaddleOCR gets."""
    count = len(polygons)
    return LabeledPage(image, polygons.copy(), ["word"] * count, np.zeros(count, bool))


class Entries(list):
    """A source of entries that were made here and not read from a label file."""

    def place(self, index: int) -> tuple[str, int]:
        """File and line of an entry, for messages."""
        return "benchmark", index + 1


def lines_of(height: int, width: int, count: int = 400) -> list[np.ndarray]:
    """Lines of about one size. Sizes vary by up to a fifth, so that a cache by size seldom helps, as in a data set."""
    rng, text = np.random.default_rng(0), line_at(1, 0).image
    factors = rng.uniform(0.8, 1.2, (count, 2))
    return [cv2.resize(text, (round(width * x), round(height * y))) for y, x in factors]


def over(lines, work):
    """A function that works on the next LINES lines each time it is called."""
    supply = itertools.cycle(lines)
    return lambda: [work(next(supply)) for _ in range(LINES)]


def cases(imaug, text_image_aug, db_postprocess):
    """(name, theirs, ours) to time."""
    rng = np.random.default_rng(0)
    for height, width in ((32, 320), (64, 400)):
        at, lines = f"{height}x{width}", lines_of(height, width)
        for name, theirs, draw in (
            ("distort", lambda x: text_image_aug.tia_distort(x, 4), lambda h, w: distort(rng, h, w, 4)),
            ("stretch", lambda x: text_image_aug.tia_stretch(x, 4), lambda h, w: stretch(rng, h, w, 4)),
            ("perspective", text_image_aug.tia_perspective, lambda h, w: perspective(rng, h, w)),
        ):
            yield (
                f"TIA {name} {at}",
                over(lines, theirs),
                over(lines, lambda line, draw=draw: warp(line, draw(*line.shape[:2]))),
            )
        on = dict.fromkeys(
            ("crop_prob", "reverse_prob", "noise_prob", "jitter_prob", "blur_prob", "hsv_aug_prob"), 1.0
        )
        theirs, mine = imaug.RecAug(tia_prob=1.0, **on), RecAug(tia_prob=1.0, **on)
        yield (
            f"RecAug {at}",
            over(lines, lambda line, theirs=theirs: theirs({"image": line})),
            over(lines, lambda line, mine=mine: mine(rng, line)),
        )
    yield recognition(imaug, jpeg(cv2.resize(line_at(1, 0).image, (400, 64))))
    yield from of_the_classifier(imaug)
    for side in (640, 960):
        for count in (10, 50, 150):
            yield from maps(imaug, count, side)
    for count in (10, 50, 150):
        yield from page_operations(imaug, count)
    for count in (10, 50, 150, 500):
        yield postprocessing(db_postprocess, count)


def of_the_classifier(imaug):
    """The augmentations of the direction classifier that PaddleOCR has, on a crop of 48 x 192 pixels.

    PaddleOCR 2.10.0 has neither AutoAugment, CutOut, RandErasing, HideAndSeek, GridMask, Mixup nor CutMix.
    """
    rng, crop = np.random.default_rng(0), cv2.resize(line_at(1, 0).image, (192, 48))
    for name, theirs, mine in (
        ("BDA", imaug.BaseDataAugmentation(), BDA()),
        ("RandAugment", imaug.RandAugment(prob=1), RandAugment(prob=1)),
    ):
        yield (
            f"{name} 48x192",
            lambda theirs=theirs: [theirs({"image": crop}) for _ in range(100)],
            lambda mine=mine: [mine(rng, crop) for _ in range(100)],
        )
    raw, mine = imaug.RandAugment(prob=1, num_layers=1), RandAugment(prob=1, num_layers=1)
    levels = raw.level_map
    for name in OPERATIONS:
        drawn = [Operation(name, 1)]

        def only(name=name):
            raw.level_map = {name: levels[name]}
            return [raw({"image": crop}) for _ in range(20)]

        yield (
            f"RandAugment, only {name}",
            only,
            lambda drawn=drawn: [mine.apply(crop, drawn) for _ in range(20)],
        )


def recognition(imaug, file):
    """Decode, RecAug, encode, resize."""
    shared = {"max_text_length": 25, "character_dict_path": None, "use_space_char": False}
    theirs = imaug.create_operators(
        [{"DecodeImage": {"img_mode": "BGR", "channel_first": False}}, {"RecAug": None}, {"CTCLabelEncode": None},
         {"RecResizeImg": {"image_shape": [3, 32, 320]}}, {"KeepKeys": {"keep_keys": ["image", "label", "length"]}}],
        shared,
    )  # fmt: skip
    steps = [ours.DecodeImage(), RecAug(), ours_line.CTCLabelEncode(alphabet=Alphabet(ENGLISH), max_text_length=25),
             ours_line.RecResizeImg(image_shape=[3, 32, 320])]  # fmt: skip
    dataset, counter = Dataset(Entries([Entry("line", file, "word")]), steps), iter(range(10**9))
    # forty samples at once: most of the cost is in the few that TIA bends.
    return (
        "recognition pipeline",
        lambda: [imaug.transform({"image": file, "label": "word"}, theirs) for _ in range(40)],
        lambda: [dataset.sample(0, next(counter)) for _ in range(40)],
    )


def maps(imaug, count, side):
    """The two target maps."""
    image, polygons, _ = page(count, side)
    border, shrink = imaug.MakeBorderMap(), imaug.MakeShrinkMap()

    def threshold_map():
        page = as_page(image, polygons)
        return make_threshold_map(page.polygons, page.ignored, (side, side))

    def shrink_map():
        page = as_page(image, polygons)
        valid = validate_polygons(page.polygons, page.ignored, (side, side))
        return make_shrink_map(*valid, (side, side))

    yield f"border map {count} at {side}", lambda: border(as_peer(image, polygons)), threshold_map
    yield f"shrink map {count} at {side}", lambda: shrink(as_peer(image, polygons)), shrink_map


def page_operations(imaug, count):
    """CopyPaste, geometry with the crop, and the whole pipeline."""
    image, polygons, _ = page(count, 960)
    donor_image, donor_polygons, _ = page(count, 960, seed=1)
    mine, theirs = CopyPaste(), imaug.CopyPaste()
    rng = np.random.default_rng(0)
    yield (
        f"CopyPaste {count}",
        lambda: theirs(as_peer(image, polygons) | {"ext_data": [as_peer(donor_image, donor_polygons)]}),
        lambda: mine(rng, as_page(image, polygons), as_page(donor_image, donor_polygons)),
    )
    arguments = {"size": (640, 640), "max_tries": 50, "keep_ratio": True}
    iaa, east = imaug.IaaAugment(), imaug.EastRandomCropData(**arguments)
    steps = [ours_det.IaaAugment(), EastRandomCropData(**arguments)]

    def geometry():
        page = as_page(image, polygons)
        sample = Sample("page", None, "", **page._asdict())
        for step in steps:
            run_step(step, rng, sample)

    yield f"geometry {count}", lambda: east(iaa(as_peer(image, polygons))), geometry
    normal = {"scale": "1./255.", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "order": "hwc"}
    keys = ["image", "threshold_map", "threshold_mask", "shrink_map", "shrink_mask"]
    chain = imaug.create_operators(
        [{"DecodeImage": {"img_mode": "BGR", "channel_first": False}}, {"DetLabelEncode": None}, {"IaaAugment": None},
         {"EastRandomCropData": arguments}, {"MakeBorderMap": None}, {"MakeShrinkMap": None}, {"NormalizeImage": normal},
         {"ToCHWImage": None}, {"KeepKeys": {"keep_keys": keys}}],
        {},
    )  # fmt: skip
    small, _, small_label = page(count, 640)
    file = jpeg(small)
    mine_chain = [ours.DecodeImage(), ours_det.DetLabelEncode(), ours_det.IaaAugment(),
                  EastRandomCropData(**arguments), ours_det.MakeBorderMap(), ours_det.MakeShrinkMap(),
                  ours.NormalizeImage(), ours.ToCHWImage()]  # fmt: skip
    dataset, counter = Dataset(Entries([Entry("page", file, small_label)]), mine_chain), iter(range(10**9))
    yield (
        f"detection pipeline {count}",
        lambda: imaug.transform({"image": file, "label": small_label}, chain),
        lambda: dataset.sample(0, next(counter)),
    )


def postprocessing(db_postprocess, count):
    """From a probability map to boxes, at the configurations' thresholds."""
    side = 960
    _, polygons, _ = page(count, side)
    prob = np.zeros((side, side), np.float32)
    cv2.fillPoly(prob, [np.round(p).astype(np.int32) for p in polygons], 0.9)
    prob = cv2.GaussianBlur(prob, (3, 3), 0)
    theirs = db_postprocess.DBPostProcess(thresh=0.3, box_thresh=0.6, unclip_ratio=1.5)
    mine = DBPostProcess()
    shape = np.array([[side, side, 1.0, 1.0]])
    found = (
        len(theirs({"maps": prob[None, None]}, shape)[0]["points"]),
        len(mine(prob, (side, side)).polygons),
    )
    assert found[0] == found[1], found
    return (
        f"post-processing {count}",
        lambda: theirs({"maps": prob[None, None]}, shape),
        lambda: mine(prob, (side, side)),
    )


def supply():
    """Pictures a second that one worker prepares, and how many workers keep a V100-class card busy."""
    alphabet = Alphabet(ENGLISH)
    text = jpeg(cv2.resize(line_at(1, 0).image, (400, 64)))
    picture, _, label = page(50, 960)
    for name, entry, steps, needed in (
        (
            "detection at 960, 50 texts",
            Entry("page", jpeg(picture), label),
            [ours.DecodeImage(), ours_det.DetLabelEncode(), ours_det.IaaAugment(),
             EastRandomCropData(size=(960, 960), max_tries=50), ours_det.MakeBorderMap(),
             ours_det.MakeShrinkMap(), ours.NormalizeImage(), ours.ToCHWImage()],
            8 / 0.35,
        ),
        (
            "recognition at 32 x 320",
            Entry("line", text, "word"),
            [ours.DecodeImage(), RecAug(),
             ours_line.CTCLabelEncode(alphabet=alphabet, max_text_length=25),
             ours_line.RecResizeImg(image_shape=[3, 32, 320])],
            256 / 0.25,
        ),
    ):  # fmt: skip
        dataset, epochs = Dataset(Entries([entry]), steps), iter(range(10**9))
        seconds = interleaved(
            {name: lambda d=dataset, e=epochs: [d.sample(0, next(e)) for _ in range(20)]}, rounds=5
        )
        rate = 20 / seconds[name]
        yield {
            "pipeline": name,
            "pictures a second and worker": rate,
            "needed": needed,
            "workers": math.ceil(needed / rate),
        }


def goal_of(name: str) -> float:
    """The least ratio that was promised."""
    return next(
        goal for key, goal in sorted(GOALS.items(), key=lambda kv: -len(kv[0])) if name.startswith(key)
    )


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    random.seed(0), np.random.seed(0)
    rows = []
    for name, theirs, mine in cases(*peer()):
        if args.only not in name:
            continue
        times = interleaved({"theirs": theirs, "ours": mine}, rounds=args.rounds, clock=time.process_time)
        rows.append({"operation": name, "PaddleOCR ms": 1000 * times["theirs"], "ours ms": 1000 * times["ours"],
                     "ratio": times["theirs"] / times["ours"], "goal": goal_of(name)})  # fmt: skip
        if not args.json:
            row = rows[-1]
            print(f"{name:28} {row['PaddleOCR ms']:9.2f} {row['ours ms']:9.2f} {row['ratio']:7.1f} (goal {row['goal']})"
                  + ("" if row["ratio"] >= row["goal"] else "  <"), flush=True)  # fmt: skip
    supplies = list(supply()) if not args.only else []
    if args.json:
        print(json.dumps({"operations": rows, "supply": supplies}, indent=1))
    for row in [] if args.json else supplies:
        print(f"{row['pipeline']}: {row['pictures a second and worker']:.0f} pictures a second and worker; "
              f"{row['needed']:.0f} a second are needed: {row['workers']} workers")  # fmt: skip


if __name__ == "__main__":
    main()
