"""What a sound file's header tells of its length is not believed: libsndfile gets a header that lets it read on.

A recorder that was killed leaves 0 where the length should stand, a streaming encoder leaves it open, and an MP3's
is a guess or a claim. `opened` gives a file as libsndfile should see it; where the samples end, they end.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

OPEN = 0xFFFFFFFF  # a length of 32 bits that was left open
MOST_CHUNKS = 1_000  # looked at before the samples
FLAC_MOST = bytes([0x0F, 255, 255, 255, 255])  # total samples, 36 bits of all ones
FAR_BEYOND, FEW = 64, 1 << 20  # times its size (and bytes more) an MP3 seems to have: 8 kbit/s may follow 320
MP3_TAG = 128  # bytes at the end of an MP3 in which an ID3v1 tag may stand
MP3_HEADS = (b"Xing", b"Info", b"VBRI")  # what precedes a claim of the number of frames
MP3_SEARCHED = 4_096  # bytes from the first frame on
LFE = 8  # bit of the low-frequency channel in a mask of loudspeakers


@dataclass(frozen=True)
class Header:
    """What is written over a file's first bytes, and what they say of the channels."""

    changes: Mapping[int, bytes] = field(default_factory=dict)  # by place in the file
    unfinished: bool = False  # whoever wrote it did not come to its end
    low: tuple[int, ...] = ()  # channels that are for a subwoofer alone


def read_header(file: BinaryIO, size: int) -> Header:
    """What is to change in the header of a file of `size` bytes, so that all of its samples are read."""
    file.seek(0)
    start = file.read(64)
    if start[:4] in (b"RIFF", b"RF64", b"BW64") and start[8:12] == b"WAVE":
        return _wave(file, size, start)
    if start[:4] == b"fLaC" and len(start) >= 26:
        return Header({21: bytes([start[21] & 0xF0 | FLAC_MOST[0]]) + FLAC_MOST[1:]})
    if start[:4] == b".snd" and start[8:12] == bytes(4):
        return Header({8: struct.pack(">I", OPEN)}, unfinished=True)
    if start[:4] == b"caff":
        return _caf(file, size)
    return Header()


def _chunks(file: BinaryIO, at: int, size: int, form: str, padded: bool) -> Iterator[tuple[bytes, int, int]]:
    """(name, place of its content, length) of every chunk from `at` on; the last may say what it likes."""
    head = struct.Struct(form)
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        told = file.read(head.size)
        if len(told) < head.size:
            return
        name, length = head.unpack(told)
        yield name, at + head.size, length
        if length < 0:
            return
        at += head.size + length + (length % 2 if padded else 0)
        if at >= size:
            return


def _wave(file: BinaryIO, size: int, start: bytes) -> Header:
    changes: dict[int, bytes] = {}
    low: tuple[int, ...] = ()
    told, ds64 = 0, 0
    for name, at, length in _chunks(file, 12, size, "<4sI", padded=True):
        file.seek(at)
        if name == b"fmt ":
            low = _low(file.read(min(length, 40)))
        elif name == b"ds64":
            ds64 = at
            told = struct.unpack("<Q", file.read(16)[8:].ljust(8, b"\0"))[0]
        elif name == b"data":
            length = told if length == OPEN and ds64 else length
            if length == 0 and at < size and not _are_chunks(file, at, size):
                changes = {0: b"RIFF" + struct.pack("<I", min(size - 8, OPEN)), at - 4: _length(size - at)}
                if ds64:
                    changes[ds64 - 8] = b"JUNK"
            return Header(changes, unfinished=bool(changes), low=low)
    return Header(low=low)


def _length(size: int) -> bytes:
    return struct.pack("<I", min(size, OPEN))


def _are_chunks(file: BinaryIO, at: int, size: int) -> bool:
    """Whether what follows an empty chunk is more chunks, to the file's end: then it is really empty."""
    end = at
    for name, begin, length in _chunks(file, at, size, "<4sI", padded=True):
        if not name.isascii() or not name.decode("ascii").isprintable():
            return False
        end = begin + length
    return size <= end + 1 and end <= size


def _low(form: bytes) -> tuple[int, ...]:
    """Of a WAV's format with a mask of loudspeakers, the channel that is a subwoofer's."""
    if len(form) < 24 or form[:2] != b"\xfe\xff":
        return ()
    channels, mask = struct.unpack("<H", form[2:4])[0], struct.unpack("<I", form[20:24])[0]
    at = (mask & (LFE - 1)).bit_count()
    return (at,) if mask & LFE and at < channels else ()


def _caf(file: BinaryIO, size: int) -> Header:
    for name, at, length in _chunks(file, 8, size, ">4sq", padded=False):
        if name == b"data":
            if length <= 0 and size > at + 4:
                return Header({at - 8: struct.pack(">q", size - at)}, unfinished=length == 0)
            break
    return Header()


class Mended(io.RawIOBase):
    """A file as libsndfile should see it: some bytes changed, and, `endless`, seeming to go on far beyond its end."""

    def __init__(self, file: BinaryIO, changes: Mapping[int, bytes], endless: bool = False) -> None:
        self.size = file.seek(0, io.SEEK_END)
        self.furthest = 0  # place up to which it was read
        self._file, self._changes, self._at = file, changes, 0
        self._end = FAR_BEYOND * (self.size + FEW) if endless else self.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._end)[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._end - MP3_TAG <= self._at < self._end != self.size:  # no tag where one could stand
            count = min(len(view), self._end - self._at)
            view[:count] = bytes(count)
        else:
            self._file.seek(self._at)
            content = self._file.read(len(view))
            count = len(content)
            view[:count] = content
            self._change(view[:count])
            self.furthest = max(self.furthest, self._at + count)
        self._at += count
        return count

    def _change(self, view: memoryview) -> None:
        for place, new in self._changes.items():
            first, last = max(place, self._at), min(place + len(new), self._at + len(view))
            if first < last:
                view[first - self._at : last - self._at] = new[first - place : last - place]


def without_claims(file: BinaryIO) -> dict[int, bytes]:
    """Changes by which an MP3 loses what it says of its own length: that it has so many frames."""
    file.seek(0)
    start = file.read(10)
    first = 0
    if start[:3] == b"ID3" and len(start) == 10:  # a tag before the first frame; 7 bits a byte
        first = 10 + sum((byte & 0x7F) << 7 * (3 - k) for k, byte in enumerate(start[6:]))
    file.seek(first)
    frame = file.read(MP3_SEARCHED)
    places = [frame.find(name) for name in MP3_HEADS]
    return {first + at: bytes(4) for at in places if at >= 0}
