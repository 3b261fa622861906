"""The English recognizer begins as the official one: the same scores for the characters that are kept."""

import json

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.resize import fit_line
from ppocr_lessons.datasets.shipped import shipped_lines
from ppocr_lessons.datasets.synthetic import photo_streams
from ppocr_lessons.datasets.synthetic.pages import Line, line_at
from ppocr_lessons.losses.objective import Objective
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet
from ppocr_lessons.rec.crnn import crnn_lcnet
from ppocr_lessons.training.tensor_files import load_weights
from ppocr_lessons.zoo import english, official
from ppocr_lessons.zoo.frozen_backbone import FrozenBackbone


@pytest.fixture(scope="module")
def start():
    net = english.english_from_official()
    net.eval()
    return net


def _image():
    return paddle.to_tensor(fit_line(line_at(1, 3).image, 32, 160)[None])


def test_the_kept_classes_have_the_scores_they_had(start):
    source = official.load_official(crnn_lcnet(official.CLASSES), "rec")
    source.eval()
    with paddle.no_grad():
        ours, theirs = start(_image())[0].numpy(), source(_image())[0].numpy()
    old, new = official.official_alphabet(), Alphabet(ENGLISH)
    assert ours.shape[-1] == 96
    np.testing.assert_allclose(ours[..., 0], theirs[..., 0], atol=1e-4)
    for character in "aZ5~ ":
        np.testing.assert_allclose(
            ours[..., new.index[character]], theirs[..., old.index[character]], atol=1e-4, err_msg=character
        )


def test_a_character_that_was_never_trained_is_named():
    with pytest.raises(ValueError, match="'z'"):
        english.cut_last_layer({}, Alphabet("ab"), Alphabet("abz"), "head.fc2")


def test_the_backbone_in_the_engine_gives_the_loss_of_the_whole_net_and_stays_as_it_is(start, tmp_path):
    alphabet = Alphabet(ENGLISH)
    batch = photo_streams.photo_rec_batch(1, 0, alphabet)
    net = english.english_from_official()
    before = {k: v.numpy().copy() for k, v in net.backbone.state_dict().items()}
    strategy = FrozenBackbone(net, tmp_path)
    frozen = strategy(batch)
    with paddle.no_grad():
        logits, _ = start(batch.images)
    np.testing.assert_allclose(frozen.outputs.numpy(), logits.numpy(), atol=2e-3)
    frozen.loss.backward()
    assert all(parameter.grad is not None for parameter in strategy.trained.parameters())
    assert all(np.array_equal(before[k], v.numpy()) for k, v in net.backbone.state_dict().items())


def test_a_short_training_writes_weights_and_card(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_streams, "LINE_SHAPES", ((96, 2, 8),) * 4)
    monkeypatch.setattr(english, "held_back_lines", lambda count, fonts: [line_at(1, i) for i in range(4)])
    card = english.train(out=tmp_path, head_steps=2, steps=1)
    assert card["samples"] == 6 and set(card["scores"]) == {"before", "neck and head", "all layers"}
    assert json.loads((tmp_path / "card.json").read_text(encoding="utf-8")) == card
    before = load_weights(crnn_lcnet(96), tmp_path / "weights.safetensors")
    again = english.train(
        out=tmp_path / "more",
        head_steps=0,
        steps=2,
        weights=tmp_path / "weights.safetensors",
        average=True,
    )
    assert again["samples"] == 4 and set(again["scores"]) == {"before", "all layers", "averaged"}
    assert again["command"].endswith("--weights weights.safetensors --average")
    after = load_weights(crnn_lcnet(96), tmp_path / "more" / "weights.safetensors")
    moved = {
        name: not np.array_equal(tensor.numpy(), before.state_dict()[name].numpy())
        for name, tensor in after.state_dict().items()
    }
    convolutions = [name for name in moved if name.startswith("backbone.") and name.endswith("conv.weight")]
    assert convolutions and all(moved[name] for name in convolutions) and moved["head.fc2.weight"]
    trained = load_weights(
        crnn_lcnet(96), sorted((tmp_path / "more" / "all").glob("step-*"))[-1] / "model.safetensors"
    )
    halfway = (before.head.fc2.weight.numpy() + trained.head.fc2.weight.numpy()) / 2
    np.testing.assert_allclose(after.head.fc2.weight.numpy(), halfway, rtol=1e-6)
    statistics = [name for name in moved if name.endswith(("_mean", "_variance"))]
    assert statistics and not any(moved[name] for name in statistics), "batch statistics stay as they were"


