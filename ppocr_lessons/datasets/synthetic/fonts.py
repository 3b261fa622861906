"""Fonts of synthetic text.

By default they are font files that pip installs with this package, so that a seed gives the same page on every machine.
Fonts of the operating system are used only on request, for training data with more variety.
"""

import functools
import importlib.util
import pathlib

import numpy as np
from fontTools.ttLib import TTCollection, TTFont, TTLibError
from matplotlib import font_manager, get_data_path
from PIL import ImageFont

FONT_SETS = ("course", "system")
"""`course`: the files listed below, the same on every machine. `system`: these files and all fonts of the machine.
The path of a folder of font files is accepted as well; see training_fonts.py."""

FONT_FILES = (".otf", ".ttf", ".woff")
"""Endings of the font files of a folder."""

LANGUAGES = ("en", "zh")

# The Source families are .otf files, because the kerning tables of the .ttf files in these packages make letters overlap.
# Hairline weights are left out because they vanish at small sizes, and Amatic SC because it has no lower case.
_ENGLISH = {
    "dejavusans": ("matplotlib", "DejaVuSans.ttf DejaVuSans-Bold.ttf DejaVuSans-Oblique.ttf"),
    "dejavusansmono": ("matplotlib", "DejaVuSansMono.ttf DejaVuSansMono-Bold.ttf DejaVuSansMono-Oblique.ttf"),
    "dejavuserif": ("matplotlib", "DejaVuSerif.ttf DejaVuSerif-Bold.ttf DejaVuSerif-Italic.ttf"),
    "roboto": (
        "font_roboto",
        "Roboto-Light.ttf Roboto-Regular.ttf Roboto-Medium.ttf Roboto-Bold.ttf Roboto-Black.ttf Roboto-Italic.ttf",
    ),
    "sourcesanspro": (
        "font_source_sans_pro",
        "SourceSansPro-Regular.otf SourceSansPro-Semibold.otf SourceSansPro-Black.otf SourceSansPro-It.otf",
    ),
    "sourceserifpro": (
        "font_source_serif_pro",
        "SourceSerifPro-Regular.otf SourceSerifPro-Semibold.otf SourceSerifPro-Black.otf SourceSerifPro-It.otf",
    ),
    "lato": ("font_lato", "Lato-Regular.ttf Lato-Bold.ttf Lato-Black.ttf Lato-Italic.ttf"),
    "manrope": ("font_manrope", "Manrope-Regular.ttf Manrope-SemiBold.ttf Manrope-ExtraBold.ttf"),
    "caladea": ("font_caladea", "Caladea-Regular.ttf Caladea-Bold.ttf Caladea-Italic.ttf"),
    "hankengrotesk": (
        "font_hanken_grotesk",
        "HankenGrotesk-Regular.otf HankenGrotesk-SemiBold.otf HankenGrotesk-Italic.otf",
    ),
    "fjallaone": ("font_fjallaone", "FjallaOne-Regular.ttf"),
    "fredokaone": ("font_fredoka_one", "FredokaOne-Regular.ttf"),
    "intuitive": ("font_intuitive", "Intuitive.ttf"),
}
_CHINESE = {"notosanscjk": ("cvttf_NotoSansCJK_Regular", "NotoSansCJKtc-Regular.otf")}

NO_CHINESE_FONT = (
    'No font with Chinese characters is installed. Run pip install "ppocr-lessons[zh]", or install one on the '
    'system, for example the package fonts-noto-cjk, and ask for fonts="system" (--fonts system); '
    "the images under data/ need no font."
)

_ASCII = frozenset(range(33, 127))
_COMMON_CHINESE = frozenset(map(ord, "的一是不了在人有我他这中大来上个国到说们"))
_NOT_TEXT = ("symbol", "emoji", "stix", "math", "icon", "dingbat", "d050000l", "cmex", "cmsy")


def _folder_of(module: str) -> pathlib.Path | None:
    """Find the folder with the font files of an installed package, without importing the package."""
    if module == "matplotlib":
        return pathlib.Path(get_data_path(), "fonts", "ttf")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return None
    folder = pathlib.Path(spec.origin).parent
    return folder / "files" if (folder / "files").is_dir() else folder


