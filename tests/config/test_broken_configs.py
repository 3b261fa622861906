"""A hundred broken configurations: each one clear error that names file and place, none accepted, none a traceback."""

import random
import re
import time

import pytest
import yaml
from typer.testing import CliRunner

from ppocr_lessons.cli import app
from ppocr_lessons.config import ConfigError, read_config
from ppocr_lessons.config.yaml_file import Origin, origin
from ppocr_lessons.experiment import prepare

from .conftest import CONFIGS
from .mutations import KINDS, mutate

DET, CLS, REC = "ch_det_mv3_db_v2.0", "cls_mv3", "rec_chinese_lite_train_v2.0"
CML, UDML, ECTC = "ch_PP-OCRv2_det_cml", "ch_PP-OCRv2_rec_distillation", "ch_PP-OCRv2_rec_enhanced_ctc_loss"

# file, override, what the error has to say
OVERRIDES = [
    # unknown keys and sections
    (DET, "Globl.epoch_num=1", "Globl.*unknown section"),
    (DET, "Global.epochs=1", "Global.epochs.*unknown key; known here are.*epoch_num"),
    (DET, "Architecture.Bakbone.name=MobileNetV3", "Bakbone.*unknown key"),
    (DET, "Architecture.Backbone.scael=0.5", "scael.*unknown key.*scale"),
    (DET, "Architecture.Neck.inner_channels=96", "inner_channels.*known here are.*out_channels"),
    (DET, "Architecture.Head.K=50", "Head.K.*unknown key"),
    (DET, "Loss.gamma=1", "Loss.gamma.*unknown key"),
    (DET, "Optimizer.beta3=1", "Optimizer.beta3.*unknown key"),
    (DET, "Optimizer.lr.peak=1", "Optimizer.lr.peak.*unknown key"),
    (DET, "Optimizer.regularizer.weight=1", "regularizer.weight.*unknown key"),
    (DET, "PostProcess.tresh=0.3", "PostProcess.tresh.*unknown key.*thresh"),
    (DET, "Metric.indicator=hmean", "Metric.indicator.*unknown key"),
    (DET, "Train.data.name=x", "Train.data.*unknown key"),
    (DET, "Train.dataset.label_files=x", "label_files.*unknown key.*label_file_list"),
    (DET, "Train.loader.batch_size=8", "loader.batch_size.*unknown key"),
    (DET, "Eval.loader.workers=8", "Eval.loader.workers.*unknown key"),
    (DET, "Train.dataset.transforms.MakeShrinkMap.ratio=0.4", "MakeShrinkMap.ratio.*unknown key"),
    (REC, "Train.dataset.transforms.RecAug={use_tai: true}", "use_tai.*unknown key.*use_tia"),
    (CML, "Architecture.Models.Student.frozen=true", "Student.frozen.*unknown key"),
    (CML, "Loss.weights=1", "Loss.weights.*unknown key"),
    # unknown names
    (DET, "Architecture.model_type=dett", "model_type.*'dett'; known tasks are.*det"),
    (DET, "Architecture.algorithm=EAST", "algorithm.*'EAST'; known for det"),
    (DET, "Architecture.Backbone.name=MobileNetV4", "Backbone.name.*'MobileNetV4'; known backbones of det"),
    (DET, "Architecture.Neck.name=FPN", "Neck.name.*'FPN'; known necks of det"),
    (DET, "Architecture.Head.name=PSEHead", "Head.name.*known heads of det"),
    (DET, "Architecture.Backbone.model_name=medium", "model_name.*'medium'"),
    (DET, "Loss.name=EASTLoss", "Loss.name.*'EASTLoss'; known losses of det"),
    (DET, "Loss.main_loss_type=FocalLoss", "main_loss_type.*'FocalLoss'"),
    (DET, "Optimizer.name=Adagrad", "Optimizer.name.*'Adagrad'"),
    (DET, "Optimizer.lr.name=Cosinus", "lr.name.*'Cosinus'"),
    (DET, "Optimizer.regularizer.name=L3", "regularizer.name.*'L3'"),
    (DET, "PostProcess.name=EASTPostProcess", "PostProcess.name.*known post-processings"),
    (DET, "PostProcess.score_mode=medium", "score_mode.*'medium'"),
    (DET, "Metric.name=RecMetric", "Metric.*'RecMetric'; the metric of det is 'DetMetric'"),
    (DET, "Metric.main_indicator=acc", "main_indicator.*'acc'; known are.*hmean"),
    (DET, "Train.dataset.name=PubTabDataSet", "dataset.name.*'PubTabDataSet'"),
    (DET, "Train.dataset.transforms.1={DetLabel: }", "transforms.1.*known transforms are"),
    (DET, "Train.dataset.transforms.IaaAugment.augmenter_args=[{type: Flip}]", "augmenter 'Flip'; known are"),
    (REC, "Architecture.Backbone.name=DenseNet", "known backbones of rec"),
    (REC, "Architecture.Neck.encoder_type=reshape", "encoder_type.*'reshape'"),
    (REC, "Loss.name=AttentionLoss", "known losses of rec"),
    (REC, "PostProcess.name=AttnLabelDecode", "known post-processings"),
    (CLS, "Loss.name=CTCLoss", "known losses of cls"),
    (CLS, "Train.dataset.transforms.DecodeImage.img_mode=HSV", "img_mode BGR, RGB and GRAY"),
    (CML, "Loss.loss_config_list.0={DistillationLoss: }", "loss_config_list.0.*known losses of det"),
    (CML, "Loss.name=DBLoss", "distillation needs 'CombinedLoss'"),
    (CML, "Metric.key=Pupil", "Metric.key.*'Pupil'; the nets are"),
    (UDML, "Architecture.name=Distil", "Architecture.name.*'Distil'; known is"),
    (ECTC, "Loss.loss_config_list.1={NRTRLoss: {weight: 0.1}}", "known losses of rec.*ACELoss"),
    (ECTC, "Loss.loss_config_list.1={ACELoss: {weight: -0.1}}", "ACELoss.weight.*-0.1"),
    (ECTC, "Loss.loss_config_list.CTCLoss.use_focal_loss=often", "use_focal_loss.*'often'"),
    (REC, "Loss.use_focal_loss=often", "use_focal_loss.*'often'"),
    # wrong types
    (DET, "Global=5", "Global.*found 5, named values are needed"),
    (DET, "Global.epoch_num=many", "epoch_num.*'many'"),
    (DET, "Global.epoch_num=1.5", "epoch_num.*1.5"),
    (DET, "Global.eval_batch_step=often", "eval_batch_step.*'often'"),
    (DET, "Architecture=[1, 2]", "Architecture.*named values are needed"),
    (DET, "Architecture.Backbone=MobileNetV3", "Backbone.*named values are needed"),
    (DET, "Architecture.Backbone.scale=half", "scale.*'half'"),
    (DET, "Architecture.Backbone.disable_se=maybe", "disable_se.*'maybe'"),
    (DET, "Architecture.Neck.out_channels=wide", "out_channels.*'wide'"),
    (DET, "Loss=DBLoss", "Loss.*named values are needed"),
    (DET, "Loss.alpha=five", "alpha.*'five'"),
    (DET, "Optimizer.lr=0.001", "Optimizer.lr.*found 0.001"),
    (DET, "Optimizer.lr.learning_rate=fast", "learning_rate.*'fast'"),
    (DET, "Train=[]", "Train.*named values are needed"),
    (DET, "Train.dataset.data_dir=5", "data_dir.*found 5"),
    (DET, "Train.dataset.transforms=all", "transforms.*'all'; a list is needed"),
    (DET, "Train.dataset.transforms.EastRandomCropData.size=960", "size.*960"),
    (DET, "Train.dataset.transforms.NormalizeImage.scale=1/x", "scale.*'1/x'"),
    (DET, "Train.loader.shuffle=3", "shuffle.*found 3"),
    (DET, "Train.loader.batch_size_per_card=[8]", "batch_size_per_card"),
    (REC, "Architecture.Backbone.small_stride=2", "small_stride.*found 2"),
    (CLS, "Global.label_list=180", "label_list.*180"),
    (CML, "Architecture.Models=Student", "Models.*named values are needed"),
    (CML, "Loss.loss_config_list=DBLoss", "loss_config_list.*a list of losses is needed"),
    # values out of range
    (DET, "Global.epoch_num=0", "epoch_num.*found 0"),
    (DET, "Global.seed=-1", "Global.seed.*-1"),
    (DET, "Global.ema_decay=1.0", "ema_decay.*1.0"),
    (DET, "Architecture.Neck.out_channels=-96", "out_channels.*-96"),
    (DET, "Architecture.Head.k=0", "Head.k.*found 0"),
    (DET, "Loss.beta=-1", "Loss.beta.*-1"),
    (DET, "Optimizer.beta1=1.5", "beta1.*1.5"),
    (DET, "Optimizer.lr.learning_rate=0", "learning_rate.*found 0"),
    (DET, "Optimizer.lr.warmup_epoch=-2", "warmup_epoch.*-2"),
    (DET, "Optimizer.regularizer.factor=-1e-5", "factor.*-1e-05"),
    (DET, "PostProcess.thresh=3", "thresh.*found 3"),
    (DET, "PostProcess.unclip_ratio=0", "unclip_ratio.*found 0"),
    (DET, "Train.dataset.ratio_list=[1.5]", "ratio_list.*1.5"),
    (DET, "Train.dataset.ratio_list=[0.5, 0.5]", "2 ratios for 1 label files"),
    (DET, "Train.loader.batch_size_per_card=0", "batch_size_per_card.*found 0"),
    (DET, "Train.loader.num_workers=-1", "num_workers.*-1"),
    (DET, "Train.dataset.transforms.MakeBorderMap.shrink_ratio=1.4", "shrink_ratio is 1.4"),
    (DET, "Train.dataset.transforms.EastRandomCropData.max_tries=0", "max_tries 0"),
    (DET, "Train.dataset.transforms.NormalizeImage.std=[0, 0, 0]", "std above 0"),
    (REC, "Train.dataset.transforms.RecAug={tia_prob: 2.0}", "tia_prob is 2.0"),
    (REC, "Global.max_text_length=0", "max_text_length.*found 0"),
    (CLS, "Train.dataset.transforms.RandAugment={magnitude: 11}", "magnitude 11"),
    (CLS, "Global.label_list=['0', '180', '180']", "label_list.*occurs twice"),
    (CLS, "Global.label_list=['0', '90', '180', '270']", r"class_dim.*found 2; Global.label_list has \['0', '90'"),
    (CLS, "Train.dataset.transforms.3={AutoAugment: {policy: []}}", "AutoAugment.*policy is empty"),
    (CLS, "Train.dataset.transforms.3={AutoAugment: {policy: [[[spin, 0.5, 3]]]}}", "AutoAugment.*'spin'"),
    (CLS, "Train.dataset.transforms.3={CutOut: {length: 2}}", "CutOut.*length 2"),
    (CLS, "Train.dataset.transforms.3={RandomErasing: {area: [0.5]}}", "RandomErasing.*area is"),
    (CLS, "Train.dataset.transforms.3={HideAndSeek: {sizes: [2]}}", "HideAndSeek.*sizes is"),
    (CLS, "Train.dataset.transforms.3={GridMask: {unit: [1, 0.5]}}", "GridMask.*unit is"),
    (DET, "Train.dataset.transforms.2={CutOut: }", "CutOut is not a transform of det"),
    (CLS, "Train.dataset.transforms.ClsResizeImg.image_shape=[48, 192]", r"\[3, height, width\] is needed"),
    # what no machine can hold, or no run ends with
    (DET, "Optimizer.lr.learning_rate=.inf", "learning_rate.*inf.*finite"),
    (DET, "Optimizer.lr.learning_rate=1e30", "learning_rate.*1e\\+30"),
    (DET, "Loss.alpha=.nan", "alpha.*nan.*finite"),
    (DET, "Train.dataset.ratio_list=[.nan]", "ratio_list.*nan"),
    (DET, "Global.epoch_num=1000000000000", "epoch_num.*1000000000000"),
    (DET, "Global.seed=1000000000000000000000000000", "Global.seed"),
    (DET, "Global.save_model_dir=''", "save_model_dir.*found ''"),
    (DET, "Global.save_model_dir=", "save_model_dir.*found None"),
    (DET, "Train.loader.num_workers=100000", "num_workers.*100000"),
    (DET, "Train.loader.batch_size_per_card=100000000", "batch_size_per_card.*100000000"),
    (DET, "Architecture.Neck.out_channels=1000000000", "out_channels.*1000000000"),
    (REC, "Architecture.Neck.hidden_size=1000000000", "hidden_size.*1000000000"),
    (REC, "Global.max_text_length=1000000000", "max_text_length.*1000000000"),
    (DET, "Train.dataset.transforms.EastRandomCropData.size=[1000000000, 32]", "size.*1000000000; 1 to 10000"),
    (DET, "Train.dataset.transforms.NormalizeImage.scale=.inf", "NormalizeImage.scale.*inf"),
    (DET, "Train.dataset.transforms.IaaAugment.augmenter_args=[{type: Fliplr, args: {p: [1]}}]", "p is .1."),
    # names that are no names
    (DET, "Loss.name=[a]", "Loss.name.*known losses of det"),
    (DET, "Architecture.model_type=[a]", "model_type.*known tasks"),
    (DET, "Architecture.Backbone.name={a: b}", "Backbone.name.*known backbones of det"),
    (DET, "Train.dataset={}", "Train.dataset.*found .*named values are needed"),
    (REC, "Architecture.Transform={name: TPS}", "Transform.*only an empty one"),
    (REC, "Train.dataset.transforms.CTCLabelEncode={alphabet: abc}", "alphabet.*unknown key"),
    # the order of the transforms, and what a task cannot do without
    (DET, "Train.dataset.transforms.3={CopyPaste: }", "EastRandomCropData is missing; det needs it in Train"),
    (DET, "Train.dataset.transforms.2={CopyPaste: {scale: [2, 1]}}", r"CopyPaste.*scale is \[2.0, 1.0\]; \(low, high\)"),
    (DET, "Train.dataset.transforms.2={CopyPaste: {scale: [0.5]}}", r"CopyPaste.*scale is \[0.5\]; \(low, high\)"),
    (DET, "Eval.dataset.transforms.3={ToCHWImage: }", "NormalizeImage is missing"),
    (DET, "Train.dataset.transforms.2={NormalizeImage: }", "EastRandomCropData must not come after NormalizeImage"),
    (DET, "Train.dataset.transforms.2={ToCHWImage: }", "ToCHWImage occurs twice"),
    (DET, "Train.dataset.transforms.2={RandAugment: }", "RandAugment is not a transform of det"),
    (DET, "Train.dataset.transforms.2={DetResizeForTest: }", "it is for Eval"),
    (DET, "Train.dataset.transforms.EastRandomCropData.size=[100, 96]", "multiples of 32"),
    (DET, "Eval.dataset.transforms.DetResizeForTest={image_shape: [736, 1300]}", "multiples of 32"),
    (REC, "Train.dataset.transforms.3={RecAug: }", "ClsResizeImg or RecResizeImg is missing"),
    (REC, "Train.dataset.transforms.0={CTCLabelEncode: }", "must not come before DecodeImage"),
    # parts that do not go together, or are missing
    (DET, "Architecture=", "Architecture.*missing"),
    (DET, "Architecture.Neck=", "Architecture.Neck.*missing"),
    (DET, "Loss=", "Loss.*missing"),
    (DET, "Optimizer.lr=", "Optimizer.lr.*missing"),
    (DET, "Optimizer.lr.learning_rate=", "learning_rate"),
    (DET, "Train.dataset.label_file_list=", "label_file_list.*missing"),
    (DET, "Train.dataset.transforms.0={DetLabelEncode: }", "must not come before DecodeImage"),
    (DET, "Train.dataset.transforms.KeepKeys.keep_keys=[image]", "KeepKeys lacks.*shrink_map"),
    (DET, "Eval.dataset.transforms.KeepKeys.keep_keys=[image, label, shape, polys, ignore_tags]", "no transform produces"),
    (DET, "Eval.dataset.transforms.2={ToCHWImage: }", "asks for.*shape.*no transform produces"),
    (REC, "Optimizer.lr={name: Piecewise, values: [1, 2, 3], decay_epochs: [5]}", "3 values for 1 decay_epochs"),
    (REC, "Optimizer.lr={name: Piecewise, values: [1, 2], decay_epochs: [5, 3]}", "have to rise"),
    (CML, "Loss.loss_config_list.DistillationDMLLoss.model_name_pairs=[[Student, Pupil]]", "'Pupil'.*not among"),
    (UDML, "Architecture.model_type=[a]", "Architecture.model_type.*the nets are 'rec'"),
    (CML, "Architecture.Models.Student.model_type=rec", "found 'rec', the other nets are 'det'|known for rec"),
    (UDML, "Loss.loss_config_list.DistillationDMLLoss.act=", "recognizers need act: softmax"),
    (UDML, "Loss.loss_config_list.DistillationDMLLoss.model_name_pairs=[[Student, Student]]", "'Student' is paired with itself"),
    (UDML, "Loss.loss_config_list.DistillationDistanceLoss.model_name_pairs=[Pupil, Teacher]", "'Pupil'.*not among"),
    (UDML, "Loss.loss_config_list.DistillationDistanceLoss.key=feats", "DistillationDistanceLoss.key.*'backbone_out', 'neck_out' or 'head_out'"),
    (CML, "Loss.loss_config_list.DistillationDMLLoss.maps_name=binary_maps", "maps_name.*'binary_maps'.*known is"),
    (CLS, "Global.label_list=['0', '90', '180', '270']", "class_dim.*found 2; Global.label_list has.*270"),
    (CLS, "Architecture.Head.class_dim=4", "class_dim.*found 4; Global.label_list has"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "said"), OVERRIDES, ids=[f"{n}-{c}"[:70] for n, c, _ in OVERRIDES]
)
def test_override(name, change, said):
    path = CONFIGS / f"2022/{name}.yml"
    with pytest.raises(ConfigError, match=f"(?s){said}") as caught:
        read_config(path, [change])
    assert str(path) in str(caught.value)


