"""One step of a built run's optimizer from gradients that a test chooses."""

import paddle


def moved_by(trainer, gradient, rate=1.0) -> list:
    """How far each parameter that learns moves, as arrays.

    Args:
        trainer: of a run that was prepared.
        gradient: number, every entry of every parameter's gradient.
        rate: learning rate.
    """
    learning = [p for p in trainer.strategy.trained.parameters() if not p.stop_gradient]
    before = [p.numpy().copy() for p in learning]
    paddle.add_n([(p * gradient).sum() for p in learning]).backward()
    trainer.optimizer.set_lr(rate)
    trainer.optimizer.step()
    trainer.optimizer.clear_grad()
    return [p.numpy() - old for p, old in zip(learning, before, strict=True)]