def _course_families(language: str) -> dict[str, list[str]]:
    families = {}
    for family, (module, names) in (_CHINESE if language == "zh" else _ENGLISH).items():
        folder = _folder_of(module)
        paths = [folder / name for name in names.split()] if folder else []
        if language == "en" and not (paths and all(path.is_file() for path in paths)):
            # Without this error, a missing family would silently change the pages of a seed.
            raise LookupError(f"the fonts of {module} are not installed; run pip install ppocr-lessons again")
        if paths and all(path.is_file() for path in paths):
            families[family] = [str(path) for path in paths]
    return families


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


def _system_families(language: str) -> dict[str, list[str]]:
    # Sorted, because the order of findSystemFonts is arbitrary and the last of several files with one name is used.
    found = {pathlib.Path(p).name: p for p in sorted(font_manager.findSystemFonts())}
    found |= {pathlib.Path(p).name: p for paths in _course_families(language).values() for p in paths}
    needed = _ASCII | _COMMON_CHINESE if language == "zh" else _ASCII
    families: dict[str, list[str]] = {}
    for name, path in sorted(found.items()):
        if not any(word in name.lower() for word in _NOT_TEXT) and _covers(path, needed):
            families.setdefault(name.split("-")[0].split("[")[0].split(".")[0].lower(), []).append(path)
    return families


def _folder_families(folder: str, language: str) -> dict[str, list[str]]:
    """Fonts of a folder, and those that are installed with the package. A subfolder is a family, and so is a file."""
    needed = _ASCII | _COMMON_CHINESE if language == "zh" else _ASCII
    found = {}
    for family in sorted(pathlib.Path(folder).iterdir()):
        inside = family.rglob("*") if family.is_dir() else [family]
        files = sorted(f for f in inside if f.suffix.lower() in FONT_FILES)
        if paths := [str(f) for f in files if _covers(str(f), needed)]:
            found[family.name] = paths
    if not found:
        endings = ", ".join(FONT_FILES)
        raise ValueError(f"{folder}: no font file ({endings}) here has all characters of {language!r}")
    return _course_families(language) | found


@functools.cache
def capitals_only(path: str) -> bool:
    """Whether a font draws small letters as capitals, so that it can only render text in capitals.

    Args:
        path: of the font file.
    """
    font = load_font(path, 40)
    pairs = (
        np.asarray(font.getmask(c)).tobytes() == np.asarray(font.getmask(c.upper())).tobytes()
        for c in "abdeghnrt"
    )
    return sum(pairs) > 4


@functools.cache
def font_paths(language: str = "en", fonts: str = "course") -> tuple[tuple[str, ...], ...]:
    """List font files by family, sorted by the name of the family.

    Args:
        language: "en" for fonts with all ASCII characters; "zh" for fonts that also have Chinese characters.
        fonts: one of FONT_SETS.

    Returns: a tuple of families; each family is a tuple of paths.

    Raises:
        ValueError: unknown language or font set, or a folder without a font for the language.
        LookupError: no font for the language is installed.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language is {language!r}; known are {list(LANGUAGES)}")
    if fonts in FONT_SETS:
        families = _course_families(language) if fonts == "course" else _system_families(language)
    elif pathlib.Path(fonts).is_dir():
        families = _folder_families(fonts, language)
    else:
        raise ValueError(f"fonts is {fonts!r}; known are {list(FONT_SETS)}, or give a folder of font files")
    if not families:
        raise LookupError(NO_CHINESE_FONT)
    return tuple(tuple(paths) for _, paths in sorted(families.items()))


@functools.lru_cache(maxsize=512)
def load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """Load a font.

    Args:
        path: of the font file.
        size: in pixels.
    """
    # The layout engine is named because Pillow's default depends on whether the machine has FriBiDi.
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def pick_font(rng, language: str = "en", fonts: str = "course") -> str:
    """Draw a family, then one of its files, so that families with many weights do not dominate.

    Args:
        rng: source of all random numbers.
        language: see `font_paths`.
        fonts: see `font_paths`.
    """
    families = font_paths(language, fonts)
    family = families[rng.integers(len(families))]
    return family[rng.integers(len(family))]
