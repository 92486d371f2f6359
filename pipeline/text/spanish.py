"""What the rules know of Spanish; `english.py` says what each is for."""

ABBREVIATIONS = "Sr Sra Dr Dra"

HERE_IS = "aquí (?:está|tienes)"
SUMMARY = "resumen"
