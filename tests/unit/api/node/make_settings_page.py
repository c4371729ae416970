"""Write docs/settings.md anew: `python -m tests.unit.api.node.make_settings_page`."""

from pathlib import Path

from pydantic.fields import FieldInfo

from api.node.policies import AGES_BY_USE, DEFAULT
from api.node.sections import (
    Batching,
    Intake,
    Looks,
    Opening,
    Section,
    Unit,
    find_bounds,
    is_number,
    is_table,
)
from api.node.settings import (
    DIRECTORY_VARIABLE,
    POLICY_KINDS,
    PREFIX,
    Settings,
    is_overridable,
)

PAGE = Path(__file__).parents[4] / "docs" / "settings.md"

OPENING = f"""# Settings of a node 节点设置

`node.toml` lies in the directory of the node; `shunzheng init` writes it. A wrong or unknown member stops the node before it
opens anything, with one line that names the file, the member, its value and what is expected.

A variable of the environment goes before the file; an empty one takes the member out. Tables stand in the file alone.
`{DIRECTORY_VARIABLE}` names the directory for processes that get no argument. Relative paths, and the files of SQLite
databases, begin in the directory. This page is made from the code that reads the file; a test compares them.
"""

EXAMPLE = """
registry = "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:1f0c2d9a8b7e6f50"
log = "tianmen"
chain_url = "http://127.0.0.1:8545 http://10.0.0.7:8545"
keystore = "operator.json"
keystore_password_file = "operator.password"
node_key = "node.key"
name = "天门市"

[policies]
field = 259200
strict = { default = 900, seal = 300 }

[batching]
quiet_seconds = 5

[intake]
uploads = 8

[peers]
wuhan = "http://wuhan.example:8080"
"""

_KINDS = ", ".join(f"`{kind}`" for kind in sorted(POLICY_KINDS - {DEFAULT}))
_USES = ", ".join(f"`{name}` ({ages})" for name, ages in AGES_BY_USE.items())

TABLES = {
    "policies": f"""How old the knowledge of a log may be, by what a verification is for: `name = seconds`, or a table of
seconds by the kind of what is verified ({_KINDS}, and `{DEFAULT}` for the others).
Three are there without being set: {_USES}. `max_age` sets `{DEFAULT}`.""",
    "peers": """Nodes that give the entries of other logs: `log = "URL"`, or several URLs separated by spaces, the log's own
first.""",
}
SECTIONS: dict[str, type[Section]] = {
    "batching": Batching,
    "intake": Intake,
    "documents": Opening,
    "looks": Looks,
}


def page() -> str:
    """Return the whole page."""
    members = {name: field for name, field in Settings.model_fields.items() if name != "directory"}
    plain = {name: field for name, field in members.items() if not is_table(field)}
    parts = [OPENING, f"```toml{EXAMPLE}```\n", "## Members\n", _table(plain)]
    for name, section in SECTIONS.items():
        parts += [
            f"## [{name}]\n",
            f"{_first_line(section)}\n",
            _table(section.model_fields, overridable=False),
        ]
    for name, text in TABLES.items():
        parts += [f"## [{name}]\n", f"{text}\n"]
    return "\n".join(parts)


def _first_line(section: type[Section]) -> str:
    return (section.__doc__ or "").split(";")[0] + "."


def _table(fields: dict[str, FieldInfo], *, overridable: bool = True) -> str:
    heads = ["member", "type", "default", "unit", *(["environment"] if overridable else []), "meaning"]
    rows = [heads, ["---"] * len(heads)]
    for name, field in fields.items():
        assert not overridable or is_overridable(name, field)
        variable = [f"`{PREFIX}{name.upper()}`"] if overridable else []
        row = [f"`{name}`", _type(field), _default(field), _unit(field), *variable, field.description or ""]
        rows.append(row)
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _type(field: FieldInfo) -> str:
    if not is_number(field):
        return "path" if "Path" in str(field.annotation) else "text"
    least, most = find_bounds(field)
    return f"number, {least} or more" if most is None else f"number, {least} to {most}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return f"`{field.default}`" if field.default not in (None, "") else "none"


def _unit(field: FieldInfo) -> str:
    return next((rule.name for rule in field.metadata if isinstance(rule, Unit)), "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
