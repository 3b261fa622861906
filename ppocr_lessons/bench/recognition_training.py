"""Training of a row of the recognition ablations: its network, its batches and its strategy."""

import numpy as np
import paddle

from ..datasets.batches import RecBatch
from ..datasets.resize import fit_line
from ..datasets.seeding import rng_for
from ..datasets.synthetic.streams import encode_labels
from ..distill.udml import UDML
from ..losses.center_loss import CenterLoss
from ..losses.ctc_loss import PlainCTC
from ..losses.enhanced_ctc import EnhancedCTC
from ..losses.guided_ctc import GuidedCTC
from ..quant.prepare import calibrate, prepare
from ..rec.class_centers import class_centers
from ..rec.crnn import CRNN, crnn_lcnet, crnn_server
from ..rec.ctc_decode import greedy_decode
from ..rec.feature_stride import rec_backbone
from ..training.tensor_files import state_of
from ..zoo.fine_tuning import load_matching
from ..zoo.pretrained import pretrained
from .recognition_rows import BATCH, OFFICIAL, Row
from .short_words import WIDTH, Words, alphabet


def network(row: Row, classes: int) -> CRNN:
    """The untrained recognizer of a row.

    Args:
        row: one of ROWS.
        classes: number of characters plus one for the blank.
    """
    if row.backbone == "lcnet":
        return crnn_lcnet(classes)
    if row.backbone == "server":
        return crnn_server(classes, hidden_size=row.hidden)
    scale = 1.0 if row.backbone == "mobile-1.0" else 0.5
    return CRNN(rec_backbone(row.strides, scale), classes, hidden_size=row.hidden)


def load_start(net: CRNN, row: Row) -> None:
    """Load the weights that a row starts from; the last layer, which has other classes, keeps its random weights.

    Args:
        net: recognizer of the row, changed in place.
        row: one of ROWS whose start is not another row.

    Raises:
        ImportError: the package with the official weights is not installed.
    """
    if row.start != OFFICIAL:
        load_matching(net, row.start)
        return
    trained = state_of(pretrained("rec", OFFICIAL))
    for name, tensor in state_of(net).items():
        if tensor.shape == trained[name].shape:
            tensor.set_value(trained[name])


def batches_of(row: Row, seed: int, lines: Words):
    """Make the function that prepares the batches of a run.

    Args:
        row: its augmentation.
        seed: of all random numbers.
        lines: for training.

    Returns: function from the number of a batch to the RecBatch.
    """

    def batch_at(number: int) -> RecBatch:
        chosen = rng_for(seed, number).integers(len(lines.images), size=BATCH)
        images = []
        for place, index in enumerate(chosen):
            image = lines.images[index]
            if row.augmentation:
                image = row.augmentation(rng_for(seed, number, place), image)
            images.append(fit_line(image, 32, WIDTH))
        labels = encode_labels([lines.texts[index] for index in chosen], alphabet())
        return RecBatch(paddle.to_tensor(np.stack(images)), *labels)

    return batch_at


def centers_of(net: CRNN, lines: Words) -> np.ndarray:
    """Centers of the features of all classes over the training lines that are read correctly.

    Args:
        net: trained recognizer, in evaluation mode.
        lines: for training.

    Returns: (classes, D) float32; NaN for a class that occurs in no such line.
    """
    feats, logits = [], []
    with paddle.no_grad():
        for start in range(0, len(lines.images), 50):
            images = [fit_line(image, 32, WIDTH) for image in lines.images[start : start + 50]]
            answer, found = net(paddle.to_tensor(np.stack(images)))
            feats.append(found.head.numpy())
            logits.append(answer.numpy())
    all_logits = np.concatenate(logits)
    readings = greedy_decode(all_logits, alphabet())
    right = [reading.text == text for reading, text in zip(readings, lines.texts, strict=True)]
    known = class_centers(np.concatenate(feats), all_logits, right, alphabet().classes)
    centers = np.full((alphabet().classes, feats[0].shape[-1]), np.nan, np.float32)
    for number, center in known.items():
        centers[number] = center
    return centers


def strategy_of(row: Row, net: CRNN, lines: Words):
    """The training strategy of a row.

    Rows that start from random weights have the second CTC loss of GuidedCTC: it shortens the phase in which a recognizer
    predicts only blanks from more than a thousand steps to 400, for all rows alike.

    Args:
        row: one of ROWS.
        net: its recognizer, with the weights that the row starts from.
        lines: for training; centers and clipping bounds come from them.

    Returns: a strategy for the trainer, whose recognizer is `net`.
    """
    classes = alphabet().classes
    if row.how == "udml":
        nets = {"Student": net, "Teacher": network(row, classes)}
        for member in nets.values():  # from the same weights, with different random last layers
            load_start(member, row)
        return UDML(nets)
    if row.how == "center":
        net.eval()
        centers = centers_of(net, lines)
        return EnhancedCTC(net, CenterLoss(classes, centers.shape[1], centers=centers))
    if row.how == "pact":
        images = [fit_line(image, 32, WIDTH) for image in lines.images[:100]]
        calibrate(prepare(net), [paddle.to_tensor(np.stack(images))], "mse")
    if row.start == "rec" or not row.start:
        return GuidedCTC(net, classes)
    return PlainCTC(net)
