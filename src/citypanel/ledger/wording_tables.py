"""Words of findings about cells and fit: explanation (en, zh), what to check (en, zh)."""

_DIGITS = ("the digits and signs of both cells", "核对两个单元格的数字与符号")
_NOTHING = ("nothing", "无需核对")

TABLES: dict[str, tuple[str, str, str, str]] = {
    "reading.unreadable": (
        "{file}: {found}",
        "{file}：{found}",
        "save the file as UTF-8 CSV",
        "请存为 UTF-8 编码的 CSV",
    ),
    "reading.columns": (
        "{file} line {line}: columns missing: {found}",
        "{file} 第 {line} 行：缺少列 {found}",
        (
            "the header is study, table, column, row, statistic, value, stars (claims: study, claim, table, "
            "column, row, value, place)"
        ),
        (
            "表头应为 study, table, column, row, statistic, value, stars（claims：study, claim, table, "
            "column, row, value, place）"
        ),
    ),
    "reading.ragged": (
        "{file} line {line}: fields missing or too many",
        "{file} 第 {line} 行：字段数不符",
        "quote fields that hold commas",
        "含逗号的字段请加引号",
    ),
    "reading.number": (
        "{file} line {line}: {found}",
        "{file} 第 {line} 行：{found}",
        "print the number as in the paper",
        "请按论文原样录入数字",
    ),
    "reading.twice": (
        "{file} line {line}: the cell stands twice ({found}); the first is used",
        "{file} 第 {line} 行：单元格重复（{found}），采用第一处",
        "remove one of the lines",
        "请删去其中一行",
    ),
    "reading.fault": (
        "the rule met a fault of citypanel ({fault})",
        "规则运行出现 citypanel 自身错误（{fault}）",
        "report it with the cells",
        "请连同单元格报告该错误",
    ),
    "reading.claim": (
        "{file} line {line}: '{found}' is no kind of claim",
        "{file} 第 {line} 行：'{found}' 不是已知的陈述类型",
        "the kinds are listed by citypanel audit --template",
        "类型列表见 citypanel audit --template",
    ),
    "stars.holds": (
        "{stars} star(s) ask for p in {band}, met under {holds}",
        "{stars} 颗星要求 p 属于 {band}，在 {holds} 下成立",
        *_NOTHING,
    ),
    "stars.only": (
        "{stars} star(s) ask for p in {band}; the normal gives other stars",
        "{stars} 颗星要求 p 属于 {band}；正态分布给出不同星号",
        "which distribution and how many clusters lie behind the p values",
        "核对 p 值所用分布与聚类数",
    ),
    "stars.never": (
        "{stars} star(s) ask for p in {band}; the statistic cannot give it under the normal or any t tried",
        "{stars} 颗星要求 p 属于 {band}；在正态及所试 t 分布下均不可能",
        "the stars, the statistic, and the levels in the note",
        "核对星号、统计量与表注中的显著性水平",
    ),
    "parentheses.agrees": (
        "read as {stated}, the stated reading, mismatches are fewest ({counts})",
        "按所述读法 {stated} 不符最少（{counts}）",
        *_NOTHING,
    ),
    "parentheses.unsaid": (
        "the note does not say it; {best} has fewest mismatches ({counts})",
        "表注未说明；{best} 不符最少（{counts}）",
        *_NOTHING,
    ),
    "parentheses.other": (
        "stars and signs fit {best} ({counts} mismatches), the note or the label says {stated}",
        "星号与符号符合 {best}（不符数 {counts}），而表注或标签称 {stated}",
        "what the parentheses hold",
        "核对括号内统计量的含义",
    ),
    "triple.sign": ("coefficient and statistic have opposite signs", "系数与统计量符号相反", *_DIGITS),
    "triple.same_sign": ("coefficient and statistic agree in sign", "系数与统计量符号一致", *_NOTHING),
    "triple.quotient": (
        "coefficient over standard error against t",
        "系数除以标准误与 t 的比较",
        "coefficient, standard error and t",
        "核对系数、标准误与 t",
    ),
    "triple.p": (
        "p value of the statistic (met under: {df})",
        "统计量对应的 p 值（成立的分布：{df}）",
        "p value and statistic",
        "核对 p 值与统计量",
    ),
    "triple.middle": (
        "the middle of the interval against the coefficient",
        "置信区间中点与系数的比较",
        "the ends of the interval",
        "核对区间端点",
    ),
    "triple.critical": (
        "half the interval's width over the standard error is the critical value",
        "区间半宽除以标准误即临界值",
        "the interval's level and the standard error",
        "核对区间水平与标准误",
    ),
    "implied_se.implied": ("the standard error that coefficient and t imply", "由系数与 t 推出的标准误", *_NOTHING),
    "implied_se.one_digit": ("b has one digit", "系数只有一位有效数字", "ask for more digits", "请作者提供更多位数"),
    "implied_se.wide": (
        "the interval of b/t is too wide for a number",
        "b/t 的区间过宽",
        "ask for more digits",
        "请作者提供更多位数",
    ),
    "duplicate.twice": (
        "the same pair stands in column {other}; by the spread of the row such a coincidence has chance {chance}",
        "同一组数字亦见于 {other} 列；按该行离散程度，巧合概率约 {chance}",
        "whether one column was copied",
        "核对是否有一列系误抄",
    ),
    "duplicate.none": ("no pair of coefficient and statistic stands twice", "无重复的系数与统计量组合", *_NOTHING),
    "jump.far": (
        "against column {other} the coefficient moves by that many combined standard errors",
        "与 {other} 列相比系数变动达此倍数的合并标准误",
        "what changed between the columns: effects, sample, scale of the variable",
        "核对两列之间固定效应、样本或变量单位的变化",
    ),
    "jump.near": (
        "distance from column {other} in combined standard errors",
        "与 {other} 列之差（以合并标准误计）",
        *_NOTHING,
    ),
    "adj_r2.holds": (
        "holds with K = {counted} of N = {n}; the K implied is in {k}",
        "K = {counted}（N = {n}）时成立；隐含 K 属于 {k}",
        *_NOTHING,
    ),
    "adj_r2.other": (
        "holds with K = {counted}, not with the effects that the column reports; the K implied is in {k}",
        "K = {counted} 时成立，与该列所报固定效应不符；隐含 K 属于 {k}",
        "which effects are in the regression, and whether R2 and adjusted R2 are of one kind",
        "核对回归实际包含的固定效应，以及 R2 与调整后 R2 是否同类",
    ),
    "adj_r2.group": (
        "holds for a number of units that the rows of this sample allow; the K implied is in {k}",
        "在该样本观测数所允许的个体数下成立；隐含 K 属于 {k}",
        *_NOTHING,
    ),
    "adj_r2.fewer": (
        "holds for fewer units than stated; the K implied is in {k}",
        "个体数少于文中所述时成立；隐含 K 属于 {k}",
        "the number of units in the column",
        "核对该列个体数",
    ),
    "adj_r2.unsaid": (
        "the {slopes} slopes alone do not give it; the K implied is in {k}",
        "仅 {slopes} 个系数得不到该值；隐含 K 属于 {k}",
        "which effects are in the regression",
        "核对回归实际包含的固定效应",
    ),
    "adj_r2.hidden": (
        "controls are not shown; the K implied is in {k}, with {slopes} slopes shown",
        "控制变量未列出；隐含 K 属于 {k}，表中列出 {slopes} 个系数",
        *_NOTHING,
    ),
    "adj_r2.never": (
        "no K with {slopes} slopes and whole sets of dummies gives it; the K implied is in {k}",
        "{slopes} 个系数加任一组虚拟变量均不能得到该值；隐含 K 属于 {k}",
        "R2, adjusted R2 and N of the column",
        "核对该列 R2、调整后 R2 与 N",
    ),
    "f_r2.k_none": ("iid F of {slopes} slopes", "{slopes} 个系数的同方差 F", *_NOTHING),
    "f_r2.k_time": ("iid F that tests the time dummies too", "同时检验时间虚拟变量的同方差 F", *_NOTHING),
    "f_r2.k_unit": ("iid F that tests the unit dummies too", "同时检验个体虚拟变量的同方差 F", *_NOTHING),
    "f_r2.k_both": ("iid F that tests all dummies too", "同时检验全部虚拟变量的同方差 F", *_NOTHING),
    "f_r2.k_within": ("iid F of the slopes within the effects", "组内同方差 F", *_NOTHING),
    "f_r2.wald": (
        "R2, N = {n} and {slopes} slopes do not give the F with iid errors",
        "R2、N = {n} 与 {slopes} 个系数在同方差下得不到该 F",
        "the variance behind F and the terms it tests",
        "核对 F 所用方差与检验的变量",
    ),
    "one_regressor.square": ("F is t squared", "F 等于 t 的平方", *_NOTHING),
    "one_regressor.dummies": (
        "with one slope F of the slope is t squared; the printed F is another",
        "单一系数时其 F 应为 t 的平方；印刷 F 与之不同",
        "which terms F tests: dummies counted as terms make it so",
        "核对 F 检验的变量是否含虚拟变量",
    ),
    "one_regressor.no_square": (
        "with one slope and no effects F is t squared under any variance",
        "单一系数且无固定效应时，任何方差下 F 均等于 t 的平方",
        "t and F of the column",
        "核对该列的 t 与 F",
    ),
    "one_regressor.reading": (
        "R2 = t2/(t2 + df) holds as {reading}: {readings}",
        "R2 = t2/(t2 + df) 按 {reading} 成立：{readings}",
        *_NOTHING,
    ),
    "one_regressor.other": (
        "R2 = t2/(t2 + df) does not hold as the effect rows ask, but otherwise: {readings}",
        "R2 = t2/(t2 + df) 与固定效应行所述不符，而按他种读法成立：{readings}",
        "whether the effects are in this column",
        "核对该列是否真含固定效应",
    ),
    "one_regressor.robust": (
        "no iid reading gives R2: {readings}",
        "任何同方差读法均得不到 R2：{readings}",
        "the variance type",
        "核对方差类型",
    ),
    "f_rank.over": (
        "an F on {terms} terms needs rank {terms}; {clusters} clusters give less",
        "{terms} 个变量的 F 要求秩为 {terms}；{clusters} 个聚类不足",
        "the number of clusters and the terms tested",
        "核对聚类数与检验变量",
    ),
    "f_rank.within": ("{terms} terms, {clusters} clusters", "{terms} 个变量，{clusters} 个聚类", *_NOTHING),
    "r2_order.outside": ("R2 lies in [0, 1]", "R2 应在 [0, 1] 之内", "the cell", "核对该单元格"),
    "r2_order.adjusted": (
        "adjusted R2 exceeds R2",
        "调整后 R2 大于 R2",
        "whether the two rows are exchanged",
        "核对两行是否互换",
    ),
    "r2_order.falls": (
        "R2 falls against the nested column {other} on as many rows",
        "样本量相同而 R2 低于被嵌套列 {other}",
        "whether both are the same kind of R2 and the same sample",
        "核对两列 R2 是否同类、样本是否相同",
    ),
    "r2_order.leap": (
        "against column {other} R2 rises by more than .5 with the same effects ({effects})",
        "与 {other} 列固定效应相同（{effects}）而 R2 上升超过 0.5",
        "whether the effects are in both columns, and whether a control is part of the outcome",
        "核对两列是否均含固定效应，控制变量是否构成被解释变量的一部分",
    ),
    "r2_order.ordered": ("change against the nested column {other}", "相对于被嵌套列 {other} 的变化", *_NOTHING),
    "constant.means": (
        "the mean of the outcome less slopes times means",
        "被解释变量均值减去系数与均值之积",
        *_NOTHING,
    ),
    "constant.base": (
        "the constant at the means differs; the column has effects",
        "按均值计算的常数项与之不同；该列含固定效应",
        "the base category of the dummies",
        "核对虚拟变量基准组",
    ),
    "constant.sample": (
        "the constant at the means differs although the column has no effects",
        "该列无固定效应而按均值计算的常数项与之不同",
        "whether the means are those of this sample",
        "核对均值是否来自同一样本",
    ),
    "dummy_moments.rows": (
        "the two standard errors imply that many treated rows of N = {n}; by definition: {stated}",
        "两个标准误隐含的处理观测数（N = {n}）；按定义：{stated}",
        "the years in which the treatment is one, and whether the column is pooled",
        "核对处理变量取 1 的年份及该列是否为混合回归",
    ),
}
