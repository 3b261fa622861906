"""The record of a run in its output folder, which is compared before a run is resumed or overwritten.

config.yml is the configuration of the run, including overrides. record.json contains the SHA-256 of the label files and
of the dictionary, the number of processes, whether the teachers were checked, and every change of the configuration
with which the run was resumed.
"""

import hashlib
import json
import pathlib
import platform

import paddle
import yaml

from ..datasets.loader import TRANSFORMS
from ..training import parallel
from ..training.run_folder import holds_a_run, move_aside
from ..training.tensor_files import sha256
from .configuration import DEFAULT_SEED, Config, SetConfig
from .find import find_dictionary
from .problems import ConfigError, say
from .read import read_config

CONFIG, RECORD = "config.yml", "record.json"

FREE = {
    "epoch_num", "save_model_dir", "save_batch_step", "eval_batch_step", "print_batch_step", "cal_metric_during_train",
    "tensorboard", "device", "use_gpu", "use_amp", "amp_dtype", "amp_level", "amp_custom_black_list",
    "amp_custom_white_list", "checkpoints", "character_dict_path",
}  # fmt: skip
"""Keys of Global that may differ when a run is resumed; the dictionary is compared by its content."""

HEAD_BYTES = 1 << 20
SHOWN = 60


def _file_sum(path: pathlib.Path) -> str:
    """SHA-256 of a file. Of an LMDB, which may have many gigabytes, only size, start and end are hashed."""
    if path.name != "data.mdb":
        return sha256(path)
    digest, size = hashlib.sha256(str(path.stat().st_size).encode()), path.stat().st_size
    with path.open("rb") as file:
        digest.update(file.read(HEAD_BYTES))
        file.seek(max(0, size - HEAD_BYTES))
        digest.update(file.read(HEAD_BYTES))
    return digest.hexdigest()


def _files_of(section: SetConfig) -> list[pathlib.Path]:
    given = section.dataset
    if given.name == "LMDBDataSet":
        return sorted(pathlib.Path(given.data_dir).rglob("data.mdb"))
    files = given.label_file_list or []
    return [pathlib.Path(f) for f in ([files] if isinstance(files, str) else files)]


def content(config: Config) -> dict[str, list[str]]:
    """Checksums of the files of a configuration except images.

    Args:
        config: configuration that was read.

    Returns: lists of SHA-256 by the key that names the files.
    """
    sums = {
        f"{what}.dataset.label_file_list": [_file_sum(path) for path in _files_of(section)]
        for what, section in (("Train", config.train), ("Eval", config.evaluation))
    }
    if config.settings.character_dict_path:
        sums["Global.character_dict_path"] = [sha256(find_dictionary(config.settings.character_dict_path))]
    return sums


def agreement(config: Config) -> dict[str, object]:
    """Values that must not change when a run is resumed: networks, loss, optimizer, seed and data.

    The paths of label files and dictionary are not among them, since `content` compares the files themselves.

    Args:
        config: configuration that was read.

    Returns: values by place.
    """
    whole = {"Global": config.settings.model_dump(exclude=FREE)}
    whole["Global"]["seed"] = DEFAULT_SEED if config.settings.seed is None else config.settings.seed
    for name, net in config.nets.items():
        place = f"Architecture.Models.{name}" if config.distillation else "Architecture"
        parts = {"Backbone": net.backbone, "Neck": net.neck, "Head": net.head}
        whole[place] = {
            key: section and section.model_dump() for key, section in parts.items()
        } | net.sub.model_dump()
    whole["Loss"] = [
        {"weight": None, **section.model_dump(), "name": name} for name, section in config.losses
    ]
    whole["Optimizer"] = config.optimizer.model_dump() | {
        "lr": config.lr.model_dump(),
        "regularizer": config.regularizer and config.regularizer.model_dump(),
    }
    whole["Quant"] = config.quant and config.quant.model_dump()
    for what, section in (("Train", config.train), ("Eval", config.evaluation)):
        dataset = section.dataset.model_dump(exclude={"label_file_list"})
        dataset["data_dir"] = str(pathlib.Path(dataset["data_dir"]).resolve())
        dataset["transforms"] = [
            [name, arguments] for name, arguments in section.transforms if name in TRANSFORMS
        ]
        whole[what] = {"dataset": dataset}
    whole["Train"]["loader"] = config.train.loader.model_dump(exclude={"num_workers", "use_shared_memory"})
    flat: dict[str, object] = {}
    _flatten("", json.loads(json.dumps(whole, default=str)), flat)
    return flat


