"""The training loop and what surrounds it; nothing in here knows a particular net."""

from ..runtime import require_paddle

require_paddle()
