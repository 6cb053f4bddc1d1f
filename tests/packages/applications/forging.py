"""Change a member of a signed archive the way a forger without the key would."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

# Offsets of the CRC, of the lengths of name, extra field and comment, and of the local header's
# position: APPNOTE.TXT, 4.3.7 and 4.3.12.
_LOCAL = struct.Struct("<14xI8xHH")
_CENTRAL = struct.Struct("<16xI8xHHH8xI")


def forge(archive: Path, member: str, target: Path) -> None:
    """Write the archive to `target` with one byte of a stored member changed, and the CRCs with it.

    So nothing but the signature can tell: every header is right, and zipfile reads it. ValueError
    where the member is empty or compressed.
    """
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        info, directory = opened.getinfo(member), opened.start_dir
    if not info.file_size or info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member} is empty or compressed")
    _, name, extra = _LOCAL.unpack_from(content, info.header_offset)
    begin = info.header_offset + _LOCAL.size + name + extra
    content[begin + info.file_size // 2] ^= 1
    crc = struct.pack("<I", zlib.crc32(content[begin : begin + info.file_size]))
    content[info.header_offset + 14 : info.header_offset + 18] = crc
    while True:
        _, name, extra, comment, local = _CENTRAL.unpack_from(content, directory)
        if local == info.header_offset:
            break
        directory += _CENTRAL.size + name + extra + comment
    content[directory + 16 : directory + 20] = crc
    target.write_bytes(content)
    with zipfile.ZipFile(target) as opened:
        opened.read(member)  # it checks the CRC
