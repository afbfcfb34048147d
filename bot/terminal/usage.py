"""What is wrong with an option or argument, in words for people instead of a library's."""

from typing import Any

import typer
from typer.core import TyperGroup

from bot.terminal.harmless import harmless

#: Of what was typed, so much is said back.
SHOWN = 100


class Commands(TyperGroup):
    """The commands; what was typed wrong is told by its name and in our words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is named."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            # Typer has pydantic read what was typed, and passes on what that says.
            faults = getattr(error.__cause__, "errors", None)
            if faults is not None:
                error.message = told(faults()[0])
            raise


def told(fault: Any) -> str:
    """One fault of pydantic's (https://docs.pydantic.dev/latest/errors/validation_errors/)."""
    typed, context = str(fault.get("input", "")), fault.get("ctx", {})
    shown = harmless(typed if len(typed) <= SHOWN else f"{typed[:SHOWN]}…")
    match fault["type"]:
        case "less_than_equal":
            return f"{shown} is too much; at most {context['le']}."
        case "greater_than_equal":
            return f"{shown} is too little; at least {context['ge']}."
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return f"“{shown}” is not a whole number."
        case "float_parsing" | "float_type":
            return f"“{shown}” is not a number."
        case "value_error":
            return str(context["error"])
        case _:
            return f"“{shown}” cannot be used."
