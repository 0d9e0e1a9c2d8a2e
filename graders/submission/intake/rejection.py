"""Why a submission was not accepted: a code for programs, a sentence for people, and never a score."""

from __future__ import annotations

from typing import Literal

from graders.errors import UsageError
from graders.escape import sanitize

Code = Literal[
    "unsafe-path",
    "name-too-long",
    "too-deep",
    "duplicate-member",
    "name-collision",
    "link-not-allowed",
    "special-file",
    "sparse-file",
    "too-large",
    "too-many-files",
    "lying-header",
    "overlapping-entries",
    "encrypted",
    "unsupported-format",
    "malformed-archive",
    "unreadable",
    "unreadable-repository",
    "several-archives",
    "no-submission",
]

_HINTS: dict[Code, str] = {
    "unsafe-path": "pack the repository again with relative names below one directory",
    "name-too-long": "shorten the name, or remove the file",
    "too-deep": "remove what is not part of the work",
    "duplicate-member": "pack the repository again: each name may be there once",
    "name-collision": "rename one of the two: some file systems hold only one of them",
    "link-not-allowed": "replace the link by the file that it names, or remove it",
    "special-file": "remove it: a submission holds regular files and directories",
    "sparse-file": "pack it without holes (tar without --sparse), or remove it",
    "too-large": "remove what is not part of the work",
    "too-many-files": "remove what is not part of the work",
    "lying-header": "pack the repository again with a common tool (zip, tar, git archive)",
    "overlapping-entries": "pack the repository again with a common tool (zip, tar, git archive)",
    "encrypted": "pack it again without a password",
    "unsupported-format": "send a directory, a .zip, a .tar (.gz, .bz2, .xz) or a git bundle",
    "malformed-archive": "pack the repository again; was the file transferred whole?",
    "unreadable": "check the file's name and its rights",
    "unreadable-repository": "make it again: git bundle create work.bundle HEAD",
    "several-archives": "unpack it, and name the archive that is to be judged",
    "no-submission": "its top directory must hold the Procfile",
}


class Rejected(UsageError):
    """The submission cannot be judged as it is. `code`: what is wrong with it; `source` and `reason` make the message.

    The text of a submission in `source` and `reason` is escaped here.
    """

    def __init__(self, code: Code, reason: str, *, source: str = "", hint: str = "") -> None:
        self.code: Code = code
        self.reason = reason
        self.source = source
        where = f"{sanitize(source, limit=300, one_line=True)}: " if source else ""
        what = sanitize(reason, limit=600, one_line=True)
        super().__init__(f"not judged ({code}): {where}{what}", hint=hint or _HINTS[code])

    def about(self, source: str) -> Rejected:
        """The same with the submission that it is about."""
        return Rejected(self.code, self.reason, source=source, hint=self.hint)
