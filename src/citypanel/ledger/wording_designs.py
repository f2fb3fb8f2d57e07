"""Words of findings about spatial tables, designs and texts: explanation (en, zh), what to check (en, zh)."""

_NOTHING = ("nothing", "无需核对")

DESIGNS: dict[str, tuple[str, str, str, str]] = {
    "lm_identity.sums": (
        "LM_err + RLM_lag = {left} against LM_lag + RLM_err = {right}",
        "LM_err + RLM_lag = {left}，LM_lag + RLM_err = {right}",
        "the four statistics",
        "核对四个统计量",
    ),
    "lm_identity.stars": (
        "p of chi-squared(1); the stars ask for {band}",
        "卡方(1) 的 p 值；星号要求 {band}",
        "stars and statistic",
        "核对星号与统计量",
    ),
    "lm_identity.negative": (
        "a Lagrange multiplier statistic is not negative",
        "LM 统计量不能为负",
        "the cell",
        "核对该单元格",
    ),
    "effects_sum.sum": (
        "direct + indirect against total",
        "直接效应加间接效应与总效应比较",
        "the three effects",
        "核对三种效应",
    ),
    "effects_total.holds": (
        "(b + theta)/(1 - rho) with row-standardised W",
        "行标准化权重下的 (b + theta)/(1 - rho)",
        *_NOTHING,
    ),
    "effects_total.differs": (
        (
            "(b + theta)/(1 - rho) is another number; a normal draw of rho leaves the stable region with "
            "probability {probability}"
        ),
        "(b + theta)/(1 - rho) 与之不同；rho 的正态抽样越出稳定区间的概率为 {probability}",
        "the standardisation of W, and how the effects are computed",
        "核对权重标准化与效应的计算方法",
    ),
    "effects_total.never": (
        (
            "(b + theta)/(1 - rho) is another number although W is row-standardised and the effects "
            "analytic; a draw of rho is unstable with probability {probability}"
        ),
        "权重已行标准化且效应为解析值，而 (b + theta)/(1 - rho) 与之不同；rho 抽样不稳定概率 {probability}",
        "b, rho and the total effect",
        "核对 b、rho 与总效应",
    ),
    "effects_sign.rho": (
        "with row-standardised W rho stays below one",
        "行标准化权重下 rho 应小于 1",
        "rho",
        "核对 rho",
    ),
    "effects_sign.holds": (
        "the effects have the signs and order of a stable lag model",
        "效应的符号与次序符合稳定的空间滞后模型",
        *_NOTHING,
    ),
    "effects_sign.never": (
        "impossible in a stable lag model with W >= 0: {wrong}; unstable draws have probability {probability}",
        "W 非负的稳定滞后模型中不可能：{wrong}；不稳定抽样概率 {probability}",
        "the effects and the sign of rho",
        "核对效应与 rho 的符号",
    ),
    "effects_sign.differs": (
        (
            "impossible for the effects at the estimates: {wrong}; a normal draw of rho is unstable with "
            "probability {probability}, so {draws} draws may hold one"
        ),
        "在估计值处不可能：{wrong}；rho 正态抽样不稳定的概率为 {probability}，{draws} 次抽样可能出现",
        "the effects at the estimates, or the median of the draws",
        "请报告估计值处的效应或抽样中位数",
    ),
    "sigma2_z.fits": (
        "z {z} is at most sqrt(NT/2); with Lee and Yu {corrected}",
        "z {z} 不超过 sqrt(NT/2)；Lee-Yu 校正时为 {corrected}",
        *_NOTHING,
    ),
    "sigma2_z.not_leeyu": (
        "z {z} is at most sqrt(NT/2), above {corrected}: not corrected after Lee and Yu",
        "z {z} 不超过 sqrt(NT/2) 但高于 {corrected}：未作 Lee-Yu 校正",
        *_NOTHING,
    ),
    "sigma2_z.plain": (
        "z {z} is above {corrected}",
        "z {z} 高于 {corrected}",
        "whether the correction is applied",
        "核对是否校正",
    ),
    "sigma2_z.over": (
        "z {z} needs {least} rows at least; N = {n}",
        "z {z} 至少需要 {least} 个观测；N = {n}",
        "z, N, and a robust variance",
        "核对 z、N 及是否稳健方差",
    ),
    "moran_years.two": (
        "one standard error in that interval gives all stars, two-sided",
        "该区间内的单一标准误可重现全部星号（双侧）",
        "the side of the test and the spread of the standard errors",
        "核对检验单双侧与标准误差异",
    ),
    "moran_years.one": (
        "one-sided {one_sided}, two-sided {two_sided}",
        "单侧 {one_sided}，双侧 {two_sided}",
        "the side of the test and the spread of the standard errors",
        "核对检验单双侧与标准误差异",
    ),
    "moran_years.none": (
        "no standard error gives all stars: two-sided {two_sided}, one-sided {one_sided}",
        "不存在可重现全部星号的标准误：双侧 {two_sided}，单侧 {one_sided}",
        "the stars by year",
        "核对各年星号",
    ),
    "test_ladder.negative": (
        "a likelihood ratio is not negative",
        "似然比不能为负",
        "which model is nested",
        "核对嵌套关系",
    ),
    "test_ladder.label": (
        "by its model this parameter is {right}",
        "按模型该参数应为 {right}",
        "the label",
        "核对标签",
    ),
    "test_ladder.shown": ("{named} has a table or figure", "{named} 有对应表或图", *_NOTHING),
    "test_ladder.test_missing": (
        "the text names {named}; no table shows it",
        "文中提及 {named}，但无表格给出结果",
        "add the statistic with degrees of freedom and p",
        "请补充统计量、自由度与 p 值",
    ),
    "test_ladder.model_missing": (
        "the text names {named}; no table shows it",
        "文中提及 {named}，但无表格给出结果",
        "add the estimates, or do not name the model",
        "请补充估计结果或删去该模型",
    ),
    "test_ladder.chosen": ("the tests point to {points}", "检验指向 {points}", *_NOTHING),
    "test_ladder.other_model": (
        "the tests point to {points}",
        "检验指向 {points}",
        "why the other model is shown for this matrix",
        "请说明为何仍报告其他模型",
    ),
    "first_stage.weak": (
        "F = t2 is below 10",
        "F = t2 低于 10",
        "a test robust to weak instruments (Anderson-Rubin)",
        "请报告弱工具变量稳健检验（Anderson-Rubin）",
    ),
    "first_stage.below": (
        "F = t2 passes {passed}, not {failed}: the 5% test may have a size above 10%",
        "F = t2 超过 {passed}，未达 {failed}：5% 检验的实际水平可能高于 10%",
        "an Anderson-Rubin interval",
        "请报告 Anderson-Rubin 区间",
    ),
    "first_stage.passes": ("F = t2 passes {passed}, not {failed}", "F = t2 超过 {passed}，未达 {failed}", *_NOTHING),
    "first_stage.strong": ("F = t2 passes {passed}", "F = t2 超过 {passed}", *_NOTHING),
    "iv_ratio.quotient": (
        "reduced form over first stage against 2SLS",
        "简约式除以第一阶段与 2SLS 比较",
        "the three coefficients and their samples",
        "核对三个系数及样本",
    ),
    "iv_ratio.far": (
        "2SLS over least squares of {ols}; effects {effects} against {ols_effects}; N {n}",
        "2SLS 与 {ols} 的 OLS 之比；固定效应 {effects} 对 {ols_effects}；N {n}",
        "whether model, effects and sample are the same; exclusion",
        "核对模型、固定效应、样本与排他性",
    ),
    "iv_ratio.near": ("2SLS over least squares of {ols}", "2SLS 与 {ols} 的 OLS 之比", *_NOTHING),
    "iv_design.absorbed": (
        "an instrument without time variation is absorbed by the unit effects that the column reports",
        "不随时间变化的工具变量会被该列所报个体固定效应吸收",
        "the effects of the column, or interact the instrument with time",
        "核对该列固定效应，或将工具变量与时间交互",
    ),
    "iv_design.dropped": (
        (
            "the instrument does not vary over time and unit effects are dropped here ({effects}), while "
            "{other} has them"
        ),
        "工具变量不随时间变化，该列去掉了个体效应（{effects}），而 {other} 含有",
        "the comparison with the baseline; interact the instrument with time",
        "与基准的可比性；可将工具变量与时间交互",
    ),
    "iv_design.no_effects": ("no unit effects stand against the instrument", "无个体固定效应，不冲突", *_NOTHING),
    "iv_design.varies": ("the instrument varies over time", "工具变量随时间变化", *_NOTHING),
    "iv_design.same_sign": ("the sign is the stated one ({stated})", "符号与所述一致（{stated}）", *_NOTHING),
    "iv_design.other_sign": (
        "the mechanism in the text asks for {stated}",
        "文中机制要求符号为 {stated}",
        "the mechanism of the instrument",
        "核对工具变量的作用机制",
    ),
    "gmm_tests.m1": (
        "first-order correlation of differenced errors, as it should be",
        "差分误差一阶相关，符合预期",
        *_NOTHING,
    ),
    "gmm_tests.m1_as_p": (
        "read as a p value: first-order correlation, as it should be",
        "按 p 值解读：存在一阶相关，符合预期",
        *_NOTHING,
    ),
    "gmm_tests.m1_weak": (
        "no first-order correlation of differenced errors",
        "差分误差无一阶相关",
        "whether the errors are random walks",
        "核对误差是否随机游走",
    ),
    "gmm_tests.m1_weak_as_p": (
        "read as a p value: no first-order correlation of differenced errors",
        "按 p 值解读：差分误差无一阶相关",
        "whether the cell is a z or a p",
        "核对该值为 z 还是 p",
    ),
    "gmm_tests.m1_positive": (
        "m1 is positive; with serially uncorrelated errors differences correlate negatively",
        "m1 为正；误差无序列相关时差分应负相关",
        "which statistic is printed (z, chi-squared, p) and the lag structure",
        "核对所报统计量（z、卡方或 p）与滞后设定",
    ),
    "gmm_tests.m2": ("no second-order correlation", "无二阶相关", *_NOTHING),
    "gmm_tests.m2_as_p": ("read as a p value: no second-order correlation", "按 p 值解读：无二阶相关", *_NOTHING),
    "gmm_tests.m2_significant": (
        "second-order correlation: lags of depth two are no instruments",
        "存在二阶相关：二阶滞后不能作工具变量",
        "the lags used as instruments",
        "核对用作工具的滞后阶数",
    ),
    "gmm_tests.m2_significant_as_p": (
        "read as a p value, second-order correlation",
        "按 p 值解读存在二阶相关",
        "whether the cell is a z or a p",
        "核对该值为 z 还是 p",
    ),
    "gmm_tests.hansen": ("the test does not reject", "检验未拒绝", *_NOTHING),
    "gmm_tests.hansen_one": (
        "a p near one speaks of too many instruments",
        "p 接近 1 提示工具变量过多",
        "the number of instruments; collapse them",
        "核对工具变量个数，可压缩",
    ),
    "gmm_tests.hansen_low": (
        "the test rejects the instruments",
        "检验拒绝工具变量有效性",
        "the instruments",
        "核对工具变量",
    ),
    "gmm_tests.hansen_negative": (
        "neither a statistic nor a p value is negative",
        "统计量与 p 值均不能为负",
        "the cell",
        "核对该单元格",
    ),
    "gmm_tests.few": ("instruments do not outnumber groups", "工具变量数不超过组数", *_NOTHING),
    "gmm_tests.many": (
        "more instruments than groups",
        "工具变量数超过组数",
        "collapse the instruments",
        "请压缩工具变量",
    ),
    "group_difference.supported": ("z of the difference, p {p}", "差异的 z，p {p}", *_NOTHING),
    "group_difference.unsupported": (
        'z of the difference, p {p}: "stronger in" is not supported',
        "差异的 z，p {p}：“更强”缺乏支持",
        "test the difference (interaction, permutation)",
        "请检验组间差异（交互项或置换检验）",
    ),
    "group_difference.reversed": (
        "the coefficient is smaller in the group said to be stronger; p {p}",
        "所称更强的组系数更小；p {p}",
        "the sentence",
        "核对该句",
    ),
    "treatment_window.switches_off": (
        (
            "the treatment is one in {on} only, the sample runs to {last} and event times to {latest}; the "
            "rows implied ({rows}) fit: {fits}"
        ),
        "处理变量仅在 {on} 取 1，样本至 {last} 年、事件时间至 {latest}；隐含处理观测 {rows} 符合：{fits}",
        "the definition of the treatment variable",
        "核对处理变量定义",
    ),
    "treatment_window.absorbing": (
        "the treatment stays on over the event times",
        "处理变量在事件窗口内保持为 1",
        *_NOTHING,
    ),
    "circular.shares": (
        "outcome and regressor share {shared} in years {years} ({share} of the years)",
        "被解释变量与解释变量共用 {shared}，年份 {years}（占 {share}）",
        "the estimates without these years or this regressor",
        "请报告剔除这些年份或该变量的结果",
    ),
    "circular.apart": ("no shared term", "无共用项", *_NOTHING),
    "text_level.agrees": ("the text says {said}, the table {shown}", "文中称 {said}，表中为 {shown}", *_NOTHING),
    "text_level.differs": (
        "the text says {said}, the table {shown}",
        "文中称 {said}，表中为 {shown}",
        "sentence and cell",
        "核对该句与单元格",
    ),
    "text_level.cited": ("the text cites {said}", "文中引用 {said}", "sentence and cell", "核对该句与单元格"),
    "variables_closed.undefined": (
        "the table shows a variable that the text does not define",
        "表中变量在文中未定义",
        "add a definition",
        "请补充定义",
    ),
    "variables_closed.appears": ("defined and shown", "已定义且出现", *_NOTHING),
    "variables_closed.unused": (
        "the text defines or names a variable that no table shows",
        "文中定义或提及的变量未见于任何表",
        "the name, or the table",
        "核对变量名或补充表格",
    ),
    "variables_closed.level": (
        "the equation's level against that of the sample: {data}",
        "方程层级与样本层级：{data}",
        "the indices of the equation",
        "核对方程下标",
    ),
    "labels.caption": ("the caption fits the contents ({holds})", "标题与内容相符（{holds}）", *_NOTHING),
    "labels.other_caption": ("the table holds {holds}", "该表内容为 {holds}", "the caption", "核对标题"),
    "labels.effects": ("the text names the effect ({said})", "文中述及该固定效应（{said}）", *_NOTHING),
    "labels.other_effects": (
        "the text names other effects ({said})",
        "文中所述固定效应为（{said}）",
        "the row's label",
        "核对该行标签",
    ),
    "labels.exists": ("the object cited exists", "所引对象存在", *_NOTHING),
    "labels.no_object": (
        "the text cites an object that does not exist",
        "文中所引对象不存在",
        "the number cited",
        "核对引用编号",
    ),
    "labels.no_rows": (
        "the table cited lacks the rows that the text speaks of: {lacking}",
        "所引表格不含文中所述行：{lacking}",
        "the number cited",
        "核对引用编号",
    ),
    "claims.shown": ("shown in {target}", "见 {target}", *_NOTHING),
    "claims.no_table": (
        "no table or figure shows it ({target})",
        "无表或图支持（{target}）",
        "add the evidence, or word it as a conjecture",
        "请补充证据或改为推测性表述",
    ),
    "claims.same": ("both languages say the same", "中英文表述一致", *_NOTHING),
    "claims.languages": (
        "the two languages differ in sign or scope",
        "中英文在符号或范围上不一致",
        "both sentences",
        "核对两种语言的句子",
    ),
    "claims.one_language": (
        "the statement is missing in {lacking}",
        "{lacking} 文本缺少该陈述",
        "both abstracts",
        "核对两种语言的摘要",
    ),
}
