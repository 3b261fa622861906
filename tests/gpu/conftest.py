"""What the tests with a card share."""

import os

import paddle
import pytest

# TensorFloat-32 rounds products to ten bits, which is more than the tests allow. Read when CUDA's libraries start.
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")


def cards() -> int:
    """Number of GPUs that this Paddle can use."""
    return paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0


@pytest.fixture
def card():
    """Work on the first GPU, and on the CPU again afterwards."""
    if not cards():
        pytest.skip("this Paddle sees no GPU; install the paddlepaddle-gpu that fits the driver")
    before = paddle.device.get_device()
    paddle.device.set_device("gpu:0")
    yield "gpu:0"
    paddle.device.set_device(before)


@pytest.fixture
def two_cards(card):
    """Be sure that there are two GPUs."""
    if cards() < 2:
        pytest.skip(f"needs two GPUs, there is {cards()}")
    return card
