"""minijinja with everything taken out by which a template could do more than write a letter.

Fuel limits the steps of a template but not the memory: a text that is doubled thirty times takes thirty steps. So
nothing is left that makes a text out of itself: no variables and macros, no multiplication, no filters that pad or
repeat; and the larger a template is, the fewer steps it gets, because a loop may repeat all of it.
"""

import re
from collections.abc import Iterable, Mapping

import minijinja

from domain.errors import TemplateInvalid
from domain.merge_tags import TAG, check_closed

MAX_SOURCE_BYTES = 524_288  # five times what Gmail shows; a larger one is a mistake
MAX_RENDERED_CHARS = 4 * MAX_SOURCE_BYTES
_MAX_TAGS = 2_000
_STEPS_PER_TAG = 20  # measured: 2 to 6
_LOOPED_CHARS = 64_000_000
_STATEMENTS = frozenset({"if", "elif", "else", "endif", "for", "endfor", "raw", "endraw"})
_BANNED_FILTERS = ("format", "indent", "batch", "slice", "tojson", "pprint", "wordwrap")
_BANNED_FUNCTIONS = ("debug", "namespace", "cycler", "joiner", "dict")
#: What a trial without values may end in, though the template is right: `{{ price / 2 }}`.
_FOR_WANT_OF_VALUES = frozenset({"InvalidOperation", "UndefinedError", "UnknownMethod"})
#: What rendering ends in when a template fails for somebody's values.
FAILURES = (minijinja.TemplateError, TypeError, ValueError, OverflowError, RecursionError)
_STATEMENT = re.compile(r"\{%[-+]?\s*(\w*)")
_FILTER = re.compile(r"\|\s*([A-Za-z_]\w*)")
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
#: `x.__class__`, `x["__class__"]`, `x | attr("__class__")`: nothing here has such names; whoever asks means ill.
_HIDDEN_NAME = re.compile(r"(?<![A-Za-z0-9])__")
_HIDDEN_KEY = re.compile(r"[\[(]\s*[\"']__")
_LOOP_OVER_LITERAL = re.compile(r"\bin\s*[\[{(\"'~+]|\brecursive\b|~|\+")


def engine(templates: Mapping[str, str]) -> minijinja.Environment:
    """An environment that renders these templates, and can do nothing else."""
    environment = minijinja.Environment(
        templates=templates,
        fuel=min((_fuel(source) for source in templates.values()), default=_LOOPED_CHARS),
        undefined_behavior="chainable",
        debug=False,
        keep_trailing_newline=True,
        pycompat=False,
    )
    for name in _BANNED_FILTERS:
        environment.remove_filter(name)
    for name in _BANNED_FUNCTIONS:
        environment.remove_global(name)
    environment.add_filter("replace", _replaced)
    environment.add_filter("join", _joined)
    return environment


def check_size(place: str, source: str) -> None:
    """Refuses what is too large to be looked at.

    Raises:
        TemplateInvalid: it is larger than `MAX_SOURCE_BYTES`.
    """
    size_bytes = len(source) if len(source) > MAX_SOURCE_BYTES else len(source.encode("utf-8", "replace"))
    if size_bytes > MAX_SOURCE_BYTES:
        raise TemplateInvalid(f"{place}: {size_bytes:,} bytes are larger than the limit of {MAX_SOURCE_BYTES:,}")


def check(place: str, source: str) -> None:
    """Refuses what fails for everybody.

    Raises:
        TemplateInvalid: syntax, unknown filters and functions, forbidden statements and names, endless loops.
    """
    environment = engine({})
    _parse(place, source, environment)
    check_closed(source, place)
    tags = [(tag[0], source.count("\n", 0, tag.start()) + 1) for tag in TAG.finditer(source)]
    if len(tags) > _MAX_TAGS:
        raise TemplateInvalid(f"{place}: {len(tags)} merge tags; {_MAX_TAGS} are the limit")
    for tag, line in tags:
        _check_tag(tag, f"{place}, line {line}", environment)
    _check_functions(place, source, environment)
    _try(place, source)


def cause(failure: Exception) -> str:
    """Kind and line only: details quote values, and values are people's."""
    if isinstance(failure, minijinja.TemplateError):
        return f"{failure.kind} in line {failure.line or 1}"
    return type(failure).__name__


def _fuel(source: str) -> int:
    return _STEPS_PER_TAG * len(TAG.findall(source)) + _LOOPED_CHARS // (len(source) + 1_000)


def _parse(place: str, source: str, environment: minijinja.Environment) -> None:
    try:
        environment.add_template("trial", source)
    except minijinja.TemplateError as failure:
        raise _invalid(place, failure) from failure


def _try(place: str, source: str) -> None:
    name = f"{place}.html"
    try:
        engine({name: source}).render_template(name)
    except minijinja.TemplateError as failure:
        if failure.kind not in _FOR_WANT_OF_VALUES:
            raise _invalid(place, failure) from failure
    except TypeError as failure:  # one of ours
        raise TemplateInvalid(f"{place}: a filter without what it needs: {failure}") from failure


def _invalid(place: str, failure: minijinja.TemplateError) -> TemplateInvalid:
    too_long = failure.kind == "OutOfFuel"
    why = "a loop that never ends, or takes too many steps" if too_long else failure.detail or failure.kind
    return TemplateInvalid(f"{place}, line {failure.line or 1}: {why}")


def _check_tag(tag: str, where: str, environment: minijinja.Environment) -> None:
    if tag.startswith("{#"):
        return
    bare = _QUOTED.sub("''", tag)
    statement = _STATEMENT.match(bare)
    if statement and statement[1] not in _STATEMENTS:
        raise TemplateInvalid(f"{where}: {statement[1] or 'this'} is not available in templates; if, for and raw are")
    if statement and statement[1] == "for" and _LOOP_OVER_LITERAL.search(bare):
        raise TemplateInvalid(f"{where}: a loop runs over a field or range(n), nothing else")
    if _HIDDEN_NAME.search(bare) or _HIDDEN_KEY.search(tag):
        raise TemplateInvalid(f"{where}: names that begin with __ are not available in templates")
    if "*" in bare:
        raise TemplateInvalid(f"{where}: templates do not multiply; let the CRM calculate")
    for name in _FILTER.findall(bare):
        if not _is_filter(name, environment):
            raise TemplateInvalid(f"{where}: filter {name} is unknown")


def _is_filter(name: str, environment: minijinja.Environment) -> bool:
    try:
        environment.eval_expr(f"''|{name}")
    except minijinja.TemplateError as failure:
        return failure.kind != "UnknownFilter"
    except TypeError:  # one of ours, called without its arguments
        return True
    return True


def _check_functions(place: str, source: str, environment: minijinja.Environment) -> None:
    banned = environment.undeclared_variables_in_str(source) & set(_BANNED_FUNCTIONS)
    if banned:
        raise TemplateInvalid(f"{place}: {', '.join(sorted(banned))}: not available in templates")


def _replaced(value: object, old: object, new: object) -> str:
    text, find, put = str(value), str(old), str(new)
    _limit(len(text) + text.count(find) * len(put))
    return text.replace(find, put)


def _joined(values: Iterable[object] | None, separator: object = "") -> str:
    texts = [str(value) for value in values or ()]
    _limit(sum(map(len, texts)) + len(texts) * len(str(separator)))
    return str(separator).join(texts)


def _limit(chars: int) -> None:
    if chars > MAX_RENDERED_CHARS:
        raise ValueError("a text that grows too large")
