from ppocr_lessons.runtime import require_paddle

require_paddle()
