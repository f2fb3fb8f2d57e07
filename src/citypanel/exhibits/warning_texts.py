"""What estimators warn of, English and Chinese side by side: the English is the record's own text.

Places: `{name}` is a term, `{names}` terms joined by commas; both are shown with the study's labels. `{reason}` is a
text of `REASONS`. All other places are copied. The first text that fits is taken, so special ones come first.
"""

ROUTINE: dict[str, str] = {
    "left out as collinear: {names}": "因共线略去：{names}",
    "collinear regressors were left out: {names}": "因共线略去：{names}",
    "{count} rows left out: {reason}": "剔除 {count} 行：{reason}",
    "no instruments are declared; taken are gmm={gmm} and iv={iv}": "未声明工具变量，默认取 gmm={gmm}，iv={iv}",
    "no instruments are declared; taken are gmm={gmm}": "未声明工具变量，默认取 gmm={gmm}",
}

REASONS: dict[str, str] = {
    "alone in a fixed effect (singletons)": "固定效应组内仅此一行（单例）",
    "a variable is missing": "有变量缺失",
    "a covariate of the score is missing": "倾向得分的协变量缺失",
    "not matched": "未获匹配",
    "weight {weight} is zero or missing": "权重 {weight} 为零或缺失",
    "{name} is in no group of the split": "{name}不属于任何分组",
    "{name} is missing or not defined": "{name}缺失或无定义",
    "{name} is missing": "{name}缺失",
}

