"""Names of devices, and which of them is chosen."""

import paddle
import pytest

from ppocr_lessons.training import parallel


@pytest.mark.parametrize("device", ["gpu:0", "gpu:3", "gpu"])
def test_a_gpu_that_is_not_there(monkeypatch, device):
    monkeypatch.setattr(paddle.device, "is_compiled_with_cuda", lambda: False)
    with pytest.raises(ValueError, match=f"device is '{device}', but this Paddle sees no GPU"):
        parallel.start(device)


@pytest.mark.parametrize("device", ["gpu:x", "cpu:x", "tpu", "tpu:0", "gpu:-1", ""])
def test_no_name_of_a_device(device):
    with pytest.raises(ValueError, match="known are auto, cpu, gpu and gpu:N"):
        parallel.start(device)


@pytest.mark.parametrize(
    ("asked", "cards", "selected", "chosen"),
    [("auto", 2, None, "gpu:0"), ("auto", 0, None, "cpu"), ("gpu", 2, "1,0", "gpu:1"), ("gpu:1", 2, "0", "gpu:1"), ("cpu", 2, None, "cpu")],
)  # fmt: skip
def test_which_device_is_chosen(monkeypatch, asked, cards, selected, chosen):
    set_to = []
    monkeypatch.setattr(paddle.device, "is_compiled_with_cuda", lambda: True)
    monkeypatch.setattr(paddle.device.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(paddle.device, "set_device", set_to.append)
    if selected:
        monkeypatch.setenv("FLAGS_selected_gpus", selected)
    else:
        monkeypatch.delenv("FLAGS_selected_gpus", raising=False)
    parallel.start(asked)
    assert set_to == [chosen]


def test_the_launchers_numbers(monkeypatch):
    monkeypatch.setenv("PADDLE_TRAINER_ID", "3")
    monkeypatch.setenv("PADDLE_TRAINERS_NUM", "8")
    assert parallel.world() == (3, 8)
    for name in ("PADDLE_TRAINER_ID", "PADDLE_TRAINERS_NUM"):
        monkeypatch.delenv(name)
    assert parallel.world() == (0, 1)
