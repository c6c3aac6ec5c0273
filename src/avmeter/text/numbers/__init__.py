"""Numbers in words and in digits -> one spelling, by language.

rules.py         a language -> its rules, or a caveat
english.py       words as digits, ordinals, years, money
additive.py      reader of number words that are sums and products, by a lexicon
lexicons.py      lexicons made from num2words: Spanish, French, Italian, Portuguese, German and others
russian.py       lexicon of every case, ordinals
hindi.py         lexicon of Hindi
arabic.py        words as digits, units before tens
han.py           Chinese and Japanese: Han numerals as digits
korean.py        digits as Sino-Korean words
thai.py          digits as words
"""
