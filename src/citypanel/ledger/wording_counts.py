"""Words of findings about counts and moments: explanation (en, zh), what to check (en, zh)."""

_NOTHING = ("nothing", "无需核对")

COUNTS: dict[str, tuple[str, str, str, str]] = {
    "n_cells.fits": ("N is at most {units} x {periods} = {most}", "N 不超过 {units} x {periods} = {most}", *_NOTHING),
    "n_cells.over": (
        (
            "{units} units in {periods} periods give {most} rows at most; N needs {least_units} units, and "
            "is the product of {pairs} (units x periods)"
        ),
        (
            "{units} 个个体、{periods} 期至多 {most} 个观测；该 N 至少需要 {least_units} 个个体，可分解为 "
            "{pairs}（个体 x 时期）"
        ),
        "the numbers of units and periods, and duplicate rows",
        "核对个体数、时期数及重复观测",
    ),
    "n_cells.unbalanced": (
        (
            "a balanced panel of {units} x {periods} has {most} rows; N is not divisible by the periods; "
            "pairs near: {pairs}"
        ),
        "{units} x {periods} 的平衡面板应有 {most} 个观测；N 不能被时期数整除；相近组合：{pairs}",
        "whether the panel is balanced",
        "核对面板是否平衡",
    ),
    "n_cells.other_units": (
        "a balanced panel of {units} x {periods} has {most} rows; pairs near: {pairs}",
        "{units} x {periods} 的平衡面板应有 {most} 个观测；相近组合：{pairs}",
        "the number of units in the regression",
        "核对回归中的个体数",
    ),
    "n_split.adds": ("the groups of {split} add up to {full}", "{split} 各组之和等于 {full}", *_NOTHING),
    "n_split.short": (
        "the groups of {split} lack {missing} of {full} rows",
        "{split} 各组比全样本 {full} 少 {missing} 个观测",
        "rows without the split variable, or dropped singletons",
        "核对分组变量缺失或被剔除的单例观测",
    ),
    "n_split.over": (
        "the groups of {split} have {missing} rows more than {full}",
        "{split} 各组比全样本 {full} 多 {missing} 个观测",
        "whether groups overlap",
        "核对各组是否重叠",
    ),
    "n_lag.fits": (
        "at most {bound} units lose {depth} period(s) each; {units} stated, at least {least} needed for {full} rows",
        "至多 {bound} 个个体各失去 {depth} 期；文中称 {units} 个，{full} 个观测至少需要 {least} 个",
        *_NOTHING,
    ),
    "n_lag.over": (
        "{units} units would each lose {depth} period(s); the columns differ by too few rows of {full}",
        "{units} 个个体各应失去 {depth} 期；与 {full} 相比减少的观测过少",
        "N of the column with the lag",
        "核对含滞后项列的 N",
    ),
    "n_columns.same": ("all columns have as many rows", "各列观测数相同", *_NOTHING),
    "n_columns.differ": (
        "{lost} rows between {large} and {small}; terms in one of them only: {added}",
        "{large} 与 {small} 相差 {lost} 个观测；仅见于其一的变量：{added}",
        "missing values of these terms, or another rule for the sample",
        "核对上述变量缺失值或样本规则",
    ),
    "event_support.all": ("behind {time} stand cohorts {behind}", "{time} 期背后的批次：{behind}", *_NOTHING),
    "event_support.some": (
        "behind {time} stand cohorts {behind} of {all}: the composition changes",
        "{time} 期背后仅有批次 {behind}（全部为 {all}）：构成改变",
        "whether the path reflects time or composition",
        "核对走势反映时间还是构成变化",
    ),
    "event_support.nobody": (
        "no cohort of {all} is observed at {time}",
        "{all} 各批次在 {time} 期均无观测",
        "the window of the event study",
        "核对事件研究窗口",
    ),
    "placebo_count.same": (
        "{fake} of {pool}; smallest p after {draws} draws is 1/(1 + draws)",
        "{pool} 中抽取 {fake} 个；{draws} 次抽取的最小 p 为 1/(1 + 次数)",
        *_NOTHING,
    ),
    "placebo_count.differs": (
        "{fake} of {pool} are drawn, the sample has {treated} of {units}; smallest p is 1/(1 + {draws})",
        "由 {pool} 中抽取 {fake} 个，而样本为 {units} 中 {treated} 个；最小 p 为 1/(1 + {draws})",
        "the sample of the placebo test",
        "核对安慰剂检验样本",
    ),
    "placebo_count.sample": (
        (
            "the draw is made from {pool} units, but the regression's rows need at least {least} units; "
            "smallest p is 1/(1 + {draws})"
        ),
        "安慰剂由 {pool} 个个体抽取，而回归观测数至少需要 {least} 个个体；最小 p 为 1/(1 + {draws})",
        "the treated and all units of the regression sample",
        "核对回归样本的处理个体与个体总数",
    ),
    "cohorts.sum": (
        "treated and control units against all units",
        "处理与对照个体之和与个体总数比较",
        "the counts",
        "核对个体数",
    ),
    "cohorts.by_year": (
        "the cohorts' sum against the treated units",
        "各批次之和与处理个体数比较",
        "the counts",
        "核对个体数",
    ),
    "cohorts.announced": (
        "treated units against those announced",
        "处理个体数与公布数量比较",
        "the policy's register",
        "核对政策名单",
    ),
    "moments.holds": ("the moments keep all bounds", "各矩满足全部约束", *_NOTHING),
    "moments.order": ("{low} exceeds {high}", "{low} 大于 {high}", "the row's digits", "核对该行数字"),
    "moments.negative": ("a standard deviation is not negative", "标准差不能为负", "the row's digits", "核对该行数字"),
    "moments.median": (
        "mean and median differ by more than one standard deviation",
        "均值与中位数之差超过一个标准差",
        "the row's digits",
        "核对该行数字",
    ),
    "moments.sd": (
        "the standard deviation exceeds the most that mean and range allow",
        "标准差超过均值与极值所允许的上限",
        "the row's digits",
        "核对该行数字",
    ),
    "units.log": (
        "the mean log implies this level; in other units {levels}; the range is {spread}",
        "对数均值隐含该水平；换算：{levels}；范围 {spread}",
        "declare the unit that makes the level plausible",
        "请声明使该水平合理的单位",
    ),
    "units.huge": (
        "a log of this size implies levels up to {spread}; {levels}",
        "该对数隐含水平达 {spread}；{levels}",
        "whether the variable is a log",
        "核对该变量是否为对数",
    ),
    "units.share": ("within [0, 1]", "在 [0, 1] 之内", *_NOTHING),
    "units.outside": (
        "defined as a share or per head, it leaves [0, 1]",
        "定义为占比或人均却超出 [0, 1]",
        "the unit: per cent, per ten, per hundred",
        "核对单位：百分比、每十人、每百人",
    ),
    "units.ratio": ("a ratio of levels is not negative", "水平之比非负", *_NOTHING),
    "units.negative": ("a ratio of levels is negative", "水平之比为负", "the definition", "核对定义"),
    "units.looks_log": (
        "defined as a level, it has the range of a log; exp of the mean is given",
        "定义为水平值而范围似对数；所列为均值的指数",
        "whether a log is taken",
        "核对是否取对数",
    ),
    "units.level": ("nothing speaks against the definition", "与定义无冲突", *_NOTHING),
    "r_stars.stars": (
        "p of r; critical values: {critical}",
        "r 的 p 值；临界值：{critical}",
        "stars and r",
        "核对星号与相关系数",
    ),
    "psd.range": ("a correlation lies in [-1, 1]", "相关系数应在 [-1, 1] 之内", "the cell", "核对该单元格"),
    "psd.diagonal": ("the diagonal is one", "对角线应为 1", "the cell", "核对该单元格"),
    "psd.asymmetric": ("both triangles print different numbers", "上下三角数字不同", "the two cells", "核对两个单元格"),
    "psd.holds": (
        "bounds of the largest smallest eigenvalue within rounding; as printed {smallest}",
        "舍入范围内最小特征值的最大可能界；按印刷值为 {smallest}",
        *_NOTHING,
    ),
    "psd.negative": (
        "no matrix within rounding is positive semidefinite; as printed the smallest eigenvalue is {smallest}",
        "舍入范围内不存在半正定矩阵；按印刷值最小特征值为 {smallest}",
        "the correlations, and whether all stand on one sample",
        "核对相关系数及是否同一样本",
    ),
    "vif.computed": (
        "from the matrix; mean VIF {mean}; {pair} alone implies {least}",
        "由矩阵计算；平均 VIF {mean}；仅 {pair} 即要求不低于 {least}",
        *_NOTHING,
    ),
    "vif.below": ("below the bound {bound}; mean VIF {mean}", "低于界限 {bound}；平均 VIF {mean}", *_NOTHING),
    "vif.above": (
        "above the stated bound {bound}; mean VIF {mean}; {pair} alone implies {least}",
        "高于所述界限 {bound}；平均 VIF {mean}；仅 {pair} 即要求不低于 {least}",
        "whether the bound speaks of single factors or of their mean, and of which regressors",
        "核对界限指单个还是平均 VIF，以及所含变量",
    ),
    "ols_from_moments.slope": (
        "pooled least squares from the printed moments",
        "由印刷的矩计算的混合 OLS 系数",
        "whether the column stands on the sample of the moments",
        "核对该列样本是否与描述统计一致",
    ),
    "ols_from_moments.iid": (
        "iid standard error from the printed moments; ratio {ratio}",
        "由矩计算的同方差标准误；比值 {ratio}",
        *_NOTHING,
    ),
    "ols_from_moments.not_iid": (
        "iid standard error from the printed moments; printed over iid {ratio}",
        "由矩计算的同方差标准误；印刷值与之比 {ratio}",
        "the variance type",
        "核对方差类型",
    ),
    "ols_from_moments.r2": (
        "R2 = r'R^-1 r from the printed moments",
        "由矩计算的 R2",
        "whether the column stands on the sample of the moments",
        "核对该列样本是否与描述统计一致",
    ),
}