def _flatten(place: str, value, into: dict) -> None:
    if isinstance(value, dict):
        for key, section in value.items():
            _flatten(f"{place}.{key}" if place else key, section, into)
    elif isinstance(value, list):
        for number, section in enumerate(value):
            _flatten(f"{place}[{number}]", section, into)
    else:
        into[place] = value


def _differences(was: dict, now: dict) -> list[str]:
    found = []
    for key in sorted(was.keys() | now.keys()):
        old, new = was.get(key), now.get(key)
        if old != new:
            found.append(f"{key}: {old!r:.{SHOWN}} in the run, {new!r:.{SHOWN}} now")
    return found


def _own_record(folder: pathlib.Path) -> dict:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{folder / RECORD}: cannot be read: {error}") from error
    if not isinstance(record, dict):
        raise ConfigError(f"{folder / RECORD}: cannot be read: named values are needed")
    return record


def changes(config: Config, folder: pathlib.Path) -> list[str]:
    """Compare a configuration with the run in a folder.

    Args:
        config: configuration that was read.
        folder: output folder of the run.

    Returns: one line per difference; empty if the run can be resumed.
    """
    try:
        before = read_config(folder / CONFIG)
    except (OSError, ValueError) as error:
        return [f"{folder / CONFIG}, the run's own configuration, cannot be read: {error}"]
    found, record = _differences(agreement(before), agreement(config)), _own_record(folder)
    # Runs of earlier versions have no checksums to compare with.
    known, now = record.get("content", {}), content(config)
    for key in sorted(known.keys() | now.keys()) if known else ():
        if known.get(key) != now.get(key):
            found.append(f"{key}: the content differs from that of the run (SHA-256)")
    processes = record.get("processes", parallel.world()[1])
    if processes != parallel.world()[1]:
        found.append(
            f"processes: {processes} in the run, {parallel.world()[1]} now; the total batch size differs"
        )
    return found


def settle(config: Config, *, fresh: bool = False, resume_changed: bool = False) -> dict:
    """Compare a configuration with an existing run in its output folder, then write the configuration there.

    Args:
        config: configuration that was read.
        fresh: move the existing run aside and start a new one.
        resume_changed: resume the existing run although the configuration differs; the differences are recorded.

    Returns: the record of the run.

    Raises:
        ConfigError: the folder contains a run with another configuration; lists the differences.
    """
    folder, found, record = config.folder, [], {}
    if fresh:
        aside = move_aside(folder, (RECORD, CONFIG))
        say(f"the existing run in {folder} was moved to {aside}" if aside else "")
    elif holds_a_run(folder):
        found = changes(config, folder)
        if found and not resume_changed:
            raise ConfigError(
                "\n  ".join([f"{config.path}: {folder} contains a run of another configuration", *found])
                + "\n--fresh moves that run aside and starts a new one; --resume-changed resumes it with this configuration"
            )
        record = _own_record(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if found:
        say("\n  ".join(["resuming with another configuration", *found]))
        earlier = record.get("changes", [])
        record["changes"] = [*(earlier if isinstance(earlier, list) else []), found]
    record |= {"content": content(config), "processes": parallel.world()[1]}
    _write(folder / CONFIG, yaml.safe_dump(config.values, sort_keys=False, allow_unicode=True))
    write_record(folder, record)
    return record


def write_record(folder: pathlib.Path, record: dict) -> None:
    """Write the record of a run.

    Args:
        folder: output folder of the run.
        record: record from `settle`.
    """
    _write(folder / RECORD, json.dumps(record, indent=1, ensure_ascii=False))


def write_environment(folder: pathlib.Path) -> None:
    """Write the environment of a run: versions, device, machine and number of processes.

    Args:
        folder: output folder of the run.
    """
    found = {
        "python": platform.python_version(),
        "paddle": paddle.__version__,
        "device": paddle.device.get_device(),
        "machine": f"{platform.system()} {platform.machine()}",
        "processes": str(parallel.world()[1]),
    }
    _write(folder / "environment.json", json.dumps(found, indent=1))


def _write(path: pathlib.Path, text: str) -> None:
    partial = path.with_name(f".partial-{path.name}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
