"""Sizes drawn as areas: how the megabytes of a net are divided among its parts."""

import math

from matplotlib.patches import Patch

from .figure import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, SKY, new_figure, show

_FILLS = ((SKY, ""), (GREEN, ".."), (ORANGE, "//"), (RED, "\\\\"), (PURPLE, "xx"), (BLUE, "oo"))
"""Color and hatch of each part; the hatch alone is enough to tell them apart."""

_GAP = 0.5
"""Space between two squares, in square roots of a megabyte."""

_NARROWEST = 0.33
"""Minimum width of a slice that is labeled with its number, in square roots of a megabyte."""


def slices(parts: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Divide a square into vertical slices whose areas are the sizes of the parts.

    Args:
        parts: sizes by name; parts of size 0 get no slice. The area of the square is their sum.

    Returns: left edge and width of each slice by name, in the square root of the unit of the sizes.

    Raises:
        ValueError: a size is negative, or all are 0.
    """
    if min(parts.values(), default=0) < 0 or not any(parts.values()):
        raise ValueError(f"sizes are {parts}; numbers of at least 0 with a positive sum are needed")
    side, left, places = math.sqrt(sum(parts.values())), 0.0, {}
    for name, size in parts.items():
        if size:
            places[name] = (left, size / side)
            left += size / side
    return places


def show_areas(nets: dict[str, dict[str, float]]):
    """Draw each net as a square whose area is its size, divided into slices for its parts, all at one scale.

    Args:
        nets: megabytes of each part by name of the part, by name of the net. Six different parts at most.

    Returns: an IPython.display.Image.

    Raises:
        ValueError: there are more than six different parts, or a size is negative.
    """
    names = list(dict.fromkeys(part for parts in nets.values() for part in parts))
    if len(names) > len(_FILLS):
        raise ValueError(f"{len(names)} different parts; at most {len(_FILLS)} can be told apart")
    fills = dict(zip(names, _FILLS, strict=False))
    figure, axis = new_figure(size=(12, 4.9))
    offset = 0.0
    for title, parts in nets.items():
        side = math.sqrt(sum(parts.values()))
        for name, (left, wide) in slices(parts).items():
            color, hatch = fills[name]
            axis.bar(offset + left, side, wide, align="edge", color=color, hatch=hatch, ec=BLACK, alpha=0.55)
            if wide >= _NARROWEST:
                number = axis.text(offset + left + wide / 2, side / 2, f"{parts[name]:.1f}", ha="center", va="center", fontsize=9)  # fmt: skip
                number.set_bbox({"fc": "white", "ec": "none", "pad": 1})
        axis.text(offset + side / 2, -0.12, f"{title}\n{side**2:.1f} MB", ha="center", va="top", fontsize=10)
        offset += side + _GAP
    axis.set_axis_off()
    axis.set(aspect="equal", xlim=(-0.1, offset - _GAP + 0.1))
    handles = [Patch(fc=fills[n][0], hatch=fills[n][1], ec=BLACK, alpha=0.55, label=n) for n in names]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(names), fontsize=10)
    told = "; ".join(
        f"{title} {sum(parts.values()):.1f} MB: " + ", ".join(f"{n} {mb:.2f}" for n, mb in parts.items())
        for title, parts in nets.items()
    )
    return show(figure, f"Squares whose areas are megabytes, divided into parts. {told}.")
