"""Read a configuration file: validate every section, and report all problems together."""

from ..cls.labels import DIRECTIONS
from . import loss_terms, losses, networks, optimizer, schema
from .build import problems_of_files
from .compat import name_of
from .configuration import Config
from .data import read_set
from .networks import NetConfig
from .problems import Checker, dotted, raise_for
from .quantization import QuantSection
from .yaml_file import YamlFile, override

SECTIONS = ("Global", "Architecture", "Loss", "Optimizer", "Quant", "PostProcess", "Metric", "Train", "Eval")


def read_config(path, overrides: list[str] | tuple[str, ...] = (), *, everything: bool = False) -> Config:
    """Read a configuration in the format of PaddleOCR.

    Args:
        path: path of the file.
        overrides: overrides as after `-o`: "Global.epoch_num=1" sets a value, "~Global.seed" removes one.
        everything: if sections are invalid, also check weights and labels, so that these problems are reported as well.
            `experiment.prepare` checks them for a valid file.

    Returns: the validated configuration.

    Raises:
        ConfigError: names the file and, for each problem, its place and line, what was found and what is possible.
    """
    file = YamlFile(path)
    values = override(file.values, list(overrides))
    reading = _Reading(values)
    config = reading.whole(str(path), file)
    if reading.problems and everything:
        reading.problems += problems_of_files(config)
    raise_for(path, reading.problems, config.where)
    return config