def test_photographed_batches_are_a_function_of_seed_and_step():
    alphabet = Alphabet(ENGLISH)
    first, again, other = (photo_streams.photo_rec_batch(4, step, alphabet) for step in (2, 2, 3))
    assert np.array_equal(first.images.numpy(), again.images.numpy())
    assert first.images.shape[0] != other.images.shape[0] or not np.array_equal(
        first.images.numpy(), other.images.numpy()
    )
    page = photo_streams.photo_det_batch(1, 0, size=2, side=96)
    assert list(page.images.shape) == [2, 3, 96, 96]
    assert np.array_equal(
        page.images.numpy(), photo_streams.photo_det_batch(1, 0, size=2, side=96).images.numpy()
    )


def test_a_few_words_lower_the_loss_and_nothing_but_neck_and_head_moves(tmp_path, repository):
    alphabet = Alphabet(ENGLISH)
    words = shipped_lines(repository / "data/rec_en")[1:40:2]
    net = english.english_from_official()
    net.train()
    strategy = FrozenBackbone(net, tmp_path)
    before = [parameter.numpy().copy() for parameter in net.backbone.parameters()]
    losses = english.train_on_words(strategy, words, alphabet, steps=12, peak=2e-3, seed=1)
    assert len(losses) == 12 and np.mean(losses[-3:]) < 0.5 * np.mean(losses[:3])
    assert all(map(np.array_equal, before, (p.numpy() for p in net.backbone.parameters())))
    with pytest.raises(ValueError, match="no words"):
        english.train_on_words(strategy, [], alphabet, steps=1, peak=1e-3, seed=1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a" * 17, "word 2 of 2: 17 characters need 33 time steps .* has 32 "),
        ("", "word 2 of 2: the text is empty"),
        ("na\u00efve", "word 2 of 2: .*\u00ef"),
    ],
)
def test_a_word_that_cannot_be_learned_is_named_before_training(text, problem):
    picture = np.full((32, 128, 3), 255, np.uint8)
    words = [Line(picture, "aa" * 8), Line(picture, text)]
    with pytest.raises(ValueError, match=problem):
        english.train_on_words(None, words, Alphabet(ENGLISH), steps=1, peak=1e-3, seed=1)


def test_words_are_augmented_anew_in_every_batch(repository):
    words, alphabet = shipped_lines(repository / "data/rec_en")[1:12:2], Alphabet(ENGLISH)
    seen = []

    def record(rng, image):
        seen.append((rng.random(), image.shape))
        return image

    class Steady:
        """Answers with the mean of its input, so that the test sees the images that it gets."""

        def __init__(self):
            self.trained = paddle.nn.Linear(1, 1)
            self.means = []

        def __call__(self, batch):
            self.means.append(batch.images.mean().item())
            loss = self.trained(paddle.ones([1, 1])).sum()
            return Objective(loss, {"loss": loss}, None)

    plain, same, dark = Steady(), Steady(), Steady()
    options = {"steps": 3, "peak": 1e-3, "seed": 4, "batch": 2}
    english.train_on_words(plain, words, alphabet, **options)
    english.train_on_words(same, words, alphabet, **options, augmentation=record)
    english.train_on_words(dark, words, alphabet, **options, augmentation=lambda rng, image: image // 2)
    assert plain.means == same.means and all(d < p for d, p in zip(dark.means, plain.means, strict=True))
    assert len(seen) == 6 and len({draw for draw, _ in seen}) == 6, "every place of every batch draws anew"
