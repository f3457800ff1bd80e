"""`make words`."""

from backend.words.catalog import CATALOGS
from tests.words.extraction import bring_up

for language in CATALOGS:
    print(f"{CATALOGS[language].name}: {bring_up(language)} texts to translate")
