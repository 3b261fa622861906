"""The networks of PP-OCR in PyTorch, built from ours layer by layer with the same weights: for a fair comparison of speed.

PyTorch's own operators in its plain layout (NCHW), written as a user of PyTorch would write them.
"""

import numpy as np
import paddle
import torch
import torch.nn.functional as F
from torch import nn

from ppocr_lessons.backbones.blocks import ConvBN, SEModule
from ppocr_lessons.backbones.mobilenet_v3 import DetMobileNetV3, RecMobileNetV3, ResidualUnit
from ppocr_lessons.cls.direction import ClsHead, DirectionClassifier
from ppocr_lessons.det.db_head import DBHead, MapBranch
from ppocr_lessons.det.db_loss import EPS
from ppocr_lessons.det.dbfpn import DBFPN
from ppocr_lessons.det.dbnet import DBNet
from ppocr_lessons.rec.crnn import CRNN
from ppocr_lessons.rec.light_head import BiLSTM, CTCHead, SequenceEncoder

ACTIVATIONS = {None: lambda x: x, "relu": F.relu, "hardswish": F.hardswish}


def _conv_bn(m, x):
    conv, norm = (getattr(m, name) for name in m.layer.names)
    return ACTIVATIONS[m.layer.act](norm(conv(x)))


def _se(m, x):
    gate = m.conv2(F.relu(m.conv1(F.adaptive_avg_pool2d(x, 1))))
    return x * (gate * m.layer.slope + 0.5).clamp(0, 1)


def _unit(m, x):
    y = m.bottleneck_conv(m.expand_conv(x))
    y = m.linear_conv(m.mid_se(y) if m.layer.if_se else y)
    return x + y if m.layer.if_shortcut else y


def _det_backbone(m, x):
    x, maps = m.conv(x), []
    for index in range(len(m.layer.out_channels)):
        x = getattr(m, f"stage{index}")(x)
        maps.append(x)
    return maps


def _pyramid(m, feats):
    merged, fused = None, []
    for level in (5, 4, 3, 2):
        lateral = getattr(m, f"in{level}_conv")(feats[level - 2])
        merged = lateral if merged is None else lateral + F.interpolate(merged, scale_factor=2)
        smooth = getattr(m, f"p{level}_conv")(merged)
        fused.append(F.interpolate(smooth, scale_factor=2 ** (level - 2)) if level > 2 else smooth)
    return torch.cat(fused, 1)


def _branch(m, x):
    x = F.relu(m.conv_bn1(m.conv1(x)))
    return torch.sigmoid(m.conv3(F.relu(m.conv_bn2(m.conv2(x)))))


def _maps(m, x):
    prob, thresh = m.binarize(x), m.thresh(x)
    return prob, thresh, torch.sigmoid(m.layer.k * (prob - thresh))


FORWARDS = {
    ConvBN: _conv_bn,
    SEModule: _se,
    ResidualUnit: _unit,
    DetMobileNetV3: _det_backbone,
    RecMobileNetV3: lambda m, x: m.pool(m.conv2(m.blocks(m.conv1(x)))),
    DBFPN: _pyramid,
    MapBranch: _branch,
    DBHead: _maps,
    DBNet: lambda m, x: m.head(m.neck(m.backbone(x))),
    BiLSTM: lambda m, x: m.lstm(x)[0],
    SequenceEncoder: lambda m, x: m.encoder(x.squeeze(2).transpose(1, 2)),
    CTCHead: lambda m, x: m.fc(x),
    CRNN: lambda m, x: m.head(m.neck(m.backbone(x))),
    ClsHead: lambda m, x: m.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)),
    DirectionClassifier: lambda m, x: m.head(m.backbone(x)),
}


class Mirror(nn.Module):
    """A layer of ours, with its children mirrored under the same names."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        for name, child in layer.named_children():
            self.add_module(name, mirrored(child))

    def forward(self, x):
        return FORWARDS[type(self.layer)](self, x)


def mirrored(layer) -> nn.Module:
    """The same layer in PyTorch, with the same weights.

    Args:
        layer: a network of ours, or a part of one.

    Returns: module in training mode.
    """
    if isinstance(layer, paddle.nn.Sequential):
        return nn.Sequential(*[mirrored(child) for child in layer])
    if isinstance(layer, (paddle.nn.Conv2D, paddle.nn.Conv2DTranspose)):
        kind = nn.Conv2d if isinstance(layer, paddle.nn.Conv2D) else nn.ConvTranspose2d
        padding = layer.weight.shape[2] // 2 if kind is nn.Conv2d else 0
        made = kind(layer._in_channels, layer._out_channels, layer.weight.shape[2:], stride=tuple(layer._stride),
                    padding=padding, groups=layer._groups, bias=layer.bias is not None)  # fmt: skip
    elif isinstance(layer, paddle.nn.BatchNorm2D):
        made = nn.BatchNorm2d(layer.weight.shape[0])
    elif isinstance(layer, paddle.nn.Linear):
        made = nn.Linear(*layer.weight.shape)
    elif isinstance(layer, paddle.nn.LSTM):
        made = nn.LSTM(layer.input_size, layer.hidden_size, 2, bidirectional=True, batch_first=True)
    elif isinstance(layer, paddle.nn.MaxPool2D):
        return nn.MaxPool2d(layer.ksize, layer.stride)
    else:
        return Mirror(layer)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            values = getattr(layer, name).numpy()
            parameter.copy_(torch.from_numpy(values.T if isinstance(made, nn.Linear) else values))
    return made


def _dice(pred, target, mask):
    return 1 - 2 * (pred * target * mask).sum() / ((pred * mask).sum() + (target * mask).sum() + EPS)


def loss_of(name: str, answer, targets):
    """The loss of the task; its value equals that of our strategy.

    Args:
        name: "recognition", "detection" or "direction".
        answer: output of the mirrored network.
        targets: the fields of the batch behind the images, as tensors.
    """
    if name == "direction":
        return F.cross_entropy(answer, targets[0])
    if name == "recognition":
        steps = torch.full((answer.shape[0],), answer.shape[1])
        scores = answer.transpose(0, 1).log_softmax(2)
        return F.ctc_loss(scores, targets[0], steps, targets[1], reduction="none").mean()
    prob, thresh, binary = (each.squeeze(1) for each in answer)
    shrink_map, shrink_mask, threshold_map, threshold_mask = targets
    distance = ((thresh - threshold_map).abs() * threshold_mask).sum() / (threshold_mask.sum() + EPS)
    dice = 5 * _dice(prob, shrink_map, shrink_mask) + _dice(binary, shrink_map, shrink_mask)
    return dice + 10 * distance


def stepper(name: str, net, batch, *, layout=torch.contiguous_format):
    """A function that makes one training step in PyTorch with one thread, and returns the loss.

    Args:
        name: of the task, see `loss_of`.
        net: our network, whose weights are copied.
        batch: our batch.
        layout: memory format of images and weights, NCHW or torch.channels_last.
    """
    torch.set_num_threads(1)
    module = mirrored(net).to(memory_format=layout)
    images, *targets = (torch.from_numpy(np.array(field.numpy())) for field in batch)
    images = images.to(memory_format=layout)
    optimizer = torch.optim.Adam(module.parameters(), 1e-3)

    def step():
        optimizer.zero_grad()
        loss = loss_of(name, module(images), targets)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
