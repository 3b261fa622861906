"""The fonts that this machine has. DejaVu comes with matplotlib, so there is always one."""

import functools
import pathlib

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from matplotlib import font_manager, get_data_path
from PIL import ImageFont

_ASCII = frozenset(range(33, 127))
_CHINESE = frozenset(map(ord, "的一是不了在人有我他这中大来上个国到说们"))
_NOT_TEXT = ("symbol", "emoji", "stix", "math", "icon", "dingbat", "d050000l", "cmex", "cmsy")

NO_CHINESE_FONT = (
    "No font with Chinese characters was found on this machine; install one, for example the package "
    "fonts-noto-cjk or fonts-wqy-zenhei, or use the pre-rendered pictures under data/."
)


def _covers(path: str, needed: frozenset[int]) -> bool:
    try:
        font = (
            TTCollection(path).fonts[0]
            if path.lower().endswith((".ttc", ".otc"))
            else TTFont(path, lazy=True)
        )
        return needed <= set(font.getBestCmap() or ())
    except (TTLibError, OSError, AttributeError, AssertionError, KeyError):
        return False


@functools.cache
def font_paths(language: str = "en") -> tuple[tuple[str, ...], ...]:
    """Font files by family, sorted; each family is a tuple of paths.

    Args:
        language: "en", every character of ASCII; "zh", common Chinese characters as well.

    Raises:
        ValueError: unknown language.
        LookupError: no font for it.
    """
    if language not in ("en", "zh"):
        raise ValueError(f"language is {language!r}; known are ['en', 'zh']")
    bundled = pathlib.Path(get_data_path(), "fonts", "ttf").glob("DejaVu*.ttf")
    # Sorted: the finder answers in any order, and of files with one name the last is taken.
    found = {pathlib.Path(p).name: p for p in sorted(font_manager.findSystemFonts())}
    found |= {p.name: str(p) for p in bundled}
    needed = _ASCII | _CHINESE if language == "zh" else _ASCII
    families: dict[str, list[str]] = {}
    for name, path in sorted(found.items()):
        if not any(word in name.lower() for word in _NOT_TEXT) and _covers(path, needed):
            families.setdefault(name.split("-")[0].split("[")[0].split(".")[0].lower(), []).append(path)
    if not families:
        raise LookupError(NO_CHINESE_FONT)
    return tuple(tuple(paths) for _, paths in sorted(families.items()))


@functools.lru_cache(maxsize=512)
def load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels."""
    return ImageFont.truetype(path, size)


def pick_font(rng, language: str = "en") -> str:
    """A family at random, then one of its files: families with many cuts do not drown the others."""
    families = font_paths(language)
    family = families[rng.integers(len(families))]
    return family[rng.integers(len(family))]
