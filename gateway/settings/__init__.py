"""The environment, read once into one frozen value; whoever starts with a wrong one is told everything at once.

`settings` has every setting, explained where its default stands, `shapes` what a setting's text looks like and how
that is said, `reading` reads and lists what is wrong, `soundness` judges what a setting means and what fits together.
"""

from gateway.settings.reading import SettingsInvalid, explained, read
from gateway.settings.settings import Settings

__all__ = ["Settings", "SettingsInvalid", "explained", "read"]
