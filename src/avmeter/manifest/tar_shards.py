"""Tar shards as WebDataset writes them: files of one name and several extensions are a sample.

    000.tar   clip.mp4  clip.json  clip.txt      one sample, `clip`: its video, the columns of its JSON, its text
              take.1.wav  take.1.json            one sample, `take.1`
              7.generated.wav  7.gt.wav  7.json  one sample, `7`: what stands before the extension is a column
              8.a.wav  8.b.wav  8.json           two samples, `8.a` and `8.b`, with the same texts

JSON and texts are the columns of a table, and understood as those of any other. Clips stay where they are in the
shard and are read when they are decoded. Names of members are names: nothing is ever written under them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from avmeter.errors import ManifestError, SkipError
from avmeter.files import parse_json
from avmeter.manifest.aliases import ALIASES, CLIP, GROUND_TRUTHS, spelling
from avmeter.manifest.columns import near_misses, resolve_columns
from avmeter.manifest.places import Place
from avmeter.manifest.rows import Row, Table, present
from avmeter.manifest.tables import Manifest, samples_of
from avmeter.media.extensions import AUDIO_EXTENSIONS, MEDIA_EXTENSIONS
from avmeter.sample import MEDIA_FIELDS, RemoteAccess, Span, StoredFile
from avmeter.sources.opening import open_place
from avmeter.sources.tar import BrokenShardError, Member, list_members

_TEXT_EXTENSIONS = frozenset({".txt", ".text", ".caption"})
_MAX_TEXT_BYTES = 4 << 20


def load_tar_shards(places: Sequence[Place], explicit: Mapping[str, str] | None, access: RemoteAccess) -> Manifest:
    """Read the samples of tar shards; what is wrong with a shard costs what is behind it, and is said.

    Args:
        places: The shards.
        explicit: Key of a sample -> column of their JSON.
        access: How URLs may be fetched.

    Raises:
        ManifestError: No shard has a clip, or as `read_manifest`.
    """
    listing = _Listing()
    for place in places:
        listing.add(place, access)
    if not listing.rows:
        problems = "; ".join(listing.doubts) or "no clips in them"
        raise ManifestError(f"{places[0]}{' ...' if len(places) > 1 else ''}: no samples ({problems})", hint=_HINT)
    rows = _with_unique_ids(listing.rows, listing.shards)
    table = Table(path=places[0], rows=tuple(rows))
    fixed = {c: c for c in table.top_columns if c in (*MEDIA_FIELDS, "id")}
    columns = resolve_columns(table, {**(explicit or {}), **fixed})
    doubts = [
        f"{places[0]}: column `{name}` looks like `{key}`, but is kept as an extra"
        for name, key in near_misses(columns.unused).items()
    ]
    samples = samples_of(table, columns, {c: places[0].parent for c in fixed if c != "id"})
    return Manifest(table=table, columns=columns, samples=samples, doubts=(*listing.doubts, *doubts))


_HINT = "a sample is a media file and, under the same name, .json or .txt"


@dataclass(kw_only=True)
class _Listing:
    rows: list[Row] = field(default_factory=list)
    shards: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def add(self, place: Place, access: RemoteAccess) -> None:
        """Add the samples of a shard, up to where it breaks off."""
        media: dict[str, list[Member]] = {}
        texts: dict[str, dict[str, Any]] = {}
        content = None
        try:
            content = open_place(place, access, is_sparse=True)
            for member in list_members(content):
                path = PurePosixPath(member.name)
                extension = path.suffix.lower()
                if extension in MEDIA_EXTENSIONS and not path.name.startswith("."):
                    media.setdefault(_key(member.name), []).append(member)
                elif (extension == ".json" or extension in _TEXT_EXTENSIONS) and member.size <= _MAX_TEXT_BYTES:
                    data = content.read(member.offset, member.offset + member.size)
                    texts.setdefault(_stem(member.name), {}).update(self._cells(data, member, place))
        except BrokenShardError as error:
            self.doubts.append(f"{place}: {error}")
        except SkipError as error:
            self.doubts.append(error.message)
        finally:
            if content is not None:
                content.close()
        for key, members in media.items():
            for name, cells in self._samples(key, members, place):
                where = f"sample `{name}` of {place}"
                own = {**texts.get(key, {}), **texts.get(name, {})}
                self.rows.append(Row(where=where, cells={**own, "id": name, **_files(cells, place)}))
                self.shards.append(PurePosixPath(place.name).stem)

    def _cells(self, data: bytes, member: Member, place: Place) -> dict[str, Any]:
        try:
            if not member.name.lower().endswith(".json"):
                return present({"text": data.decode("utf-8-sig").strip()})
            value = parse_json(data)
        except ValueError as error:
            self.doubts.append(f"{place}: {member.name} cannot be read ({error}), and its clip has no such texts")
            return {}
        if isinstance(value, str):
            return present({"text": value})
        if not isinstance(value, Mapping):
            self.doubts.append(f"{place}: {member.name} is a JSON {type(value).__name__}, not an object")
            return {}
        return present(value)

    def _samples(self, key: str, members: Sequence[Member], place: Place) -> Iterator[tuple[str, dict[str, Member]]]:
        """Yield the samples of the clips of one key, each with its clips by field."""
        repeated = [n for n, count in Counter(m.name for m in members).items() if count > 1]
        if repeated:
            self.doubts.append(f"{place}: {', '.join(repeated)} is in the shard twice, and both are scored")
        by_field = {_role(m.name, key): m for m in members}
        if None not in by_field and len(by_field) == len(members) and {"audio", "video"} & by_field.keys():
            yield key, {name: m for name, m in by_field.items() if name is not None}
            return
        by_stem: dict[str, list[Member]] = {}
        for member in members:
            by_stem.setdefault(_stem(member.name), []).append(member)
        for stem, own in by_stem.items():
            fields = {_field(m.name): m for m in own}
            if len(fields) == len(own):
                yield stem, fields
            else:  # two of a kind: `a.wav` and `a.flac`, or one name twice
                for member in own:
                    yield member.name if len({m.name for m in own}) == len(own) else stem, {_field(member.name): member}


def _with_unique_ids(rows: Sequence[Row], shards: Sequence[str]) -> Iterator[Row]:
    """Yield rows whose ids say the shard too where several have the same, and count where one has it twice."""
    shared = Counter(row.cells["id"] for row in rows)
    seen: Counter[str] = Counter()
    for row, shard in zip(rows, shards, strict=True):
        name = str(row.cells["id"])
        if shared[name] > 1:
            name = f"{shard}/{name}"
        seen[name] += 1
        if seen[name] > 1:
            name = f"{name}#{seen[name]}"
        yield Row(where=row.where, cells={**row.cells, "id": name})


def _files(fields: Mapping[str, Member], place: Place) -> dict[str, StoredFile]:
    return {
        name: StoredFile(place=place, part=Span(offset=m.offset, size=m.size), label=f"{place}/{m.name}")
        for name, m in fields.items()
    }


def _stem(name: str) -> str:
    """Return a name without its extension."""
    return name[: -len(PurePosixPath(name).suffix)] if PurePosixPath(name).suffix else name


def _key(name: str) -> str:
    """Return a name up to the first dot of its last part, which is what WebDataset groups by."""
    folder, slash, last = name.rpartition("/")
    return folder + slash + (last.partition(".")[0] or last)


def _role(name: str, key: str) -> str | None:
    """Return the field that the part between key and extension names; that of the extension if there is none."""
    middle = spelling(_stem(name)[len(key) :])
    if not middle:
        return _field(name)
    is_sound = PurePosixPath(name).suffix.lower() in AUDIO_EXTENSIONS
    meaning = "reference" if middle in GROUND_TRUTHS else ALIASES.get(middle)
    if meaning == CLIP:
        return _field(name)
    if meaning == "reference" and is_sound:
        return "reference_audio"
    return meaning if meaning in MEDIA_FIELDS else None


def _field(name: str) -> str:
    return "audio" if PurePosixPath(name).suffix.lower() in AUDIO_EXTENSIONS else "video"
