"""Are pictures read as they lie in their files, and damaged ones named; are views what they say, and the same again?"""

import gzip
import sys

import numpy as np
import pytest

from tinyformer.data.patches import cut, joined
from tinyformer.data.picture_batches import PatchesHidden, PatchesShuffled, TwoViews
from tinyformer.data.picture_files import read_idx, read_idx_pictures, read_pngs
from tinyformer.data.pictures import Pictures, read_pictures, side_of, wandering
from tinyformer.data.shapes import NAMES, shapes
from tinyformer.data.views import Views, warp
from tinyformer.errors import InputError
from tinyformer.rng import stream


def idx(array) -> bytes:
    """An array as an IDX file."""
    code = {"uint8": 8, "int8": 9, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}[array.dtype.name]
    head = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def mnist(tmp_path):
    """A folder with five pictures of 6 x 7 and their labels, named as MNIST's."""
    rng = np.random.default_rng(0)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(rng.integers(0, 256, (5, 6, 7), np.uint8)))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.array([3, 0, 1, 3, 2], np.uint8)))
    return tmp_path / "train-images-idx3-ubyte"


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_of_every_type(tmp_path, dtype, packed):
    array = (np.arange(12).reshape(2, 3, 2) - 3).astype(dtype)
    (tmp_path / "a").write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    found = read_idx(tmp_path / "a")
    assert found.shape == (2, 3, 2) and (found == array).all()


def test_a_damaged_idx_file_is_named_wherever_it_was_cut(mnist):
    data = mnist.read_bytes()
    for length in [*range(17), 100, len(data) - 1]:
        mnist.write_bytes(data[:length])
        with pytest.raises(InputError, match=f"{mnist.name}: (no IDX file|cut short)"):
            read_idx(mnist)
    for damaged, message in ((data + b"0", "longer than it says"), (b"<html>", "begins with two zero bytes"),
                             (data[:4] + b"\xff" * 12 + data[16:], "its header says 4294967295 x"),
                             (gzip.compress(data)[:-5], "cannot be read")):
        mnist.write_bytes(damaged)
        with pytest.raises(InputError, match=message):
            read_idx_pictures(mnist)


def test_pictures_with_the_labels_beside_them(mnist):
    pictures, labels = read_idx_pictures(mnist)
    assert pictures.shape == (5, 6, 7) and pictures.dtype == np.float32 and 0 <= pictures.min() <= pictures.max() <= 1
    assert labels.tolist() == [3, 0, 1, 3, 2]
    found = read_pictures(str(mnist))
    assert found.pixels.shape == (5, 7, 7) and side_of(str(mnist)) == 7 and found.names == ("0", "1", "2", "3")
    assert sorted(found.labels) == [0, 1, 2, 3, 3] and found.pixels.sum() == pytest.approx(pictures.sum(), rel=1e-6)
    beside = mnist.with_name("train-labels-idx1-ubyte")
    beside.write_bytes(idx(np.zeros(4, np.uint8)))
    with pytest.raises(InputError, match=r"holds \(4,\) numbers of uint8 for 5 pictures"):
        read_pictures(str(mnist))
    beside.unlink()
    assert read_pictures(str(mnist)).labels is None
    mnist.write_bytes(idx(np.zeros((4, 3), np.uint8)))
    with pytest.raises(InputError, match="holds 2 axes of uint8; pictures are three axes of bytes"):
        read_pictures(str(mnist))


def test_a_folder_of_png_files(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="Pillow, the extra pictures, is not installed")
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        image.fromarray(grey).save(tmp_path / name / "a.png")
    image.fromarray(np.stack([grey] * 3, -1)).save(tmp_path / "dog" / "b.png")         # colours become grey
    pixels, labels, names = read_pngs(tmp_path, 8)
    assert names == ("cat", "dog") and labels.tolist() == [0, 1, 1] and np.allclose(pixels, grey / 255)
    assert read_pictures(str(tmp_path), 4).pixels.shape == (3, 4, 4)
    (tmp_path / "dog" / "b.png").write_bytes((tmp_path / "cat" / "a.png").read_bytes()[:45])
    with pytest.raises(InputError, match=r"b\.png: no PNG that can be read"):
        read_pngs(tmp_path, 8)
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"none: no PNG file in it, nor in its folders; give a folder with \*\.png"):
        read_pictures(str(tmp_path / "none"))


@pytest.mark.parametrize("missing, source, message", [("sklearn.datasets", "digits", "--corpus digits are those of"),
                                                      ("PIL", "folder", "to read PNG files takes Pillow")])
def test_what_is_not_installed_is_named_with_its_extra(monkeypatch, tmp_path, missing, source, message):
    monkeypatch.setitem(sys.modules, missing, None)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match=rf"{message}.*pip install 'tinyformer\[pictures\]'"):
        read_pictures(str(tmp_path) if source == "folder" else source)


@pytest.mark.parametrize("source, side, message", [
    (None, None, "no pictures were named; give --corpus digits"),
    ("digts", None, "digts: no such pictures; .*did you mean 'digits'"),
    ("shapes", 2, "")])
