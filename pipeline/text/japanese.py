"""What the rules know of Japanese; `english.py` says what each is for."""

ABBREVIATIONS = ""
AFTER_ORDINALS = ""

HERE_IS = "以下は"
SUMMARY = "概要|要約|文書"
