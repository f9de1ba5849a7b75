"""The jinja2 environment: a template is a frame round lines that a printer made."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from simgen.resources import template_dir

if TYPE_CHECKING:
    import jinja2


@functools.lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Return the environment of all templates; a name that a view lacks is an error."""
    import jinja2  # 30 ms that `import simgen` need not take

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_dir()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the output is C, not HTML
    )


def render(template: str, view: Any, profile: tuple[str, ...] = ()) -> str:
    """Return the text of ``template`` (such as ``cpp/once.cpp.j2``) for a view.

    A view is a frozen dataclass of strings, tuples and one flag; the template sees it as ``view``.
    In programs that count their work ``profile`` holds the counter.
    """
    return environment().get_template(template).render(view=view, profile=profile)
