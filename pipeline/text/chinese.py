"""What the rules know of Chinese; `english.py` says what each is for."""

ABBREVIATIONS = ""
AFTER_ORDINALS = ""

HERE_IS = "以下是"
SUMMARY = "摘要|总结|概要"
