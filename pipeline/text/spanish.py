"""What the rules know of Spanish; `english.py` says what each is for."""

ABBREVIATIONS = "Sr Sra Dr Dra"
AFTER_ORDINALS = ""

HERE_IS = "aquí (?:está|tienes)"
SUMMARY = "resumen"