TEXTS = [
    (b"Global: [unclosed", "bad.yml:1.*not YAML|bad.yml.*not YAML"),
    (b"Global:\n\tepoch_num: 1", "bad.yml:2: not YAML"),
    (b"Global: !!python/object/apply:os.system ['true']", "not YAML.*python/object"),
    (b"\xff\xfe\x00", "cannot be read"),
    (b"", "sections .* are needed"),
    (b"just a text", "sections .* are needed, found 'just a text'"),
    (b"- a\n- b", "sections .* are needed"),
    (b"5: 6", "key 5 is not a name"),
    (b"Global: {epoch_num: 1}", "Architecture.*missing"),
    (b"a: &a [*a]", "alias|undefined|found"),
    (b"a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
     b"c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
     b"e: [*d, *d, *d, *d, *d, *d, *d, *d, *d]", "more than 20000 values"),
    (b"Global: {epoch_num: 1}\n---\nGlobal: {}", "not YAML.*document"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), TEXTS, ids=range(len(TEXTS)))
def test_text(text, said, tmp_path):
    (tmp_path / "bad.yml").write_bytes(text)
    with pytest.raises(ConfigError, match=f"(?s){said}"):
        read_config(tmp_path / "bad.yml")


def test_a_hundred_are_refused_each_in_words_of_its_own(tmp_path):
    said = set()
    for name, change, _ in OVERRIDES:
        with pytest.raises(ConfigError) as caught:
            read_config(CONFIGS / f"2022/{name}.yml", [change])
        said.add(str(caught.value).partition(".yml")[2])
    for number, (text, _) in enumerate(TEXTS):
        (tmp_path / f"{number}.yml").write_bytes(text)
        with pytest.raises(ConfigError) as caught:
            read_config(tmp_path / f"{number}.yml")
        said.add(str(caught.value).partition(".yml")[2])
    assert len(said) >= 100, "cases that differ in name alone are no cases"


