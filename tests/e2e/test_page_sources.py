"""The rules of the page that need no browser to check: no HTML parsed, nothing from outside."""

import re

from tests.e2e.conftest import PAGE

FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function"
    r"|createContextualFragment|srcdoc|\sstyle=|\son\w+=\"|@import|url\("
)
OUTSIDE = re.compile(r"""(src|href)=["'](https?:)?//|fetch\(["']http|from ["']http""")


def test_the_page_never_parses_html_and_holds_no_inline_script_or_style() -> None:
    for path in PAGE.iterdir():
        found = FORBIDDEN.search(path.read_text())
        assert found is None, f"{path.name}: {found}"


def test_the_page_loads_nothing_from_outside() -> None:
    for path in PAGE.iterdir():
        found = OUTSIDE.search(path.read_text())
        assert found is None, f"{path.name}: {found}"
