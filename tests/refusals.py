"""What a command says when it refuses: one message of the program's own, and the exit status."""

from tinyformer.cli import main


def refused(capsys, *words, status: int = 2) -> str:
    """The last line that the command with these words, or lists of words, prints as it refuses."""
    capsys.readouterr()
    command = [str(word) for part in words for word in (part if isinstance(part, list) else [part])]
    assert main(command) == status
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("tinyformer: ") and "fault of the program" not in message
    return message
