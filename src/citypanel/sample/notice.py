"""What every sample says about itself."""

from citypanel.sample.presets import Preset

TEXT = """SIMULATED DATA - 模拟数据

These raw files were made by citypanel's generator (preset {preset}, seed {seed}). No row is a customs record,
a patent or a yearbook cell of the real world, and no firm, applicant or economy behaves here as it does there.
Names of cities, economies and product codes are real only so that the registers can be used.

They are calibrated: from them the ordinary intake and indicators lead to a constructed panel of 41 cities and ten
years from which least squares returns the printed tables of the study yrd_cooperation. That panel was fitted to the
printed numbers. It is one of very many that fit; it is no evidence for or against the paper, and no replication of it.
{scaled}
world_trade: value in US$, gdp_per_head in yuan of the simulated world, current prices. customs: value in US$.
What was planted (errors by kind and file, joint inventions by city and year, seats of applicants): truth.json.

这些原始文件由 citypanel 的生成程序产生（规模 {preset}，随机种子 {seed}）。其中没有任何一行是真实的海关记录、专利或年鉴
数据；企业、申请人和各经济体的行为均为虚构，地名、经济体代码和商品编码之所以真实，只是为了使用登记表。

数据经过校准：按照通常的读入和指标计算，可以得到一个人为构造的 41 个城市、十年的面板，用最小二乘法可以得到 yrd_cooperation
研究中印出的表格。该面板是依照印出的数字拟合的，是众多可能面板之一，既不能证明也不能否定该论文，更不是对论文的复现。
{scaled_zh}world_trade：金额单位为美元，gdp_per_head 为模拟世界的现价人民币元。customs：金额单位为美元。
"""
SCALED = """
Preset {preset}: joint inventions are the panel's divided by {divisor} and rounded up, so the variable `inno` and every
estimate that uses it are NOT those of the calibrated panel; export quality, tcf and the controls are.
"""
SCALED_ZH = "规模 {preset}：合作发明数为面板数除以 {divisor} 并向上取整，因此 inno 及使用它的估计结果与校准面板不同。\n"


def notice(preset: Preset, seed: int) -> str:
    """Return the text of SIMULATED.txt, in English and Chinese."""
    scaled = preset.patent_divisor > 1
    names = {"preset": preset.name, "divisor": preset.patent_divisor}
    return TEXT.format(
        preset=preset.name,
        seed=seed,
        scaled=SCALED.format(**names) if scaled else "",
        scaled_zh=SCALED_ZH.format(**names) if scaled else "",
    )