# What only building shows: file, task, overrides, what the error has to say.
BUILT = [
    (DET, {"Architecture.Backbone.scale": 0.6}, "scale is 0.6; known are"),
    (DET, {"Architecture.Neck.out_channels": 30}, "30"),
    (DET, {"Global.pretrained_model": "nowhere/best"}, "nowhere/best"),
    (DET, {"Global.freeze": "[bone]"}, "called 'bone'; parts of the net are"),
    (DET, {"Global.device": "tpu"}, "device is 'tpu'"),
    (DET, {"Train.dataset.data_dir": "/nowhere"}, "no such image file"),
    (DET, {"Train.dataset.label_file_list": "[nowhere.txt]"}, "nowhere.txt: no such label file"),
    (REC, {"Global.character_dict_path": "nowhere.txt"}, "character_dict_path.*nowhere.txt"),
    (REC, {"Architecture.Backbone.small_stride": "[1, 2, 3, 2]"}, "strides is"),
    (REC, {"Global.max_text_length": 1}, "more than max_text_length 1"),
    (REC, {"Train.dataset.transforms.RecResizeImg.image_shape": "[3, 80, 320]"}, "RecResizeImg.image_shape.*of this height"),
    # 32 pixels are 8 time steps.
    (REC, {"Train.dataset.transforms.RecResizeImg.image_shape": "[3, 32, 32]"},
     r"rec.txt:1: 12 characters need 12 time steps.* has 8 "),
    (UDML, {"Eval.dataset.transforms.RecResizeImg.image_shape": "[3, 32, 32]"}, "rec.txt:1: .*need 12 time steps"),
    (REC, {"Global.character_dict_path": "/dev/zero"}, "not an ordinary file"),
    (DET, {"Global.pretrained_model": "/dev/zero"}, "not an ordinary file"),
    (CML, {"Architecture.Models.Student.pretrained": "", "Architecture.Models.Student2.pretrained": "",
           "Architecture.Models.Teacher.pretrained": ""}, "Teacher.*: freeze_params is true and pretrained is empty"),
    (ECTC, {"Loss.loss_config_list.CenterLoss.center_file_path": "nowhere.pkl"}, "center_file_path.*nowhere.pkl"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "changes", "said"), BUILT, ids=[f"{n}-{next(iter(c))}" for n, c, _ in BUILT]
)
def test_built(name, changes, said, overrides):
    task = "det" if name in (DET, CML) else "rec"
    config = read_config(CONFIGS / f"2022/{name}.yml", overrides(task, **changes))
    with pytest.raises(ValueError, match=f"(?s){said}"):
        prepare(config, progress=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [("Global.epoch_num", "Section.key=value is needed"), ("Global.epoch_num.x=1", "has no keys"),
     ("Train.dataset.transforms.RecAugg.p=1", "'RecAugg' is not in the list; it has"),
     ("Train.dataset.transforms.77={}", "'77' is not in the list")],
)  # fmt: skip
def test_overrides_that_lead_nowhere(change, said):
    with pytest.raises(ConfigError, match=said):
        read_config(CONFIGS / f"2022/{DET}.yml", [change])


