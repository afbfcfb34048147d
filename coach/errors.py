"""What can go wrong in the coach's own terms; each error reads as a sentence for people."""

from coach.phrases import Phrase, verbatim


class CoachError(Exception):
    """Something the coach can explain; its words say what to do next."""

    def __init__(self, said: Phrase | str = "") -> None:
        super().__init__(said)
        #: What to tell people; words without a phrase are for whoever runs the coach.
        self.said = (
            verbatim(said or (self.__doc__ or "").strip()) if isinstance(said, str) else said
        )

    def __str__(self) -> str:
        """The words in English, for logs and the terminal."""
        # Only where somebody reads an error: what makes words is much to load.
        from coach.wording import plain

        return plain(self.said)


class PluginError(CoachError):
    """A plugin file does not export what its folder asks for."""


class RuleFaultError(CoachError):
    """A rule failed over one person or thing; the text says how."""


class SettingError(CoachError):
    """A setting is outside its range."""

    def __init__(self, setting: str, said: Phrase) -> None:
        super().__init__(said)
        #: The name of the field, so that a form can show the error in its place.
        self.setting = setting


class UnknownSubjectError(CoachError):
    """The CRM no longer has what this insight is about."""
