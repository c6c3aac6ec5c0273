"""Korean: numbers as they are read in Sino-Korean, in Hangul.

    이천이십사년, 2024년                     이천이십사년
    스물다섯 살, 이십오 세, 25살              이십오 살, 이십오 세, 이십오살
    세 시, 3시; 열두 명, 12명                삼 시, 십이 명    native words, before what they count
    유월, 6월; 시월, 10월                    유월, 시월
    3만 5천 원, 35,000원                     삼만 오천 원, 삼만오천원
    010-1234-5678                           공일공 일이삼사 오육칠팔
    3.5, 50%                                삼점오, 오십퍼센트

Digits become words, not words digits: a Sino-Korean number in Hangul cannot be told from words (이 is also "this", 일
"work", 사천 a province). Which of two readings of one number was said, native or Sino-Korean, is therefore not judged.

Source: rules of our own, after the National Institute of Korean Language's on numerals (한글 맞춤법, section 44).
"""

from __future__ import annotations

import re

_SINO = "영일이삼사오육칠팔구"
_SPELLED = "공일이삼사오육칠팔구"
_PLACES = ("", "십", "백", "천")
_MYRIADS = ("", "만", "억", "조")
_MAX_DIGITS = 16

_TENS = {"열": "십", "스물": "이십", "스무": "이십", "서른": "삼십", "마흔": "사십", "쉰": "오십", "예순": "육십",
         "일흔": "칠십", "여든": "팔십", "아흔": "구십"}  # fmt: skip
_UNITS = {"하나": "일", "한": "일", "둘": "이", "두": "이", "셋": "삼", "세": "삼", "넷": "사", "네": "사",
          "다섯": "오", "여섯": "육", "일곱": "칠", "여덟": "팔", "아홉": "구"}  # fmt: skip
_COUNTED = (
    "시간 시 개월 개 명 사람 살 마리 번째 번 잔 병 권 대 장 가지 달 채 송이 그루 켤레 벌 자루 분 곳 쌍 줄 통 판 편 "
    "군데 차례 배"
)
_COUNTER = rf"(?=\s?(?:{'|'.join(_COUNTED.split())}))"
_LONG_UNITS = "하나|다섯|여섯|일곱|여덟|아홉"
_NATIVE = re.compile(
    rf"(?P<tens>{'|'.join(_TENS)})\s?(?P<unit>{'|'.join(_UNITS)})(?![가-힣])"
    rf"|(?P<tens2>{'|'.join(_TENS)})(?P<unit2>{_LONG_UNITS}|둘|셋|넷)"
    rf"|(?P<tens3>{'|'.join(_TENS)})\s?(?P<unit3>{'|'.join(_UNITS)}){_COUNTER}"
    rf"|(?<![가-힣])(?P<unit4>한|두|세|네){_COUNTER}"
    rf"|(?<![가-힣])(?P<tens4>열|스무){_COUNTER}"
    r"|(?P<tens5>스물|서른|마흔|일흔|여든|아흔)"
    r"|(?<![가-힣])(?P<tens6>열|쉰|예순)(?![가-힣])"
    rf"|(?P<unit5>{_LONG_UNITS})"
    r"|(?<![가-힣])(?P<unit6>둘|셋|넷)(?=[이은을도만의에로과씩째]?(?![가-힣]))"
)
_TELEPHONE = re.compile(r"(?<![\d-])\d{2,4}-\d{3,4}(?:-\d{4})?(?![\d-])")
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?![\d:])")
_NUMBER = re.compile(r"(?<![\d.])(\d+)(?:\.(\d+)(?!\.?\d))?")


def korean_in_hangul(text: str) -> str:
    """Numbers of a lower-case Korean text in Sino-Korean words; everything else unchanged."""
    text = _CLOCK.sub(
        lambda match: f"{match[1]}시 {match[2].lstrip('0')}분" if int(match[2]) else f"{match[1]}시", text
    )
    text = _TELEPHONE.sub(lambda match: re.sub(r"\d+", lambda part: _spelled(part[0]), match[0]), text)
    text = re.sub(r"(?<!\d)6(?=월)", "유", re.sub(r"(?<!\d)10(?=월)", "시", text))
    text = re.sub(r"(?<![\d.])1(?=[만천백])", "", text.replace("%", "퍼센트").replace("°c", "도"))
    text = _NUMBER.sub(_read, text)
    return _NATIVE.sub(_sino, text)


def _read(match: re.Match[str]) -> str:
    whole, places = match[1], match[2]
    if (len(whole) > 1 and whole[0] == "0") or len(whole) > _MAX_DIGITS:
        read = _spelled(whole)
    else:
        read = _amount(whole)
    return f"{read}점{''.join(_SINO[int(digit)] for digit in places)}" if places else read


def _spelled(digits: str) -> str:
    return "".join(_SPELLED[int(digit)] for digit in digits)


def _amount(digits: str) -> str:
    if int(digits) == 0:
        return _SINO[0]
    padded = digits.zfill(4 * -(-len(digits) // 4))
    groups = [padded[start : start + 4] for start in range(0, len(padded), 4)]
    read = ""
    for myriad, group in zip(reversed(_MYRIADS[: len(groups)]), groups, strict=True):
        words = _below_myriad(group)
        # 10,000 is 만, but 100,000,000 is 일억.
        read += myriad if myriad == "만" and words == "일" and not read else words + (myriad if words else "")
    return read


def _below_myriad(group: str) -> str:
    read = ""
    for place, digit in zip(reversed(_PLACES), group, strict=True):
        if digit != "0":
            read += ("" if digit == "1" and place else _SINO[int(digit)]) + place
    return read


def _sino(match: re.Match[str]) -> str:
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    return "".join(_TENS.get(value) or _UNITS[value] for value in found.values())
