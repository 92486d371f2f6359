"""What the rules know of French; `english.py` says what each is for."""

ABBREVIATIONS = "Mme Mlle"
AFTER_ORDINALS = ""

HERE_IS = "voici"
SUMMARY = "résumé"