class _Reading(Checker):
    """Validates the sections of one file."""

    def whole(self, path: str, file: YamlFile) -> Config:
        config = Config(path, self.values, notes=self.notes, file=file)
        for key in self.effective((), self.values, ()):
            if key not in SECTIONS:
                self.problem((key,), f"unknown section; known are {list(SECTIONS)}")
        config.settings = self.validate(
            schema.Global, self.named_values(self.values.get("Global"), ("Global",)), ("Global",), rest=True
        )
        if config.settings and config.settings.prune is not None and not config.settings.pretrained_model:
            self.problem(
                ("Global", "prune"),
                "needs pretrained_model: only trained filters show which of them are redundant",
            )
        self.architecture(config)
        config.task = config.task or self.guess()
        if config.settings and "arabic" in (config.settings.character_dict_path or ""):
            self.notes.append(
                "Global.character_dict_path: PaddleOCR reverses texts that are decoded with an Arabic dictionary; "
                "here they stay in the order of the labels"
            )
        self.optimizer(config)
        if self.values.get("Quant") is not None:
            given = self.named_values(self.values["Quant"], ("Quant",), needed=False)
            config.quant = self.validate(QuantSection, given, ("Quant",))
        if config.task:
            self.loss(config)
            self.labels(config)
            config.postprocess = self.validate_named(
                schema.POSTPROCESSES[config.task],
                self.values.get("PostProcess"),
                ("PostProcess",),
                "post-processings",
            )
            self.metric(config)
            config.train = read_set(self, config, "Train")
            config.evaluation = read_set(self, config, "Eval")
        return config

    def guess(self) -> str:
        """The task according to the metric, so that the other sections can be checked if the architecture is invalid."""
        metric = self.values.get("Metric")
        names = [metric.get("name"), metric.get("base_metric_name")] if isinstance(metric, dict) else []
        return next((task for task, (name, _) in schema.METRICS.items() if name in names), "")

    def architecture(self, config: Config) -> None:
        place = ("Architecture",)
        values = self.named_values(self.values.get("Architecture"), place)
        if not values:
            return
        config.distillation = values.get("algorithm") == "Distillation"
        if not config.distillation:
            config.task = self.task(values, place)
            if config.task:
                config.nets["Model"] = self.net(values, place, config.task)
            return
        if values.get("name", "DistillationModel") != "DistillationModel":
            self.problem((*place, "name"), f"found {values['name']!r:.60}; known is 'DistillationModel'")
        values = self.effective(place, values, place)
        self.no_transform(values, place)
        for key in values.keys() - {"model_type", "name", "algorithm", "Models", "Transform"}:
            self.problem(
                (*place, key), "unknown key; known here are ['Models', 'algorithm', 'model_type', 'name']"
            )
        models = self.named_values(values.get("Models"), (*place, "Models"))
        for name, sub in models.items():
            here = (*place, "Models", name)
            sub = self.named_values(sub, here)
            task = self.task(sub, here) if sub else ""
            if not task:
                continue
            if config.task and task != config.task:
                self.problem((*here, "model_type"), f"found {task!r}, the other nets are {config.task!r}")
                continue
            config.task = config.task or task
            config.nets[name] = self.net(sub, here, task)
        whole = values.get("model_type", config.task)
        if config.task and whole != config.task:
            self.problem((*place, "model_type"), f"found {whole!r:.60}; the nets are {config.task!r}")
        if config.nets and all(net.sub and net.sub.freeze_params for net in config.nets.values()):
            self.problem(
                (*place, "Models"), "freeze_params is true for all networks: nothing would be trained"
            )

    def task(self, values: dict, place: tuple) -> str:
        task = values.get("model_type")
        if not isinstance(task, str) or task not in networks.ALGORITHMS:
            known = sorted(networks.ALGORITHMS)
            self.problem((*place, "model_type"), f"found {task!r:.60}; known tasks are {known}")
            return ""
        if values.get("algorithm") != networks.ALGORITHMS[task]:
            known = [networks.ALGORITHMS[task], "Distillation"]
            self.problem(
                (*place, "algorithm"), f"found {values.get('algorithm')!r:.60}; known for {task} are {known}"
            )
        return task

    def net(self, values: dict, place: tuple, task: str) -> NetConfig:
        sub_keys = networks.SubNet.model_fields.keys()
        inside = len(place) > 1  # one of several networks
        known = {"model_type", "algorithm", "Transform", "Backbone", "Neck", "Head"} | (
            sub_keys if inside else set()
        )
        values = self.effective(("Architecture",), values, place) | {
            k: v for k, v in values.items() if inside and k in sub_keys
        }
        for key in values.keys() - known:
            self.problem((*place, key), f"unknown key; known here are {sorted(known)}")
        self.no_transform(values, place)
        net = NetConfig()
        found = {}
        for key, models in networks.SECTIONS.items():
            given, here = values.get(key), (*place, key)
            if task not in models:
                if given:
                    self.problem(here, f"found {given!r:.60}; networks of {task} have no {key}")
                continue
            section = self.named_values(given, here)
            if section:
                section = self.effective(("Architecture", key), section, here)
                found[key] = self.validate_named(models[task], section, here, f"{key.lower()}s of {task}")
        net.backbone, net.neck, net.head = (found.get(key) for key in networks.SECTIONS)
        if inside:
            given = {k: v for k, v in values.items() if k in sub_keys}
            net.sub = self.validate(networks.SubNet, given, place, rest=True) or networks.SubNet()
        return net

    def loss(self, config: Config) -> None:
        place = ("Loss",)
        values = self.named_values(self.values.get("Loss"), place)
        if not values:
            return
        if values.get("name") != "CombinedLoss":
            if config.distillation:
                self.problem(
                    (*place, "name"), f"found {values.get('name')!r:.60}; distillation needs 'CombinedLoss'"
                )
                return
            section = self.validate_named(
                losses.LOSSES[config.task], values, place, f"losses of {config.task}"
            )
            config.losses = [(section.name, section)] if section else []
            return
        for key in values.keys() - {"name", "loss_config_list"}:
            self.problem((*place, key), "unknown key; known here are ['loss_config_list', 'name']")
        terms, place = values.get("loss_config_list"), (*place, "loss_config_list")
        if not isinstance(terms, list) or not terms:
            self.problem(place, f"found {terms!r:.60}; a list of losses is needed")
            return
        for number, term in enumerate(terms):
            self.term(config, term, (*place, number))

    def term(self, config: Config, term, place: tuple) -> None:
        models = loss_terms.TERMS[config.task]
        if not isinstance(term, dict) or len(term) != 1 or next(iter(term)) not in models:
            self.problem(place, f"found {term!r:.60}; known losses of {config.task} are {sorted(models)}")
            return
        ((name, values),) = term.items()
        section = self.validate(
            models[name], self.named_values(values, (*place, name), needed=False), (*place, name), (name,)
        )
        if section is None:
            return
        unknown = sorted(section.networks() - config.nets.keys())
        if unknown:
            self.problem(
                (*place, name), f"nets {unknown} are not among Architecture.Models: {list(config.nets)}"
            )
        self.notes += [f"{dotted((*place, name))}: {note}" for note in section.notes()]
        config.losses.append((name, section))

    def no_transform(self, values: dict, place: tuple) -> None:
        """Transform is empty in PaddleOCR's files of these algorithms; others rectify text lines there."""
        if values.get("Transform"):
            self.problem(
                (*place, "Transform"), f"found {values['Transform']!r:.60}; only an empty one is known"
            )

    def labels(self, config: Config) -> None:
        """A classifier needs exactly one class per label, and different labels."""
        labels = config.settings.label_list if config.settings else None
        if labels and len(set(labels)) < len(labels):
            self.problem(("Global", "label_list"), f"found {labels}; a label occurs twice")
        for name, net in config.nets.items():
            if config.task == "cls" and net.head and net.head.class_dim != len(labels or DIRECTIONS):
                place = (
                    "Architecture",
                    *(["Models", name] if config.distillation else []),
                    "Head",
                    "class_dim",
                )
                found = f"found {net.head.class_dim}; Global.label_list has {labels or list(DIRECTIONS)}"
                self.problem(place, found)

    def optimizer(self, config: Config) -> None:
        place = ("Optimizer",)
        values = self.named_values(self.values.get("Optimizer"), place)
        if not values:
            return
        own = {k: v for k, v in values.items() if k not in ("lr", "regularizer")}
        config.optimizer = self.validate(optimizer.Optimizer, own, place)
        lr = self.named_values(values.get("lr"), (*place, "lr"))
        if lr:
            config.lr = self.validate(
                optimizer.LearningRate,
                {**lr, "name": name_of(lr.get("name", "Const"))},
                (*place, "lr"),
            )
        given = self.named_values(values.get("regularizer"), (*place, "regularizer"), needed=False)
        if given:
            given = {**given, "name": name_of(given.get("name"))}
            config.regularizer = self.validate(optimizer.Regularizer, given, (*place, "regularizer"))

    def metric(self, config: Config) -> None:
        place = ("Metric",)
        values = self.named_values(self.values.get("Metric"), place)
        if not values:
            return
        config.metric = section = self.validate(schema.MetricSection, values, place)
        if section is None:
            return
        expected, indicators = schema.METRICS[config.task]
        inner = section.base_metric_name if section.name == "DistillationMetric" else section.name
        if inner != expected:
            self.problem(place, f"found {inner!r}; the metric of {config.task} is {expected!r}")
        if section.main_indicator not in indicators:
            self.problem(
                (*place, "main_indicator"), f"found {section.main_indicator!r}; known are {list(indicators)}"
            )
        if config.distillation and section.key not in config.nets:
            self.problem((*place, "key"), f"found {section.key!r}; the nets are {list(config.nets)}")
