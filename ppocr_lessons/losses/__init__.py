"""What a training strategy returns, and the losses that more than one net uses."""
