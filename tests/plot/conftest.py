import pytest


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved, to look into."""
    from matplotlib.figure import Figure
    figures, save = [], Figure.savefig

    def seen(self, *args, **more):
        figures.append(self)
        save(self, *args, **more)

    monkeypatch.setattr(Figure, "savefig", seen)
    return figures


@pytest.fixture
def words(drawn):
    """Every text in the last picture that was saved, one after the other."""
    from matplotlib.text import Text

    def read() -> str:
        return " | ".join(text.get_text() for text in drawn[-1].findobj(Text) if text.get_text())

    return read
