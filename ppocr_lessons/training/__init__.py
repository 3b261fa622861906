"""The training loop, schedules, checkpoints and logs. This code does not depend on a particular network."""

from ..runtime import require_paddle

require_paddle()
