"""What a run's numbers say about what went wrong, in plain words."""

import math


def hints(history: list[dict[str, float]], score: str | None = None) -> list[str]:
    """Likely causes of a loss that is no number, that does not fall, or a score that stays at 0.

    Args:
        history: rows of the trainer.
        score: name of the score that should rise, "hmean" or "acc".

    Returns: sentences, none if nothing stands out.
    """
    found = []
    losses = [row["loss"] for row in history]
    if losses and not math.isfinite(losses[-1]):
        found.append(
            f"the loss is {losses[-1]} at step {history[-1]['step']}: lower the learning rate, give it a longer "
            "warm-up or a grad clip; in fp16 try bf16; look for labels longer than the net has time steps"
        )
    losses = [loss for loss in losses if math.isfinite(loss)]
    part = len(losses) // 5
    if part >= 10 and sum(losses[-part:]) >= 0.98 * sum(losses[:part]):
        found.append(
            "the loss did not fall over the whole run: is the learning rate too low or too high, are labels and "
            "pictures in the same order, is something frozen that should learn?"
        )
    scores = [row[score] for row in history if score and score in row]
    if len(scores) >= 2 and max(scores) == 0:
        found.append(
            "hmean is still 0: are all texts marked ### or *, are they smaller than 8 px after the crop, or is "
            "the run simply too short for the probability map to pass its threshold?"
            if score == "hmean"
            else "accuracy is still 0: CTC answers blank for its first thousand steps or so; after that look at the "
            "dictionary (does it hold the labels' characters?), at texts longer than a quarter of the width, "
            "and start with short clean lines"
        )
    return found
