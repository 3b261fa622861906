"""A widget that reads a picture that the reader chooses."""

import cv2
import ipywidgets
import numpy as np

from .. import ocr
from ..datasets.pictures import PictureError, read_picture
from ..deploy.draw import draw_reading


def _png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def read_one(content: bytes) -> tuple[bytes, str]:
    """Read one picture for the widget.

    Args:
        content: bytes of an image file.

    Returns: a PNG with boxes and texts, and the texts, one per line. For a file that is not a readable picture the
        PNG is empty and the text gives the reason.
    """
    try:
        image = read_picture(content)
    except PictureError as error:
        return b"", str(error)
    lines = ocr.read(image)
    return _png(draw_reading(image, lines)), "\n".join(line.text for line in lines) or "No text was found."


def upload_widget() -> ipywidgets.VBox:
    """A button to choose a picture; its text appears below, beside the picture with its boxes."""
    button = ipywidgets.FileUpload(
        accept="image/*", multiple=False, description="Choose a picture", layout={"width": "auto"}
    )
    # A box stretches its children to its own width; a picture keeps its natural size.
    drawn = ipywidgets.Image(format="png", layout={"max_width": "100%", "align_self": "flex-start"})
    drawn.layout.display = "none"
    text = ipywidgets.Textarea(
        disabled=True,
        layout={"width": "100%", "height": "10em"},
        placeholder="The text of your picture appears here.",
    )

    def redraw(change):
        if not change["new"]:
            return
        text.value = "Reading ..."
        drawn.value, text.value = read_one(bytes(change["new"][0]["content"]))
        drawn.layout.display = "" if drawn.value else "none"

    button.observe(redraw, "value")
    return ipywidgets.VBox([button, drawn, text])