def test_all_problems_at_once_with_lines(tmp_path):
    text = (CONFIGS / f"2022/{DET}.yml").read_text()
    text = (
        text.replace("epoch_num: 1200", "epoch_num: never")
        .replace("k: 50", "k: fifty")
        .replace("scale: 0.5", "scael: 0.5")
    )
    (tmp_path / "bad.yml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "bad.yml")
    said = str(caught.value)
    lines = text.splitlines()
    for found in ("epoch_num: never", "k: fifty", "scael: 0.5"):
        number = next(i for i, line in enumerate(lines, 1) if found in line)
        assert f"(line {number})" in said
    assert "3 problems" in said


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        ("Global.epoch_num=never", "Global.epoch_num", r" \(overrides line \d+\):"),
        ("~PostProcess", "PostProcess", r" \(overrides line \d+\): missing"),
        ("Global.prune=5", "Global.prune", ":"),
        (
            "Train.dataset.transforms.0.DecodeImage.img_mode=CMYK",
            "Train.dataset.transforms.0.DecodeImage",
            r" \(line \d+\):",
        ),
        ("Optimizer.lr.warmup_epoch=2", "Optimizer.lr.learning_rate", r" \(line \d+\):"),
    ],
)
def test_an_error_tells_overrides_from_lines_of_the_file(change, place, said, tmp_path):
    text, path = (CONFIGS / f"2022/{DET}.yml").read_text(), tmp_path / "file.yml"
    path.write_text(text.replace("learning_rate: 0.001", "learning_rate: never") if "lr" in change else text)
    with pytest.raises(ConfigError, match=re.escape(f"  {place}") + said):
        read_config(path, [change])


