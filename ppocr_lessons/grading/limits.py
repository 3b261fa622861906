"""Limits on a submission: time, memory, processes, and the sizes of all files that are read or written."""

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one submission.

    Memory is limited twice. Where the cgroups of the machine can be written, the whole run, its temporary files included,
    has `memory` bytes. In any case each process has that much writable memory (RLIMIT_DATA). The address space
    (RLIMIT_AS) stays unlimited, because Paddle and OpenBLAS reserve far more address space than they use.

    Args:
        seconds: wall time of the run, after which it is killed.
        memory: bytes, 4 GiB; importing Paddle takes about 0.5 GiB.
        processes: number of processes and threads together.
        file: bytes of one file that a submission writes.
        scratch: bytes of each of the folders for temporary files; only bubblewrap enforces it.
        submission: bytes of a notebook that is handed in.
        executed: bytes of the executed notebook.
        answers: bytes of the answers file.
    """

    seconds: float = 600.0
    memory: int = 4096 * MIB
    processes: int = 512
    file: int = 256 * MIB
    scratch: int = 1024 * MIB
    submission: int = 20 * MIB
    executed: int = 64 * MIB
    answers: int = 1_000_000
