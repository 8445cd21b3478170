"""Whether the texts of a file's attributes can be read: on some that are damaged HDF5 hangs or crashes.

Texts of any length lie in global heaps, and an attribute holds (length, heap, number) of each, in a message of the
object's header. Nothing of this has a checksum in most files. (HDF5 File Format Specification, III.E, IV.A, VIII.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from mmap import ACCESS_READ, mmap
from pathlib import Path

_CONTINUED, _ATTRIBUTE, _SHARED, _TEXTS = 16, 12, 2, 9


def texts_are_sound(path: str | Path, start: int, header: int) -> bool:
    """Whether each text of the attributes of an object is where they say.

    Args:
        start: where HDF5 begins in the file.
        header: address of the object's header, from there.
    """
    with Path(path).open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as content:
        sizes = cache(lambda heap: _sizes(content, heap))
        try:
            return all(length <= sizes(start + heap)[number]
                       for message in _attributes(content, start, start + header)
                       for length, heap, number in _references(message) if length)
        except (struct.error, LookupError):
            return False


def _attributes(content: mmap, start: int, header: int) -> Iterator[bytes]:
    """The messages of a header that are attributes."""
    plain = content[header:header + 4] != b"OHDR"
    if plain:
        left = [(header + 16, *struct.unpack_from("<I", content, header + 8))]
    else:
        flags = content[header + 5]
        place = header + 6 + 16 * bool(flags & 32) + 4 * bool(flags & 16)
        width = 1 << (flags & 3)
        left = [(place + width, int.from_bytes(content[place:place + width], "little"))]
    seen = set()
    head = "<HHB3x" if plain else "<BHB2x" if flags & 4 else "<BHB"
    while left:
        place, size = left.pop()
        end = place + size
        if place in seen:
            raise KeyError(place)
        seen.add(place)
        while place + struct.calcsize(head) <= end:
            kind, length, shared = struct.unpack_from(head, content, place)
            place += struct.calcsize(head)
            if kind == _CONTINUED:
                further, more = struct.unpack_from("<QQ", content, place)
                # Of checksummed headers four letters before and the checksum after.
                left.append((start + further, more) if plain else (start + further + 4, more - 8))
            elif kind == _ATTRIBUTE and not shared & _SHARED:
                yield content[place:place + length]
            place += length


def _references(message: bytes) -> Iterator[tuple[int, int, int]]:
    """(length, heap, number) of each text that an attribute holds; none if it holds others."""
    version, flags, *lengths = struct.unpack_from("<BBHHH", message)
    step = 8 if version == 1 else 1
    name, kind, space = (-(-length // step) * step for length in lengths)
    place = 8 + (version == 3) + name
    if (version == 1 or not flags & 1) and message[place:place + 1] and message[place] & 15 == _TEXTS:
        if message[place + 1] & 15 > 1 or message[place + 1] >> 4 > 2 or message[place + 2] > 1:
            raise KeyError(place)  # neither a text nor a list, padded in no way, or in no known letters
        held = message[place + kind + space:]
        yield from struct.iter_unpack("<IQI", held[:len(held) // 16 * 16])


def _sizes(content: mmap, heap: int) -> dict[int, int]:
    """Bytes of the objects of a heap, by number."""
    if content[heap:heap + 4] != b"GCOL":
        raise KeyError(heap)
    place, end = heap + 16, heap + struct.unpack_from("<Q", content, heap + 8)[0]
    sizes: dict[int, int] = {}
    while place + 16 <= end:
        number, size = struct.unpack_from("<H6xQ", content, place)
        if number == 0:  # the room that is left, its own head included
            if size < 16:
                raise KeyError(place)
            place += size
        else:
            sizes[number] = size
            place += 16 + -(-size // 8) * 8
    if place > end:
        raise KeyError(place)
    return sizes
