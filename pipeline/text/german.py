"""What the rules know of German; `english.py` says what each is for."""

ABBREVIATIONS = "Nr ca bzw"
# What an ordinal stands before, whose point ends no sentence: "am 3. März", "im 19. Jahrhundert".
AFTER_ORDINALS = """
Januar Februar März April Mai Juni Juli August September Oktober November Dezember Jahrhundert
"""

HERE_IS = "hier ist|hier folgt"
SUMMARY = "zusammenfassung"