def test_sets_that_are_not_there(source, side, message):
    if message:
        with pytest.raises(InputError, match=message):
            read_pictures(source, side)
    with pytest.raises(InputError, match="pictures are 8 x 8, and --side is 7"):
        wandering(np.zeros((1, 8, 8)), 7)


def test_shapes_and_the_digits_of_scikit_learn():
    drawn, labels = shapes(60, 16, 0)
    assert drawn.shape == (60, 16, 16) and drawn.dtype == np.float32 and set(labels) == set(range(len(NAMES)))
    assert drawn.min() == 0 and drawn.max() == 1 and (drawn.sum((1, 2)) > 8).all()
    edge = np.concatenate([drawn[:, 0], drawn[:, -1], drawn[:, :, 0], drawn[:, :, -1]], -1)
    assert edge.mean() < 0.02, "each lies on its canvas"
    pytest.importorskip("sklearn", reason="scikit-learn, the extra pictures, is not installed")
    found = read_pictures("digits")
    assert found.pixels.shape == (1797, 12, 12) and np.bincount(found.labels).min() > 170
    train, test = found.split(500 / 1797)
    assert (len(train), len(test)) == (1297, 500) and np.bincount(test.labels, minlength=10).min() > 30
    assert read_pictures("digits").sha256() == found.sha256() != train.sha256()


# ---- views -----------------------------------------------------------------------------------------------------------


def test_a_warp_that_changes_nothing_moves_or_turns_by_whole_pixels():
    picture = np.random.default_rng(0).random((2, 5, 5)).astype(np.float32)
    still, none = np.broadcast_to(np.eye(2), (2, 2, 2)), np.zeros((2, 2))
    assert np.allclose(warp(picture, still, none), picture, atol=1e-6)
    down = warp(picture, still, none + np.array([1, 0]))       # shows at p what was one row below
    assert np.allclose(down[:, :-1], picture[:, 1:], atol=1e-6) and (down[:, -1] == 0).all()
    turned = warp(picture, np.broadcast_to([[0.0, 1.0], [-1.0, 0.0]], (2, 2, 2)), none)
    assert np.allclose(turned, np.rot90(picture, -1, (1, 2)), atol=1e-5) or np.allclose(
        turned, np.rot90(picture, 1, (1, 2)), atol=1e-5)
    half = warp(picture, still, none + np.array([0, 0.5]))
    assert np.allclose(half[:, :, :-1], (picture[:, :, 1:] + picture[:, :, :-1]) / 2, atol=1e-6)
    assert np.allclose(warp(picture, still, none + 100), 0), "outside there is nothing"


def test_views_are_functions_of_seed_and_step_and_keep_to_their_limits():
    pictures = shapes(12, 16, 0)[0]
    one, two = (Views().pair(pictures, stream(3, "views", 7)) for _ in range(2))
    assert np.array_equal(one, two) and one.shape == (24, 16, 16) and one.dtype == np.float32
    assert not np.array_equal(one[:12], one[12:])
    nothing = Views(turn=0, zoom=0, shift=0, crop=1, contrast=0, grain=0)(pictures, stream(0, "views"))
    assert np.allclose(nothing, pictures, atol=1e-5)
    darker = Views(0, 0, 0, 1, 0.4, 0)(pictures, stream(0, "views")).max((1, 2)) / pictures.max((1, 2))
    assert 0.6 <= darker.min() < 0.8 and 1.2 < darker.max() <= 1.4
    cropped = Views(0, 0, 0, 0.3, 0, 0)(np.ones((200, 8, 8)), stream(0, "views"))
    assert np.allclose(cropped, 1, atol=1e-5), "a crop stays within the picture"


def test_patches_are_cut_and_joined():
    pictures = np.arange(2 * 36).reshape(2, 6, 6)
    patches = cut(pictures, 3)
    assert patches.shape == (2, 4, 9) and patches[0, 1].tolist() == [3, 4, 5, 9, 10, 11, 15, 16, 17]
    assert np.array_equal(joined(patches, 6), pictures)
    with pytest.raises(ValueError, match="cut: pictures are 6 x 6, patches 4 x 4; both sides must be multiples of 4"):
        cut(pictures, 4)


def test_batches_are_full_and_the_same_again():
    pixels, labels = shapes(10, 12, 0)
    pictures = Pictures(pixels, labels, NAMES)
    views = TwoViews(pictures, 4, 0, Views())
    assert views.steps_per_epoch == 3 and [len(batch) for batch in views.in_order(4)] == [8, 8, 8]
    assert np.array_equal(views.batch(5).pixels, TwoViews(pictures, 4, 0, Views()).batch(5).pixels)
    hidden = PatchesHidden(pictures, 4, 0, 4, 0.4).batch(0)
    assert hidden.vectors.shape == (4, 9, 16) and hidden.hidden.sum(-1).tolist() == [4] * 4
    shuffled = PatchesShuffled(pictures, 4, 0, 4).batch(0)
    back = np.take_along_axis(shuffled.patches, np.argsort(shuffled.places, -1)[..., None], 1)
    assert any(np.array_equal(joined(back, 12)[0], each) for each in pixels) and shuffled.counts == {"patches": 36}
    with pytest.raises(InputError, match="there are 1 pictures; to learn takes two at least"):
        TwoViews(pictures.some(slice(1)), 4, 0, Views())
