"""What the rules know of French; `english.py` says what each is for."""

ABBREVIATIONS = "Mme Mlle"

HERE_IS = "voici"
SUMMARY = "résumé"
