"""Text detection (chapters 2.1 and 3.1): `dir(det)` is the list of lessons; `__init__.pyi` names them."""

import lazy_loader

from ..runtime import require_paddle

require_paddle()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
