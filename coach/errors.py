"""What can go wrong in the coach's own terms; each error reads as a sentence for people."""


class CoachError(Exception):
    """Something the coach can explain; the text says what to do next."""

    def __str__(self) -> str:
        return super().__str__() or (self.__doc__ or "").strip()


class LifecycleError(CoachError):
    """An insight was asked to go where it cannot go."""


class PluginError(CoachError):
    """A plugin file does not export what its folder asks for."""


class SettingError(CoachError):
    """A setting is outside its range."""

    def __init__(self, setting: str, text: str) -> None:
        super().__init__(text)
        #: The name of the field, so that a form can show the error in its place.
        self.setting = setting


class UnknownSubjectError(CoachError):
    """The CRM no longer has what this insight is about."""
