"""The fixed words of tables and figures, English and Chinese side by side."""

from citypanel.errors import DeclarationError

LANGUAGES = ("en", "zh")

WORDS: dict[str, tuple[str, str]] = {
    "simulated": ("simulated data", "模拟数据"),
    "simulated note": (
        "All numbers come from simulated data; they say nothing about the world.",
        "全部数字来自模拟数据，不反映现实。",
    ),
    "notes": ("Notes:", "注："),
    "yes": ("Yes", "是"),
    "no": ("No", "否"),
    "omitted": ("omitted", "略去"),
    "omitted note": (
        "Omitted: the term is not identified in that column.",
        "“略去”表示该列无法识别该项系数。",
    ),
    "variable": ("Variable", "变量"),
    "intercept": ("Constant", "常数项"),
    "fixed effects": ("{name} fixed effects", "{name}固定效应"),
    "lag": ("{name} (lag {lag})", "{name}（滞后{lag}期）"),
    "lead": ("{name} (lead {lag})", "{name}（提前{lag}期）"),
    "spatial lag": ("W × {name}", "W × {name}"),
    "between": ("; ", "；"),
    "stop": (". ", "。"),
    "colon": (": ", "："),
    "comma": (", ", "，"),
    "open": (" (", "（"),
    "close": (")", "）"),
    "column": ("column {columns}", "第 {columns} 列"),
    "columns": ("columns {columns}", "第 {columns} 列"),
    "standard errors": ("Standard errors", "标准误"),
    "lags": ("{lags} lags", "滞后 {lags} 阶"),
    "cutoff": ("{kernel} kernel up to {km} km", "{km} 公里以内（{kernel} 核）"),
    "and": (" and ", "和"),
    "listing": (", ", "、"),
    "in parentheses se": ("Standard errors in parentheses", "括号内为标准误"),
    "in parentheses t": ("t statistics in parentheses", "括号内为 t 统计量"),
    "in parentheses z": ("z statistics in parentheses", "括号内为 z 统计量"),
    "in parentheses tz": ("t or z statistics in parentheses", "括号内为 t 或 z 统计量"),
    "in parentheses p": ("p values in parentheses", "括号内为 p 值"),
    "clusters": ("{count} clusters", "{count} 个聚类"),
    "ssc": ("small-sample correction of {rule}", "小样本校正规则：{rule}"),
    "no ssc": ("without small-sample correction", "未作小样本校正"),
    "df t": ("t distribution with {df} degrees of freedom", "t 分布，自由度 {df}"),
    "df normal": ("normal distribution", "正态分布"),
    "in the order": ("in the order of the columns", "按列序排列"),
    "windmeijer": ("two-step with Windmeijer's correction", "两步法，Windmeijer 校正"),
    "units": ("{count} units", "{count} 个个体"),
    "periods": ("{count} periods", "{count} 个时期"),
    "years": ("{first}–{last}", "{first}–{last} 年"),
    "sample": ("Sample", "样本"),
    "rows where": ("rows with {where}", "样本限定：{where}"),
    "singletons": ("singleton rows dropped: {count}", "剔除单例观测 {count} 个"),
    "collinear": ("Left out as collinear: {names}", "因共线略去：{names}"),
    "rows left out": ("{count} rows left out: {reason}", "剔除 {count} 行：{reason}"),
    "missing": ("{name} is missing", "{name}缺失"),
    "undefined": ("{name} is missing or not defined", "{name}缺失或无定义"),
    "warning": ("Warning", "提示"),
    "mean vif": ("Mean VIF", "VIF 均值"),
    "vif": ("VIF", "VIF"),
    "correlation note": (
        "Pearson correlations below the diagonal",
        "下三角为 Pearson 相关系数",
    ),
    "vif note": ("VIF: variance inflation factor", "VIF 为方差膨胀因子"),
    "pairwise n": ("number of observations from {low} to {high}", "观测值 {low} 至 {high} 个"),
    "rows": ("{count} observations", "观测值 {count} 个"),
    "event time": ("Years relative to treatment", "相对政策实施的年数"),
    "coefficient": ("Estimate", "估计系数"),
    "figure note interval": (
        "Points are estimates, bars {level}% confidence intervals",
        "点为估计系数，竖线为 {level}% 置信区间",
    ),
    "figure note band": ("grey bars the uniform band (sup-t)", "灰色竖线为一致置信带（sup-t）"),
    "figure note base": ("the hollow point is the base period", "空心点为基期"),
    "pretrend": (
        "Joint test of the leads: F = {f}, p = {p}",
        "事前系数联合检验：F = {f}，p = {p}",
    ),
}

VARIANCES: dict[str, tuple[str, str]] = {
    "iid": ("homoskedastic", "同方差"),
    "hetero": ("heteroskedasticity-robust (HC1)", "异方差稳健（HC1）"),
    "HC1": ("heteroskedasticity-robust (HC1)", "异方差稳健（HC1）"),
    "HC2": ("heteroskedasticity-robust (HC2)", "异方差稳健（HC2）"),
    "HC3": ("heteroskedasticity-robust (HC3)", "异方差稳健（HC3）"),
    "cluster": ("clustered by {by}", "按{by}聚类"),
    "hac": ("Newey-West within units", "个体内 Newey-West"),
    "dk": ("Driscoll-Kraay", "Driscoll-Kraay"),
    "conley": ("Conley spatial", "Conley 空间稳健"),
    "bootstrap": ("bootstrap", "自助法"),
    "robust": ("robust", "稳健"),
}

