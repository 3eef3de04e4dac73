"""A provider of texts that takes them, or fails as it is told to."""

from iop_portal.notices.providers import Text


class Phones:
    sent: list[Text] = []
    fails: dict[str, Exception] = {}

    def send(self, text, *, seconds):
        if error := self.fails.get(text.to):
            raise error
        self.sent.append(text)
