"""Small changes to JSON, drawn by hypothesis, as a forger or a damaged file makes them."""

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from ledger.encoding.canonical import Json

Path = tuple[str | int, ...]

SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.text(max_size=8), st.integers(0, 2**53 - 1), st.booleans(), st.just(""), st.just([]), st.just({})
)
JSON: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), inner, max_size=4),
    ),
    max_leaves=12,
)


def places(value: Json, path: Path = ()) -> Iterator[Path]:
    """Walk through the path of every value inside `value`."""
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def at(value: Json, path: Path) -> Any:
    """Return what stands at `path`."""
    part: Any = value
    for step in path:
        part = part[step]
    return part


def put(value: Json, path: Path, new: Json) -> Json:
    """Return `value` with `new` at `path`."""
    if not path:
        return new
    copied: Any = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[arg-type]
    copied[path[0]] = put(copied[path[0]], path[1:], new)
    return copied  # type: ignore[no-any-return]


@st.composite
def mutated(draw: st.DrawFn, original: Json, others: Sequence[Json] = ()) -> Json:
    """Change one place of `original`: a character, a number, an element, or a part taken from one of `others`."""
    path = draw(st.sampled_from(list(places(original))))
    value = at(original, path)
    changes = [SCALARS]
    alike = [at(other, path) for other in others if path in set(places(other))]
    if alike:
        changes.append(st.sampled_from(alike))
    if isinstance(value, str) and value:
        changes += [_flipped(value)] * 3
    elif isinstance(value, int) and not isinstance(value, bool):
        changes.append(st.sampled_from([max(0, value - 1), value + 1, 2 * value, 0]))
    elif isinstance(value, list):
        changes += [_rearranged(value)] * 3
    elif isinstance(value, dict):
        changes += [_members(value)] * 3
    return put(original, path, draw(st.one_of(changes)))


@st.composite
def _flipped(draw: st.DrawFn, text: str) -> str:
    index = draw(st.integers(0, len(text) - 1))
    new = draw(
        st.one_of(st.sampled_from("0123456789abcdefABT:-"), st.just(text[index].swapcase()), st.just(""))
    )
    return text[:index] + new + text[index + 1 :]


@st.composite
def _rearranged(draw: st.DrawFn, items: list[Json]) -> list[Json]:
    if not items:
        return [draw(SCALARS)]
    index, other = (draw(st.integers(0, len(items) - 1)) for _ in range(2))
    match draw(st.sampled_from(["remove", "double", "swap", "empty", "move"])):
        case "remove":
            return items[:index] + items[index + 1 :]
        case "double":
            return [*items[:index], items[index], *items[index:]]
        case "swap":
            swapped = list(items)
            swapped[index], swapped[other] = swapped[other], swapped[index]
            return swapped
        case "move":
            rest = items[:index] + items[index + 1 :]
            return [*rest[:other], items[index], *rest[other:]]
        case _:
            return []


@st.composite
def _members(draw: st.DrawFn, members: dict[str, Json]) -> dict[str, Json]:
    names = sorted(members) or ["x"]
    name = draw(st.sampled_from(names))
    match draw(st.sampled_from(["remove", "add", "rename"])):
        case "remove":
            return {other: value for other, value in members.items() if other != name}
        case "add":
            return members | {
                draw(st.sampled_from(["note", "type", "size", "linked", "status"])): draw(SCALARS)
            }
        case _:
            return {("x" + other if other == name else other): value for other, value in members.items()}
