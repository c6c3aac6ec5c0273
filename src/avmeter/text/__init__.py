"""Text against text: languages, normalisers, tokens and error rates.

language.py      a language hint -> Language; which texts are scored by character
normalise.py     named normalisers; the default one and how it differs from others
signs.py         signs that writers leave out, letters with two code points
numbers/         numbers in words and in digits -> one spelling, by language
protocols.py     normalisers of published harnesses, as they are
tokens.py        text -> words, or characters where words are not spaced
error_rate.py    alignment, error rate of a clip and of a corpus
directions.py    a text with stage directions -> what is said of it
dialogue.py      a script with speakers -> the words
repetition.py    signs that a recogniser invented its text
judge_questions.py  what a model is asked about pictures, and what of its answers counts
"""