def test_where_values_come_from():
    before = {"a": [{"b": 1}, {"b": 2}], "c": {"d": [1], "f": float("nan")}}
    after = {"a": [{"b": 2}], "c": {"d": [3], "e": 2, "f": before["c"]["f"]}}
    assert {place: origin(before, after, place) for place in (("a", 0, "b"), ("a", 5), ("c", "e"))} == {
        ("a", 0, "b"): Origin.added, ("a", 5): Origin.added, ("c", "e"): Origin.added,
    }  # fmt: skip
    assert origin(before, after, ("c", "d", 0)) is Origin.replaced
    for place in ((), ("a",), ("c",), ("c", "d"), ("c", "d", 4), ("c", "d", "x"), ("c", "f"), ("x", "y")):
        assert origin(before, after, place) is Origin.file


def test_weights_and_labels_are_told_with_the_rest(overrides, tmp_path):
    """One error: the schema, the weights of every net, a bad line of each label file, each with its place."""
    for name in ("train", "eval"):
        (tmp_path / f"{name}.txt").write_text(f"{name}_one.png\t[]\n{name}_two.png\t[]\n")
    given = overrides("det", **{
        "Architecture.Models.Teacher.pretrained": "no_teacher", "Architecture.Models.Student.pretrained": "no_student",
        "Architecture.Models.Student2.pretrained": "",
        "Train.dataset.label_file_list": f"[{tmp_path / 'train.txt'}]",
        "Eval.dataset.label_file_list": f"[{tmp_path / 'eval.txt'}]",
    })  # fmt: skip
    beyond = ("Teacher.pretrained", "no_teacher", "Student.pretrained", "no_student", "train.txt:1", "train.txt:2",
              "eval.txt:1", "eval.txt:2", "on_bad: drop")  # fmt: skip
    path = CONFIGS / f"2022/{CML}.yml"
    with pytest.raises(ConfigError) as caught:
        prepare(read_config(path, given), dry=True, progress=False)
    assert all(part in str(caught.value) for part in beyond) and "4 problems" in str(caught.value)
    given += [
        "Loss.weights=1",
        "Optimizer.lr.learning_rate=never",
        "Global.epochs=3",
        "Eval.loader.batch_size_per_card=0",
    ]
    with pytest.raises(ConfigError) as caught:
        read_config(path, given, everything=True)
    said = str(caught.value)
    assert all(
        part in said
        for part in (*beyond, "Loss.weights", "learning_rate", "Global.epochs", "batch_size_per_card")
    )
    assert "8 problems" in said and len(caught.value.problems) == 8
    result = CliRunner().invoke(
        app, ["train", "-c", str(path), "--check", *(p for o in given for p in ("-o", o))]
    )
    assert result.exit_code == 1 and "8 problems" in result.output


