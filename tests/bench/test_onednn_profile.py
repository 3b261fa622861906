"""oneDNN's log is read, and its operations are those of the network."""

import platform

import paddle
import pytest

from ppocr_lessons.bench import onednn_profile
from ppocr_lessons.bench.macs import count_macs
from ppocr_lessons.bench.onednn_profile import Operation, by_kind, medians, parse, profile
from ppocr_lessons.cls.direction import direction_mobile
from ppocr_lessons.deploy.export import export

HEAD = "onednn_verbose,v1,primitive,exec,cpu"
DEPTHWISE = (
    f"{HEAD},convolution,brdgmm_dw:avx512_core,forward_inference,src:f32 dst:f32,attr-post-ops:eltwise_hardswish:0.1:0.5,"
    "alg:convolution_direct,g16mb2_ic16oc16_ih16oh8kh3sh2dh0ph1_iw160ow160kw3sw1dw0pw1,0.25"
)
POINTWISE = (
    f"{HEAD},convolution,brgconv_1x1:avx512_core,forward_inference,src:f32,,alg:convolution_direct,"
    "mb1_ic256oc512_ih2oh2kh1sh1dh0ph0_iw160ow160kw1sw1dw0pw0,0.5"
)
GATE = POINTWISE.replace("ih2oh2", "ih1oh1").replace("iw160ow160", "iw1ow1")
LINEAR = (
    f"{HEAD},inner_product,brgemm:avx512_core,forward_inference,src:f32,attr-post-ops:,,mb80ic96oc97,0.04"
)
COPY = f"{HEAD},reorder,jit:uni,undef,src:f32 dst:f32,,,1x3x32x320,0.02"


def test_lines_by_hand():
    assert parse(DEPTHWISE) == (
        "depthwise",
        "3 x 3, 16 -> 16 channels on 8 x 160",
        2 * 16 * 8 * 160 * 9,
        0.25,
    )
    assert parse(POINTWISE) == ("1x1", "1 x 1, 256 -> 512 channels on 2 x 160", 256 * 512 * 320, 0.5)
    assert parse(GATE) == ("rest", "1 x 1, 256 -> 512 channels on 1 x 1", 256 * 512, 0.5)
    assert parse(LINEAR) == ("linear", "96 -> 97 at 80 steps", 80 * 96 * 97, 0.04)
    assert parse(COPY) == ("rest", "reorder 1x3x32x320", 0, 0.02)
    assert (
        parse("onednn_verbose,v1,info,cpu,runtime:OpenMP,nthr:1") is None
        and parse("W1125 10:00 a, b") is None
    )


def test_medians_over_runs():
    def log(*times):
        return "\n".join(f"{line.rpartition(',')[0]},{ms}" for ms in times for line in (POINTWISE, COPY))

    start = f"{COPY}\n{onednn_profile._START}\n"
    assert [op.ms for op in medians(start + log(0.5, 9.0, 0.7), 3)] == [0.7, 0.7], (
        "what ran before does not count"
    )
    assert medians(start, 3) == [], "without oneDNN there is nothing to report"
    with pytest.raises(RuntimeError, match="5 operations for 2 runs"):
        medians(start + log(1, 1) + f"\n{COPY}", 2)
    with pytest.raises(RuntimeError, match="not the same ones"):
        medians(f"{start}{POINTWISE}\n{COPY}", 2)


def test_sums_by_kind():
    ops = [parse(line) for line in (COPY, POINTWISE, DEPTHWISE, POINTWISE)]
    sums = by_kind(ops)
    assert list(sums) == ["1x1", "depthwise", "rest"]
    assert sums["1x1"] == Operation("1x1", "2", 2 * 256 * 512 * 320, 1.0)


def test_a_network_is_profiled(tmp_path):
    paddle.seed(1)
    net, shape = direction_mobile(), (1, 3, 32, 64)
    found = profile(export(net, tmp_path / "cls"), shape, rounds=2)
    if platform.machine() not in ("x86_64", "AMD64"):
        assert not found, "Paddle has oneDNN only for processors of this kind"
        return
    convolutions = sum(op.macs for op in found if op.kind in ("1x1", "depthwise", "dense"))
    assert all(op.ms >= 0 for op in found)
    gates_and_head = sum(m for n, m in count_macs(net, shape).items() if "_se" in n or "head" in n)
    assert convolutions == sum(count_macs(net, shape).values()) - gates_and_head


def test_a_folder_that_is_no_export_is_reported(tmp_path):
    with pytest.raises(RuntimeError, match=r"profiling .*nothing failed"):
        profile(tmp_path / "nothing", (1, 3, 32, 64), rounds=1)
