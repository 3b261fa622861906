"""A widget that reads a picture of your own."""

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

    Returns: PNG with boxes and texts, and the texts a line each; on a bad picture no PNG and the reason.
    """
    try:
        image = read_picture(content)
    except PictureError as error:
        return b"", str(error)
    lines = ocr.read(image)
    return _png(draw_reading(image, lines)), "\n".join(line.text for line in lines) or "no text was found"


def upload_widget() -> ipywidgets.VBox:
    """A button to choose a picture; what is read in it appears below."""
    button = ipywidgets.FileUpload(accept="image/*", multiple=False, description="your picture")
    drawn = ipywidgets.Image(format="png", layout={"max_width": "100%"})
    drawn.layout.display = "none"
    text = ipywidgets.Textarea(
        disabled=True, layout={"width": "100%", "height": "10em"}, placeholder="its text"
    )

    def redraw(change):
        if not change["new"]:
            return
        text.value = "reading ..."
        drawn.value, text.value = read_one(bytes(change["new"][0]["content"]))
        drawn.layout.display = "" if drawn.value else "none"

    button.observe(redraw, "value")
    return ipywidgets.VBox([button, drawn, text])
