"""Makes every data file of this folder anew: `python -m examples.generate`.

Seeded: the same program writes the same bytes, and a test compares them with those committed.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from random import Random

from examples.holders import LINES, Body, Person, Population
from examples.licences import Department, Licence, Register
from examples.renderings import Rendering, as_html, as_text, render_ofd, render_pdf, rows
from examples.types import TYPES
from ledger.encoding.canonical import Json

SEED = 429006
BODY_LICENCES, PERSON_LICENCES = 1200, 800

_BY_NAME = {type_.name.zh: type_ for type_ in TYPES}
_PERSONAL = tuple(type_ for type_ in TYPES if type_.is_personal)
_JOINT = {"结婚证": (2,), "离婚证": (2,), "不动产权证书": (1, 1, 2)}  # how many hold it: any of these
_COMPANIES = {"91", "92"}  # other bodies are registered by civil affairs and hold no business licence


def departments() -> tuple[Department, ...]:
    """The three departments, with the types of the fields that each serves. None of them exists."""
    market, housing = {"市场监管"}, {"住建", "自然资源"}
    others = {type_.authority for type_ in TYPES} - market - housing
    return (
        _department("11429006012345671T", "天门市示例行政审批局", "Tianmen Example Licensing Bureau", others),
        _department(
            "11429006EXAMPLE11A", "天门市示例市场监督管理局", "Tianmen Example Market Bureau", market
        ),
        _department(
            "11429006EXAMPLE2X2", "天门市示例住房和城乡建设局", "Tianmen Example Housing Bureau", housing
        ),
    )


def _department(code: str, name: str, name_en: str, authorities: Collection[str]) -> Department:
    return Department(
        code, name, name_en, tuple(type_.code for type_ in TYPES if type_.authority in authorities)
    )


def licences() -> list[Licence]:
    """The 2,000 licences, grouped by issuer and in the order of issue, as departments would export them."""
    random = Random(SEED)
    population = Population(random)
    register = Register(random, population, departments())
    drawn = [
        *islice(_of_bodies(random, population, register), BODY_LICENCES),
        *islice(_of_persons(random, population, register), PERSON_LICENCES),
    ]
    return sorted(drawn, key=lambda licence: (licence.issuer, licence.issued, licence.identifier))


def _of_bodies(random: Random, population: Population, register: Register) -> Iterator[Licence]:
    """Give body after body the licences of its line of business, and some a comprehensive one over them."""
    while True:
        body = population.body(random.choice(LINES))
        if body.code[:2] in _COMPANIES:
            yield register.issue(_BY_NAME["营业执照"], body)
        permits = [register.issue(_BY_NAME[name], body) for name in body.line.permits]
        yield from permits
        if "KZ_HYLX" in body.line.values and random.random() < 0.4:
            yield register.issue(_BY_NAME["行业综合许可证"], body, covers=permits)


def _of_persons(random: Random, population: Population, register: Register) -> Iterator[Licence]:
    while True:
        type_ = random.choice(_PERSONAL)
        if type_.name.zh == "出生医学证明":
            yield register.issue(type_, population.newborn())
            continue
        first = population.person()
        couple = (first, population.person("女" if first.sex == "男" else "男"))
        yield register.issue(type_, *couple[: random.choice(_JOINT.get(type_.name.zh, (1,)))])


def documents() -> Iterator[tuple[Licence, dict[str, bytes]]]:
    """Draw four more licences, each with the files that show it, by name."""
    random = Random(SEED + 1)
    population = Population(random)
    register = Register(random, population, departments())
    lines = {line.suffix: line for line in LINES}
    restaurant, developer = population.body(lines["餐饮服务有限公司"]), population.body(lines["置业有限公司"])
    wanted: tuple[tuple[str, Body | Person, dict[str, Rendering]], ...] = (
        ("营业执照", restaurant, {"business-licence.html": as_html}),
        ("食品经营许可证", restaurant, {"food-permit.pdf": render_pdf}),
        (
            "建筑工程施工许可证",
            developer,
            {"building-permit.ofd": render_ofd, "building-permit.txt": as_text},
        ),
        ("教师资格证书", population.person(), {"teacher.pdf": render_pdf}),
    )
    for name, holder, files in wanted:
        type_ = _BY_NAME[name]
        licence = register.issue(type_, holder)
        shown = rows(type_, licence.claims)
        yield licence, {file: render(name, shown) for file, render in files.items()}


def files() -> dict[str, bytes]:
    """Return the content of every generated file by its path below this folder."""
    records: list[Json] = [licence.to_json() for licence in licences()]
    content: dict[str, bytes] = {}
    with_documents: list[Json] = []
    for licence, rendered in documents():
        paths = {f"documents/{name}": data for name, data in rendered.items()}
        with_documents.append(licence.to_json() | {"documents": [*paths]})
        content |= paths
    bodies = json.dumps([asdict(department) for department in departments()], ensure_ascii=False, indent=2)
    return content | {
        "departments.json": f"{bodies}\n".encode(),
        "licences.ndjson": _lines(records),
        "with-documents.ndjson": _lines(with_documents),
    }


def _lines(records: list[Json]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def write(folder: Path) -> None:
    """Write every generated file below `folder`."""
    for path, content in files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


if __name__ == "__main__":
    write(Path(__file__).parent)
