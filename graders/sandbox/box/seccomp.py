"""The filter of system calls that a box runs under, as a classic BPF program (seccomp(2)).

It names what is refused: what a service of any language needs is not known, what it never needs is. Calls of another
architecture (i386, x32) end the process, since their numbers mean other calls.
"""

from __future__ import annotations

import errno
import platform
import struct

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
# Offsets in struct seccomp_data: the lower halves of the arguments, on a little-endian machine.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# Numbers on x86_64 and aarch64; None where the architecture lacks the call.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_secret": (447, 447),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "lookup_dcookie": (212, 18),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "_sysctl": (156, None),
}
# The C library falls back to clone, whose flags a filter can read.
_CLONE3 = (435, 435)
_CLONE = (56, 220)
_SOCKET, _SOCKETPAIR = (41, 198), (53, 199)
_IOCTL = (16, 29)
# CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEW_NAMESPACES = 0x7E020080
_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
_RAW, _TYPE_MASK = 3, 0xF
_TERMINAL = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX


def machine_filter(machine: str | None = None) -> bytes | None:
    """The program for this machine's architecture; None where its numbers of system calls are not known."""
    machine = machine or platform.machine()
    if machine not in _ARCHITECTURES:
        return None
    column = list(_ARCHITECTURES).index(machine)
    return _assembled(_ARCHITECTURES[machine], column)


def _assembled(architecture: int, column: int) -> bytes:
    code = [
        _op(_LOAD, _ARCHITECTURE),
        _op(_EQUAL, architecture, 1, 0),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER),
    ]
    if column == 0:
        code += [_op(_AT_LEAST, _X32, 0, 1), _op(_RETURN, _KILL)]
    for numbers in REFUSED.values():
        if numbers[column] is not None:
            code += _on(numbers[column], [_refusal(errno.EPERM)])
    code += _on(_CLONE3[column], [_refusal(errno.ENOSYS)])
    code += _on(
        _CLONE[column],
        [_argument(0), _op(_AND, _NEW_NAMESPACES), _op(_EQUAL, 0, 1, 0), _refusal(errno.EPERM)],
    )
    for call in (_SOCKET, _SOCKETPAIR):
        code += _on(call[column], _only_families())
    code += _on(_IOCTL[column], _no_terminal())
    return b"".join([*code, _op(_RETURN, _ALLOW)])


def _only_families() -> list[bytes]:
    allowed = [_op(_EQUAL, family, len(_FAMILIES) - index, 0) for index, family in enumerate(_FAMILIES)]
    raw = [_argument(1), _op(_AND, _TYPE_MASK), _op(_EQUAL, _RAW, 0, 1), _refusal(errno.EPERM)]
    return [_argument(0), *allowed, _refusal(errno.EAFNOSUPPORT), *raw]


def _no_terminal() -> list[bytes]:
    checks = [
        _op(_EQUAL, request, len(_TERMINAL) - 1 - index, 0) for index, request in enumerate(_TERMINAL[:-1])
    ]
    return [_argument(1), *checks, _op(_EQUAL, _TERMINAL[-1], 0, 1), _refusal(errno.EPERM)]


def _on(number: int | None, block: list[bytes]) -> list[bytes]:
    """The block for that system call; after it the number is loaded again, and the call allowed."""
    assert number is not None
    block = [*block, _op(_RETURN, _ALLOW)]
    return [_op(_EQUAL, number, 0, len(block)), *block]


def _argument(index: int) -> bytes:
    return _op(_LOAD, _ARGUMENTS + 8 * index)


def _refusal(number: int) -> bytes:
    return _op(_RETURN, _ERROR | number)


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
