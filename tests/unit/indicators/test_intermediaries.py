"""Trading firms by name: both published lists, and the zones that carry their words."""

import pytest

from citypanel.indicators.intermediaries import word_list
from citypanel.registers import Registers


@pytest.mark.parametrize(
    ("name", "short", "long"),
    [
        ("上海外经贸易有限公司", "贸易", "贸易"),
        ("浙江省粮油食品进出口股份有限公司", "进出口", "进出口"),
        ("深圳市某某供应链管理有限公司", "", "供应链"),
        ("义乌商贸有限公司", "", "商贸"),
        ("苏州精密机械有限公司", "", ""),
        # A manufacturer in a zone is no trader; a trader in a zone is.
        ("上海自由贸易试验区精密机械有限公司", "", ""),
        ("中国（上海）自由贸易试验区某某电子有限公司", "", ""),
        ("上海自由贸易试验区某某贸易有限公司", "贸易", "贸易"),
        ("天津出口加工区某某电子有限公司", "", ""),
        ("重庆保税物流园区某某制造有限公司", "", ""),
        ("苏州 进 出 口 公司", "进出口", "进出口"),
    ],
)
def test_names_are_read_as_people_would(name: str, short: str, long: str) -> None:
    for which, expected in (("short", short), ("long", long)):
        words = word_list(which, Registers())
        at = words.which(name)
        assert (words.words[at] if at >= 0 else "") == expected


def test_the_lists_are_those_that_were_published() -> None:
    registers = Registers()
    assert registers.intermediary_words("short") == ("进出口", "贸易", "外贸", "外经", "经贸", "工贸", "科贸")
    assert len(registers.intermediary_words("long")) == 16
    assert word_list("keep", registers).words == ()
