"""How does a picture take less room and look the same?  By 256 colours that are near enough to all that are in it.

A drawing has few colours, and many more where its lines are smoothed at their edges.  With one byte for each pixel in
place of four, a large one takes about a third of the room.  Where a colour would be seen to change it stays as it was.
"""

from io import BytesIO

import numpy as np

LARGE = 64_000                                # bytes; what is smaller than that is not worth the time
MOST, MEAN = 24, 3                            # of 255, the change of a pixel's colour: nobody sees less


def smaller(picture: BytesIO) -> BytesIO:
    """A large PNG with a palette in place of its own colours, or the picture itself where that would be seen."""
    if picture.getbuffer().nbytes < LARGE:
        return picture
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo
    picture.seek(0)
    opened = Image.open(picture)
    full = opened.convert("RGB")                               # nothing shines through our pictures
    few = full.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    changed = np.abs(np.asarray(few.convert("RGB"), np.int16) - np.asarray(full, np.int16)).max(-1)    # (H, W)
    if changed.max() > MOST or changed.mean() > MEAN:
        return picture
    notes = PngInfo()
    for name, text in opened.text.items():
        notes.add_text(name, text)
    found = BytesIO()
    few.save(found, "PNG", optimize=True, pnginfo=notes, dpi=opened.info["dpi"])
    return found
