"""The direction classifier (chapter 2.2): `dir(cls)` is the list of lessons; `__init__.pyi` names them."""

import lazy_loader

from ..runtime import require_paddle

require_paddle()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