def test_without_a_task_the_rest_is_checked_all_the_same():
    changes = [
        "Architecture.model_type=dett",
        "Loss.alpha=five",
        "PostProcess.thresh=3",
        "Train.loader.shuffle=3",
    ]
    with pytest.raises(ConfigError, match="4 problems"):
        read_config(CONFIGS / f"2022/{DET}.yml", changes)


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_configurations(kind, tmp_path):
    """Forty of each kind, drawn with a seed: a ConfigError, or values that still are a configuration; nothing else."""
    draw, slowest, refused = random.Random(KINDS.index(kind)), 0.0, 0
    good = [read_config(path).values for path in sorted(CONFIGS.glob("*/*.yml"))]
    for _ in range(40):
        broken, place = mutate(draw.choice(good), kind, draw)
        (tmp_path / "broken.yml").write_text(yaml.safe_dump(broken, allow_unicode=True))
        began = time.perf_counter()
        try:
            config = read_config(tmp_path / "broken.yml")
        except ConfigError as error:
            refused += 1
            assert "broken.yml" in str(error), place
        else:
            assert config.train and config.evaluation and config.losses and config.nets, place
        slowest = max(slowest, time.perf_counter() - began)
    assert refused >= 15 and slowest < 5


def test_on_the_command_line_there_is_no_traceback(tmp_path):
    (tmp_path / "bad.yml").write_text("Global: {epoch_num: 0}")
    result = CliRunner().invoke(app, ["train", "-c", str(tmp_path / "bad.yml"), "--check"])
    assert result.exit_code == 1 and "error:" in result.output and "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


def test_duplicate_keys_warn_and_the_last_wins(tmp_path, capsys):
    text = (
        (CONFIGS / f"2022/{DET}.yml")
        .read_text()
        .replace("  use_gpu: true\n", "  use_gpu: true\n  epoch_num: 7\n")
    )
    (tmp_path / "twice.yml").write_text(text)
    assert read_config(tmp_path / "twice.yml").settings.epoch_num == 1200
    assert "twice.yml:4: 'epoch_num' is a duplicate key" in capsys.readouterr().err


def test_values_of_the_files_survive():
    values = read_config(CONFIGS / f"2022/{DET}.yml").values
    assert values == yaml.safe_load((CONFIGS / f"2022/{DET}.yml").read_text())
