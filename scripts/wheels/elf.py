"""What the gate asks of a file in the format ELF."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}
_NOW = {"DT_FLAGS": 0x8, "DT_FLAGS_1": 0x1}  # DF_BIND_NOW, DF_1_NOW (System V gABI, chapter 5)
_EXECUTABLE = 0x1  # PF_X
_RELR = 36  # DT_RELR, which older readers of ELF have no name for


@dataclass
class Image:
    """Image is what a shared object or executable says of itself to the dynamic linker."""

    machine: str
    needed: list[str] = field(default_factory=list)
    search_paths: list[str] = field(default_factory=list)
    exported: set[str] = field(default_factory=set)
    undefined: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)  # undefined, and null where nobody has them
    versioned: set[str] = field(default_factory=set)  # libraries of which versions are needed
    sections: set[str] = field(default_factory=set)
    is_bound_at_start: bool = False
    has_read_only_relocations: bool = False
    has_executable_stack: bool = True
    has_text_relocations: bool = False
    has_packed_relocations: bool = False  # DT_RELR


def read_image(content: bytes) -> Image:
    """read_image reads the headers and the dynamic symbols. Raises ValueError."""
    try:
        file = ELFFile(io.BytesIO(content))
        image = Image(_MACHINES.get(file["e_machine"], str(file["e_machine"])))
        image.sections = {section.name for section in file.iter_sections()}
        for segment in file.iter_segments():
            if segment["p_type"] == "PT_GNU_RELRO":
                image.has_read_only_relocations = True
            elif segment["p_type"] == "PT_GNU_STACK":
                image.has_executable_stack = bool(segment["p_flags"] & _EXECUTABLE)
            elif segment["p_type"] == "PT_DYNAMIC":
                _read_dynamic(segment, image)
        symbols = file.get_section_by_name(".dynsym")
        for symbol in symbols.iter_symbols() if symbols else ():
            if not symbol.name or symbol["st_info"]["bind"] == "STB_LOCAL":
                continue
            is_defined = symbol["st_shndx"] != "SHN_UNDEF"
            (image.exported if is_defined else image.undefined).add(symbol.name)
            if not is_defined and symbol["st_info"]["bind"] == "STB_WEAK":
                image.optional.add(symbol.name)
        versions = file.get_section_by_name(".gnu.version_r")
        image.versioned = {one.name for one, _ in versions.iter_versions()} if versions else set()
    except (ELFError, KeyError, UnicodeDecodeError, AssertionError) as error:
        raise ValueError(f"is no ELF file that can be read: {error}") from error
    return image


def _read_dynamic(segment: object, image: Image) -> None:
    for tag in segment.iter_tags():  # type: ignore[attr-defined]  # elftools has no types
        kind, value = tag.entry.d_tag, tag.entry.d_val
        if kind == "DT_NEEDED":
            image.needed.append(tag.needed)
        elif kind in ("DT_RPATH", "DT_RUNPATH"):
            image.search_paths.append(tag.rpath if kind == "DT_RPATH" else tag.runpath)
        elif kind == "DT_TEXTREL":
            image.has_text_relocations = True
        elif kind in ("DT_RELR", _RELR):
            image.has_packed_relocations = True
        elif kind == "DT_BIND_NOW" or value & _NOW.get(kind, 0):
            image.is_bound_at_start = True