NAMES: dict[str, tuple[str, str]] = {
    "city": ("City", "城市"),
    "year": ("Year", "年份"),
    "province": ("Province", "省份"),
    "Intercept": ("Constant", "常数项"),
    "rho": ("ρ", "ρ"),
    "lambda": ("λ", "λ"),
    "att": ("ATT", "平均处理效应"),
    "I": ("Moran’s I", "莫兰指数 I"),
}

STATISTICS: dict[str, tuple[str, str]] = {
    "n": ("Observations", "观测值"),
    "units": ("Units", "个体数"),
    "periods": ("Periods", "时期数"),
    "clusters": ("Clusters", "聚类数"),
    "r2": ("R²", "R²"),
    "r2_adj": ("Adjusted R²", "调整 R²"),
    "r2_within": ("Within R²", "组内 R²"),
    "f": ("F", "F 值"),
    "df_resid": ("Residual df", "残差自由度"),
    "rmse": ("RMSE", "均方根误差"),
    "k": ("Parameters", "参数个数"),
    "first_stage_f": ("First-stage F", "第一阶段 F 值"),
    "effective_f": ("Effective F", "有效 F 值"),
    "kp_rk_lm": ("Kleibergen-Paap rk LM", "Kleibergen-Paap rk LM"),
    "kp_rk_lm_p": ("Kleibergen-Paap rk LM (p)", "Kleibergen-Paap rk LM（p 值）"),
    "kp_rk_f": ("Kleibergen-Paap rk F", "Kleibergen-Paap rk F"),
    "cragg_donald_f": ("Cragg-Donald F", "Cragg-Donald F"),
    "anderson_rubin_f": ("Anderson-Rubin F", "Anderson-Rubin F"),
    "anderson_rubin_p": ("Anderson-Rubin (p)", "Anderson-Rubin（p 值）"),
    "anderson_rubin_ci": ("Anderson-Rubin interval", "Anderson-Rubin 区间"),
    "sargan": ("Sargan", "Sargan"),
    "sargan_df": ("Sargan df", "Sargan 自由度"),
    "sargan_p": ("Sargan (p)", "Sargan（p 值）"),
    "hansen": ("Hansen", "Hansen"),
    "hansen_df": ("Hansen df", "Hansen 自由度"),
    "hansen_p": ("Hansen (p)", "Hansen（p 值）"),
    "hansen_j": ("Hansen J", "Hansen J"),
    "overid_p": ("Overidentification (p)", "过度识别（p 值）"),
    "pretrend_f": ("Joint test of leads: F", "事前联合检验 F 值"),
    "pretrend_p": ("Joint test of leads (p)", "事前联合检验（p 值）"),
    "p_two_sided": ("Two-sided p", "双侧 p 值"),
    "matched_rows": ("Matched rows", "匹配样本"),
    "on_support": ("On support", "共同支撑样本"),
    "objective": ("Objective", "目标函数"),
    "ar1_z": ("AR(1) z", "AR(1) z 值"),
    "ar1_p": ("AR(1) (p)", "AR(1)（p 值）"),
    "ar2_z": ("AR(2) z", "AR(2) z 值"),
    "ar2_p": ("AR(2) (p)", "AR(2)（p 值）"),
    "instruments": ("Instruments", "工具变量数"),
    "sigma2": ("σ²", "σ²"),
    "loglik": ("Log likelihood", "对数似然值"),
    "aic": ("AIC", "AIC"),
    "lr_vs_sar": ("LR, SDM against SAR", "LR 检验（SDM 对 SAR）"),
    "lr_vs_sem": ("LR, SDM against SEM", "LR 检验（SDM 对 SEM）"),
    "wald_vs_sar": ("Wald, SDM against SAR", "Wald 检验（SDM 对 SAR）"),
    "wald_vs_sem": ("Wald, SDM against SEM", "Wald 检验（SDM 对 SEM）"),
    "lm_lag": ("LM lag", "LM（空间滞后）"),
    "lm_error": ("LM error", "LM（空间误差）"),
    "rlm_lag": ("Robust LM lag", "稳健 LM（空间滞后）"),
    "rlm_error": ("Robust LM error", "稳健 LM（空间误差）"),
    "mean": ("Mean", "均值"),
    "sd": ("SD", "标准差"),
    "min": ("Min", "最小值"),
    "p25": ("P25", "25% 分位数"),
    "median": ("Median", "中位数"),
    "p75": ("P75", "75% 分位数"),
    "max": ("Max", "最大值"),
}


def known_language(language: str) -> str:
    """Return the language; raise `DeclarationError` for one that is not written."""
    if language not in LANGUAGES:
        raise DeclarationError(f"language '{language}' is unknown; allowed: {', '.join(LANGUAGES)}")
    return language


def chosen(pair: tuple[str, str], language: str) -> str:
    """Return the text of a language."""
    return pair[LANGUAGES.index(known_language(language))]


def say(key: str, language: str, **values: object) -> str:
    """Return a fixed text with its places filled."""
    return chosen(WORDS[key], language).format(**values)
