"""Commands that make label files: `ppocr-lessons synth | convert | split | dictionary`."""

from pathlib import Path
from typing import Annotated

import typer

from .choices import Foreign, Kind, Language, Style


def synth(
    kind: Annotated[
        Kind, typer.Argument(help="det: pages, rec: words and lines, cls: lines and directions.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder, which must be empty or is created.")],
    count: Annotated[int, typer.Option(min=1, help="Number of images.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same images.")] = 0,
    language: Annotated[Language, typer.Option(help="Of the text; zh needs the extra `zh`.")] = Language.en,
    fonts: Annotated[
        str,
        typer.Option(
            help="course: the same images on every machine; system: the fonts of this machine too; "
            "or a folder, whose font files are used too."
        ),
    ] = "course",
    style: Annotated[
        Style, typer.Option(help="print: pages and lines; photo: signs, receipts, scenes, crowded lines.")
    ] = Style.print,
    size: Annotated[int, typer.Option(min=64, max=4096, help="Width and height of a page in pixels.")] = 640,
) -> None:
    """Generate a synthetic data set in PaddleOCR's label format."""
    from ..datasets.synthetic.write import write_set

    labels = write_set(
        kind.value,
        out,
        count=count,
        seed=seed,
        language=language.value,
        fonts=fonts,
        style=style.value,
        size=(size, size),
        progress=True,
    )
    typer.echo(f"{count} images; labels in {labels}", err=True)


def convert(
    kind: Annotated[
        Foreign,
        typer.Argument(
            help="icdar: ICDAR 2015, a file gt_NAME.txt per image; labelme: a JSON file per image; "
            "coco-text: one JSON file for all images."
        ),
    ],
    labels: Annotated[Path, typer.Argument(help="Folder of the label files; the JSON file of COCO-Text.")],
    pictures: Annotated[Path, typer.Argument(help="Folder of the images.")],
    out: Annotated[Path, typer.Argument(help="Label file to write.")],
    part: Annotated[
        str | None, typer.Option("--set", help="Only images of this set of COCO-Text: train or val.")
    ] = None,
) -> None:
    """Convert labels of another format to a PaddleOCR label file."""
    if part is not None and kind is not Foreign.coco_text:
        raise ValueError(f"--set {part}: only files of coco-text have sets")
    if kind is Foreign.coco_text:
        from ..datasets.coco_text import convert_coco_text

        count = convert_coco_text(labels, pictures, out, part=part)
    elif kind is Foreign.labelme:
        from ..datasets.labelme import convert_labelme

        count = convert_labelme(labels, pictures, out)
    else:
        from ..datasets.icdar import convert_icdar

        count = convert_icdar(labels, pictures, out)
    typer.echo(f"{count} {'image' if count == 1 else 'images'} in {out}", err=True)


def split(
    labels: Annotated[Path, typer.Argument(help="Label file of any task.")],
    share: Annotated[
        float, typer.Option("--eval", help="Share of the images that are for evaluation, between 0 and 1.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed chooses the same images.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the two files; that of the label file by default.")
    ] = None,
) -> None:
    """Divide a label file into NAME_train.txt and NAME_eval.txt. No image is in both."""
    from ..datasets.split import split_labels

    done = split_labels(labels, out, share=share, seed=seed)
    typer.echo(f"{done.train_lines} lines in {done.train}", err=True)
    typer.echo(f"{done.evaluation_lines} lines in {done.evaluation}", err=True)


def dictionary(
    labels: Annotated[list[Path], typer.Argument(help="Label files of recognition or detection.")],
    out: Annotated[Path, typer.Option(help="Dictionary to write: one character per line.")],
    min_count: Annotated[
        int, typer.Option(min=1, help="Leave out characters that occur less often than this.")
    ] = 1,
) -> None:
    """Collect the characters of label files in a dictionary for `Global.character_dict_path`."""
    from ..datasets.dictionary import write_dictionary

    characters = write_dictionary(labels, out, min_count=min_count)
    typer.echo(f"{len(characters)} characters in {out}; Global.use_space_char: true adds the space", err=True)
