"""The feature extractors that the three nets share."""

from ..runtime import require_paddle

require_paddle()
