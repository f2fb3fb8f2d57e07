"""The ledger in words, English and Chinese: verdicts, reasons, conventions, headings."""

Pair = tuple[str, str]

# verdict -> its name, and what it means in one sentence
VERDICT_NAMES: dict[str, Pair] = {
    "same": ("same to rounding", "四舍五入后相同"),
    "same_under": ("same under another convention", "在另一惯例下相同"),
    "compatible": ("compatible", "相容"),
    "differs": ("differs", "不同"),
    "calibrated": ("calibrated to", "校准所得"),
    "missed": ("calibrated to, not met", "校准目标未达到"),
    "untested": ("cannot be tested", "无法检验"),
    "declared": ("specification as printed", "设定与印刷一致"),
    "otherwise": ("specification differs", "设定与印刷不同"),
    "no_counterpart": ("no counterpart", "无对应数字"),
    "words": ("words", "文字"),
}
MEANINGS: dict[str, Pair] = {
    "same": ("Our number rounds to the printed digits.", "我们的数字四舍五入后等于印刷数字。"),
    "same_under": (
        "Our number differs as declared; a variant of the finite search prints the digits.",
        "按声明的惯例不同，但有限搜索中的某一惯例给出印刷数字。",
    ),
    "compatible": ("The digits differ; the 95% intervals of both overlap.", "数字不同，但双方的95%置信区间相交。"),
    "differs": (
        "The digits differ and no interval says that they may agree.",
        "数字不同，且没有区间表明二者可能一致。",
    ),
    "calibrated": (
        "The simulated sample was constructed from this number. It was put in, not found, and is no evidence.",
        "模拟样本正是由该数字构造的：它是放进去的，不是发现的，不构成证据。",
    ),
    "missed": (
        "The simulated sample was constructed from this table, but this number does not come out.",
        "模拟样本由该表构造，但未能得到该数字。",
    ),
    "untested": (
        "Our number comes from simulated data, or its source is absent: agreement or difference says nothing.",
        "我们的数字来自模拟数据，或缺少数据来源：是否一致都不说明问题。",
    ),
    "declared": (
        "A row of the specification (effects, outcome, controls) says what we declare.",
        "固定效应、被解释变量、控制变量等设定行与声明一致。",
    ),
    "otherwise": ("A row of the specification says something else than we declare.", "设定行与我们的声明不一致。"),
    "no_counterpart": (
        "No number of ours answers to the cell; the reason says what is missing.",
        "没有与该单元格对应的数字，原因见说明。",
    ),
    "words": ("The cell holds words; no number answers to them.", "该单元格为文字，没有对应数字。"),
}
# Not by colour alone: a sign before our number.
SIGNS: dict[str, str] = {
    "same": "=", "same_under": "≙", "compatible": "≈", "differs": "≠", "calibrated": "⊙", "missed": "⊘",
    "untested": "?", "declared": "✓", "otherwise": "✗", "no_counterpart": "–", "words": "",
}  # fmt: skip
REASONS: dict[str, Pair] = {
    "same": ("ours, {full}, rounds to the printed digits", "我们的数字 {full} 四舍五入后即为印刷数字"),
    "same_under": (
        (
            "as declared ours is {ours}; the digits come out under {hits}. {tried} variants tried, {different} other "
            "numbers, {expected} expected to hit by chance{lucky}"
        ),
        (
            "按声明为 {ours}；在 {hits} 下得到印刷数字。共试 {tried} 种惯例，得到 {different} 个不同数字，"
            "偶然命中的期望数为 {expected}{lucky}"
        ),
    ),
    "compatible": (
        "the 95% intervals overlap: printed {printed_interval}, ours {our_interval}; {distance}",
        "95%置信区间相交：印刷 {printed_interval}，我们 {our_interval}；{distance}",
    ),
    "differs": ("{distance}", "{distance}"),
    "calibrated": (
        "put in, not found: the simulated sample was constructed from this table",
        "是放进去的，不是发现的：模拟样本由该表构造",
    ),
    "missed": (
        (
            "the simulated sample was constructed from this table, but {distance}; a smaller preset of it, another "
            "declaration or a fault of the workflow"
        ),
        "模拟样本由该表构造，但{distance}；可能因样本规模较小、声明被改动或流程有误",
    ),
    "untested": (
        "needs {sources}: ours, {ours}, is computed from simulated files",
        "需要{sources}：我们的 {ours} 由模拟文件计算",
    ),
    "no record": (
        "needs {sources}: analysis {found} has no result record",
        "需要{sources}：分析 {found} 没有结果记录",
    ),
    "declared": ("declared likewise: {found}", "声明一致：{found}"),
    "declared nothing": ("no value is printed, and ours has none", "未印数字，我们也没有该数字"),
    "otherwise": ("declared otherwise: {found}", "声明不同：{found}"),
    "column": (
        "no column of ours is called '{found}'; declare it under matching.columns",
        "没有名为“{found}”的列；请在 matching.columns 中声明",
    ),
    "row": (
        "no term or statistic of ours is called '{found}'; declare it under matching.rows",
        "没有名为“{found}”的变量或统计量；请在 matching.rows 中声明",
    ),
    "statistic": ("our record has no such number ({found})", "我们的结果记录没有该数字（{found}）"),
    "reading": (
        "what '{found}' means is not known: neither a note nor signs and stars tell",
        "“{found}”的含义不明：注释、符号与星号都不能说明",
    ),
    "effects": ("the model of ours has no {found} effect", "我们的模型没有 {found} 效应"),
    "table": ("no exhibit of the study declares published: {found}", "没有图表声明 published: {found}"),
    "words": ("words, no number", "文字，无数字"),
    "stars": ("; stars differ: printed {printed}, ours {ours}", "；星号不同：印刷 {printed}，我们 {ours}"),
    "distance": (
        "ours, {ours}, is {size} {direction}: {digits} units of the last printed digit{errors}",
        "我们的 {ours} {direction} {size}：为末位印刷单位的 {digits} 倍{errors}",
    ),
    "errors": (", {errors} printed standard errors", "，为印刷标准误的 {errors} 倍"),
    "higher": ("higher", "高出"),
    "lower": ("lower", "低"),
    "lucky": (" (may well be chance)", "（很可能是偶然）"),
    "and more": (" and {count} more", " 等另 {count} 种"),
    "tried": (
        "search: {tried} variants, {different} other numbers, {count} print the digits, {expected} expected by chance",
        "搜索：{tried} 种惯例，{different} 个不同数字，{count} 个给出印刷数字，偶然期望 {expected}",
    ),
}
SOURCES: dict[str, Pair] = {
    "exports": ("customs records", "海关记录"),
    "world_trade": ("the world trade table", "世界贸易表"),
    "patents": ("patent records", "专利记录"),
    "city_year": ("city yearbooks", "城市年鉴"),
    "policies": ("the list of treated cities", "试点城市名单"),
}
# What a variant changes, in words: name -> text; values are shown as declared.
FACTORS: dict[str, Pair] = {
    "vcov": ("standard errors", "标准误"),
    "ssc": ("small-sample factor", "小样本校正"),
    "constant": ("constant", "常数项"),
    "f_terms": ("F tests", "F 检验"),
    "singletons": ("singletons", "单一观测组"),
    "effects": ("fixed effects", "固定效应"),
    "winsorise": ("winsorised at", "缩尾"),
    "sample": ("sample", "样本"),
    "w": ("weights", "权重矩阵"),
    "reading": ("read as", "读作"),
    "unit": ("other unit", "其他单位"),
    "estimator": ("estimator", "估计量"),
    "side": ("p value", "p 值"),
    "assumption": ("moments", "矩"),
    "row_standardise": ("row-standardised", "行标准化"),
    "effects_fe": ("fixed effects", "固定效应"),
    "twoways_lag": ("spatial lag of two-way effects", "双向效应的空间滞后"),
    "leeyu": ("Lee-Yu correction", "Lee-Yu 校正"),
    "information": ("information matrix", "信息矩阵"),
    "impacts": ("errors of effects", "效应的标准误"),
    "score": ("score", "得分模型"),
    "match": ("matching", "匹配方法"),
    "kernel": ("kernel", "核函数"),
    "support": ("common support", "共同支撑"),
    "by_year": ("matched by year", "逐年匹配"),
    "system": ("system GMM", "系统 GMM"),
    "transform": ("transform", "变换"),
    "steps": ("steps", "步数"),
    "windmeijer": ("Windmeijer correction", "Windmeijer 校正"),
    "small": ("small-sample statistics", "小样本统计量"),
    "time_dummies": ("time dummies", "时间虚拟变量"),
    "h": ("one-step weight h", "一步权重 h"),
}
TEXTS: dict[str, Pair] = {
    "title": ("Printed against ours", "印刷数字与我们的数字"),
    "overview": ("Ledger of all studies", "各研究的对照总表"),
    "table": ("Table", "表"),
    "exhibit": ("Exhibit", "图表"),
    "study": ("Study", "研究"),
    "column": ("Column", "列"),
    "row": ("Row", "行"),
    "statistic": ("Statistic", "统计量"),
    "printed": ("Printed", "印刷"),
    "ours": ("Ours", "我们"),
    "verdict": ("Verdict", "结论"),
    "cells": ("Cells", "单元格"),
    "reason": ("Reason", "原因"),
    "stars differ": ("Stars differ", "星号不同"),
    "may be chance": ("Of these, may be chance", "其中可能为偶然"),
    "reasons": ("Reasons, cell by cell", "逐格说明"),
    "legend": ("What the verdicts mean", "各类结论的含义"),
    "how": (
        "In each cell the printed number stands above, ours below after the sign of its verdict.",
        "每格上方为印刷数字，下方为结论符号与我们的数字。",
    ),
    "conventions": ("Conventions tried", "尝试的惯例"),
    "conventions how": (
        (
            "{count} variants were tried on this table. Changed: cells that print another number than as declared. "
            "Gained: cells that print only under the variant; lost: the other way round. By chance: hits to "
            "expect among cells that do not print as declared, if our numbers had nothing to do with the printed ones."
        ),
        (
            "对本表共尝试 {count} 种惯例。“改变”：印刷位数与按声明不同的格数；“新增”：仅在该惯例下得到印刷数字的格数；"
            "“失去”：反之。“偶然期望”：若我们的数字与印刷数字无关，在按声明未能得到的格中预期的命中数。"
        ),
    ),
    "simulated search": (
        "Our numbers are simulated, so a hit here is put in or chance, never a finding.",
        "我们的数字来自模拟数据，此处的命中只可能是放进去的或偶然的，绝不是发现。",
    ),
    "variant": ("Variant", "惯例"),
    "changed": ("Changed", "改变"),
    "prints": ("Print", "相同"),
    "gained": ("Gained", "新增"),
    "lost": ("Lost", "失去"),
    "expected": ("By chance", "偶然期望"),
    "as declared": ("as declared", "按声明"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "colon": (": ", "："),
    "stop": (".", "。"),
    "open": (" (", "（"),
    "close": (")", "）"),
    "all columns": ("the table", "全表"),
    "rule": ("rule", "规则"),
    "to audit": ("Audit of the printed tables", "已印表格的审核"),
    "to overview": ("All studies", "所有研究"),
    "candidates": ("What the audit infers from the printed numbers alone", "审核仅由印刷数字推断的惯例"),
    "suggested": ("suggested by the audit", "审核所示"),
    "problems": ("Lines that could not be read", "无法读取的行"),
    "simulated": ("Simulated data", "模拟数据"),
    "notice": (
        (
            "Our numbers come from simulated raw files. Nothing on this page replicates a paper: numbers that are "
            "calibrated to were put into the sample; everywhere else agreement and difference mean nothing."
        ),
        (
            "我们的数字来自模拟的原始文件，本页任何内容都不构成复现：标明校准所得的数字是构造样本时放进去的；"
            "其余各处，一致与否都没有意义。"
        ),
    ),
    "basis": ("Our numbers", "我们的数字"),
    "basis calibrated": ("simulated, calibrated to this table", "模拟，按本表校准"),
    "basis simulated": ("simulated", "模拟"),
    "basis data": ("from your raw files", "来自您的原始文件"),
    "basis none": ("none", "无"),
    "none": ("No printed cell was compared.", "没有可对照的印刷单元格。"),
    "total": ("All", "合计"),
    "all same": ("Every other cell: {verdict}.", "其余各格：{verdict}。"),
}
STATISTIC_NAMES: dict[str, Pair] = {
    "coef": ("", ""), "stat": ("", ""), "value": ("", ""), "info": ("", ""), "pearson_r": ("", ""), "moran_I": ("", ""),
    "chi2": ("", ""), "effect": ("", ""), "paren": ("in parentheses", "括号内"), "text": ("", ""), "dep_var": ("", ""),
}  # fmt: skip
# What the audit infers: (convention, value) in words; others are shown as they are.
INFERRED: dict[tuple[str, str], Pair] = {
    ("K", "holds"): ("K as the effect rows say", "K 与固定效应行一致"),
    ("K", "k_none"): ("K without dummies", "K 不计虚拟变量"),
    ("K", "k_time"): ("K with time dummies", "K 计入时间虚拟变量"),
    ("K", "k_unit"): ("K with unit dummies", "K 计入个体虚拟变量"),
    ("K", "k_both"): ("K with unit and time dummies", "K 计入个体与时间虚拟变量"),
    ("K", "k_within"): ("R2 and K within", "R2 与 K 均为组内"),
    ("vcov", "iid"): ("iid standard errors", "同方差标准误"),
    ("vcov", "not_iid"): ("standard errors that are not iid", "非同方差标准误"),
    ("vcov", "robust or cluster"): ("F of a robust or clustered variance", "稳健或聚类方差的 F"),
    ("F", "dummies tested"): ("F tests the dummies, too", "F 同时检验虚拟变量"),
    ("constant", "base category"): ("constant of the base category", "基准组常数项"),
    ("constant", "at the means"): ("constant at the means", "均值处常数项"),
    ("side", "one"): ("one-sided p values", "单侧 p 值"),
    ("side", "two"): ("two-sided p values", "双侧 p 值"),
    ("W", "row-standardised"): ("row-standardised weights", "行标准化权重"),
    ("W", "not row-standardised"): ("weights that are not row-standardised", "未行标准化权重"),
    ("effects", "simulation means"): ("effects that are simulation means", "效应为模拟均值"),
    ("leeyu", "no"): ("no Lee-Yu correction", "未作 Lee-Yu 校正"),
}