WARNINGS: dict[str, str] = {
    "the variance matrix was not positive semidefinite; its negative eigenvalues are set to zero": (
        "方差矩阵非半正定，负特征值已置零"
    ),
    "outcome {name} does not vary": "被解释变量{name}没有变异",
    "perfect fit: standard errors and statistics are rounding only": "完全拟合：标准误与统计量只反映舍入误差",
    "{name} has no value": "{name}没有取值",
    "{name} in {other} {group} has no value": "{name}在{other} {group} 没有取值",
    "{name} has one value only and no density": "{name}只有一个取值，无法估计密度",
    "{name} in {other} {group} has one value only and no density": "{name}在{other} {group} 只有一个取值，无法估计密度",
    "{name} and {other} have no correlation: one does not vary": "{name}与{other}无法计算相关系数：其一没有变异",
    "{name} is collinear with the rest and left out": "{name}与其他变量共线，略去",
    "no treated unit is seen at {times}: no coefficient there": "在 {times} 期没有处理组观测，该期无系数",
    "no unit is never treated: effects are compared between cohorts, and a common trend may hide": (
        "没有从未受处理的个体：效应只在各批次之间比较，可能掩盖共同趋势"
    ),
    "{count} rows of treated units left out: beyond the window (bin_ends=false)": (
        "剔除处理组窗口期外的 {count} 行（bin_ends=false）"
    ),
    "column '{column}': cohort {cohorts} begins after the last period {last}; its {count} units count as never "
    "treated": ("列 {column}：批次 {cohorts} 的处理始于最后一期 {last} 之后，其 {count} 个个体视为从未受处理"),
    "{gaps} of {count} units are not seen in all {periods} periods and are left out": (
        "{count} 个个体中有 {gaps} 个未覆盖全部 {periods} 期，予以剔除"
    ),
    "{count} units are treated from the first period on: left out, they have no period before": (
        "{count} 个个体自首期即受处理：没有处理前时期，予以剔除"
    ),
    "{count} units are treated from the first period on: left out, they have no period before treatment": (
        "{count} 个个体自首期即受处理：没有处理前时期，予以剔除"
    ),
    "no unit is never treated: cohort {cohort} is the comparison group, periods from {first} on are left out": (
        "没有从未受处理的个体：以批次 {cohort} 为对照组，剔除 {first} 年及以后各期"
    ),
    "not identified, left out: cohort:event time {cells}": "无法识别而略去的批次:相对时期：{cells}",
    "cohort {cohort} in {period} is not estimated: no unit is untreated then": (
        "批次 {cohort} 在 {period} 期未估计：当期没有未受处理的个体"
    ),
    "cohort {cohort} in {period} is not estimated: {treated} treated and {control} control units are too few for "
    "{covariates} covariates": (
        "批次 {cohort} 在 {period} 期未估计：处理组 {treated} 个、"
        "对照组 {control} 个个体不足以估计 {covariates} 个协变量"
    ),
    "no joint test of the effects before treatment: cohort {cohort} has {units} units for {count} effects before "
    "treatment": "处理前效应不作联合检验：批次 {cohort} 仅 {units} 个个体，却有 {count} 个处理前效应",
    "the joint test of the effects before treatment rejects too often: cohort {cohort} has {units} units for {count} "
    "effects before treatment": (
        "处理前效应的联合检验过度拒绝：批次 {cohort} 仅 {units} 个个体，却有 {count} 个处理前效应"
    ),
    "{count} treated rows cannot be predicted from untreated ones and are left out of the effects": (
        "{count} 行处理组观测无法由未处理观测预测，不计入效应"
    ),
    "{count} treated rows lie outside the common support and are left out": (
        "{count} 行处理组观测不在共同支撑内，予以剔除"
    ),
    "{count} treated rows find no control near enough and are left out": (
        "{count} 行处理组观测没有足够接近的对照，予以剔除"
    ),
    "period {period} has no treated row and is not matched": "{period} 期没有处理组观测，未作匹配",
    "period {period} has no untreated row and is not matched": "{period} 期没有对照组观测，未作匹配",
    "period {period}: {name} is collinear in the score and left out": "{period} 期：{name}在倾向得分中共线，略去",
    "{name} is collinear in the score and left out": "{name}在倾向得分中共线，略去",
    "the fitted scale is not positive in {count} rows; quantiles may cross there": (
        "{count} 行的拟合尺度非正，该处分位数可能交叉"
    ),
    "{count} dummies of fixed effects are estimated with each quantile; in short panels this biases them "
    "(estimator=canay or mmqr takes unit effects out)": (
        "每个分位数同时估计 {count} 个固定效应虚拟变量，短面板下估计有偏（estimator=canay 或 mmqr 可先消去个体效应）"
    ),
    "estimator=canay has no analytic standard error here; set option bootstrap (draws of whole units)": (
        "estimator=canay 无解析标准误，请设置 bootstrap（按个体整体抽样）"
    ),
    "{count} instruments exceed {units} units: estimates lean towards least squares and Hansen's p towards 1; shorten "
    "the lag ranges (MAX) or add ':collapse'": (
        "工具变量 {count} 个多于个体 {units} 个：估计偏向最小二乘，Hansen 检验 p 值"
        "偏向 1，应缩短滞后范围（MAX）或加 :collapse"
    ),
    "{count} instruments are combinations of others and are not counted": (
        "{count} 个工具变量是其他工具变量的组合，不计入"
    ),
    "{count} clusters do not identify a second step; there is no Hansen test": (
        "{count} 个聚类不足以识别第二步，无 Hansen 检验"
    ),
    "the two-step weight is singular (rank {rank} of {count}, {clusters} clusters): a generalised inverse is used, so "
    "two-step estimates and the Hansen test are not to be trusted": (
        "两步权重矩阵奇异（秩 {rank}，共 {count} 列，{clusters} 个聚类）：使用广义逆，两步估计与 Hansen 检验不可信"
    ),
    "{name} is left out: it does not vary over time within units": "略去{name}：个体内不随时间变化",
    "{name} is left out: it is a combination of the other regressors": "略去{name}：它是其他解释变量的组合",
    "option iv, group '{group}': it does not vary in its equation, so it instruments nothing": (
        "选项 iv 的 {group} 组：在其方程内没有变异，不起工具变量作用"
    ),
    "{count} units have no complete row and are left out: {units}": "{count} 个个体没有完整观测，予以剔除：{units}",
    "{count} units have gaps in {column} ({units}); lags, differences and instruments follow the calendar": (
        "{count} 个个体在 {column} 上有间断（{units}）；滞后、差分与工具变量按日历计"
    ),
    "the spatial parameter stands at the end of the stable range ({low}, {high}); its standard error and the effects "
    "mean nothing there": "空间参数位于稳定区间（{low}，{high}）端点，其标准误与效应没有意义",
    "{count} of the simulated draws lie outside the stable range ({low}, {high}); mc_mean and mc_sd hold them, "
    "mc_mean_stable and mc_sd_stable do not": (
        "{count} 次模拟抽取落在稳定区间（{low}，{high}）之外；"
        "mc_mean 与 mc_sd 含之，mc_mean_stable 与 mc_sd_stable 不含"
    ),
    "weights {file}: {count} units not in the sample were left out: {units}": (
        "权重 {file}：{count} 个不在样本内的个体已剔除：{units}"
    ),
}
