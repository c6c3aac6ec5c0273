"""Text against text: languages, normalisers, tokens and error rates.

language.py      a language hint -> Language; which texts are scored by character
normalise.py     named normalisers; the default one and how it differs from others
numbers.py       English number words -> digits
protocols.py     normalisers of published harnesses, as they are
tokens.py        text -> words, or characters where words are not spaced
error_rate.py    alignment, error rate of a clip and of a corpus
dialogue.py      a script with speakers -> the words
repetition.py    signs that a recogniser invented its text
"""
