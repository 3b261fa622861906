"""PP-OCR Lessons: PP-OCR and PP-OCRv2, strategy by strategy, with the full models.

    from ppocr_lessons import det, cls, rec, ocr
    from ppocr_lessons import load_paddleocr_weights

Importing this package is cheap: each subpackage, and Paddle with it, is imported when it is first used.
"""

import lazy_loader

from .runtime import quiet_paddle

__version__ = "0.1.0"

quiet_paddle()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
