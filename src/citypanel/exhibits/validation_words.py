"""The fixed words of validation tables and figures, English and Chinese side by side."""

VALIDATION: dict[str, tuple[str, str]] = {
    "estimator": ("Estimator", "估计量"),
    "validation truth": ("True value", "真值"),
    "validation bias": ("Bias", "偏差"),
    "validation sd": ("SD", "标准差"),
    "validation mean_se": ("Mean SE", "平均标准误"),
    "validation coverage": ("Coverage (%)", "覆盖率（%）"),
    "validation size": ("Size (%)", "检验水平（%）"),
    "validation draws": ("Panels", "面板数"),
    "validation mark": ("Note", "注"),
    "validation error": ("Simulation error", "模拟误差"),
    "coverage note": (
        (
            "Up to {draws} drawn panels; SD is of the estimates, mean SE the root mean square of standard errors, "
            "coverage that of 95% intervals; a coverage of 95% has a simulation error of {error} points"
        ),
        (
            "至多 {draws} 个模拟面板；标准差为估计值的标准差，平均标准误为标准误的均方根，覆盖率针对 95% 置信区间；"
            "95% 覆盖率的模拟误差为 {error} 个百分点"
        ),
    ),
    "size note": (
        "Share of up to {draws} drawn panels in which a 5% test rejects although its hypothesis holds",
        "至多 {draws} 个模拟面板中，原假设成立而 5% 水平检验仍拒绝的比例",
    ),
    "validation mean note": (
        "The true value is the mean over panels, because effects differ by city and cities are drawn anew",
        "真值为各面板的均值，因为效应因城市而异且每次重新抽取城市",
    ),
    "validation unexplained": (
        (
            "An exclamation mark: more than two points from the nominal rate and no reason declared; of rates that are "
            "nominal {chance}% lie there by chance"
        ),
        "叹号：偏离名义水平两个百分点以上且未声明原因；真实为名义水平者也有 {chance}% 因模拟误差落在其外",
    ),
    "validation bias axis": ("Bias in standard deviations", "偏差（以标准差计）"),
    "coverage figure note": (
        "Points with bars of two simulation errors; the grey band holds 93 to 97%; triangles lie beyond the axis",
        "点为估计值，横线为两倍模拟误差；灰带为 93%–97%；三角表示超出坐标范围",
    ),
    "size figure note": (
        "Points with bars of two simulation errors; the grey band holds 3 to 7%; triangles lie beyond the axis",
        "点为估计值，横线为两倍模拟误差；灰带为 3%–7%；三角表示超出坐标范围",
    ),
    "own lag": ("lag", "滞后项"),
    "t test": ("t test", "t 检验"),
    "recovered": ("What is recovered", "还原对象"),
    "recovery n": ("Observations", "观测值"),
    "recovery correlation": ("Correlation", "相关系数"),
    "recovery slope": ("Slope", "斜率"),
    "recovery truth": ("True value", "真值"),
    "recovery estimate": ("Estimate", "估计值"),
    "recovery se": ("SE", "标准误"),
    "recovery distance": ("Distance (SE)", "距离（标准误）"),
    "recovery quality": ("Quality of flows and elasticities", "贸易流质量与替代弹性"),
    "recovery cities": ("Values of cities and years", "城市—年份取值"),
    "recovery effects": ("Effects", "效应"),
    "recovery note": (
        (
            "Slope and correlation of the estimate on what is true in the simulated raw files; the distance of an "
            "effect from the true one is in its standard errors"
        ),
        "斜率与相关系数为估计值对模拟原始文件真值的回归与相关；效应的距离以其标准误计",
    ),
    "quality by_product": ("Quality by product, with the instrument", "分产品估计质量，使用工具变量"),
    "quality least_squares": ("Quality by product, without the instrument", "分产品估计质量，不用工具变量"),
    "quality true_sigma": ("Quality, pooled, true elasticities", "混合估计质量，真实弹性"),
    "quality sigma_5": ("Quality, pooled, elasticity 5 for all", "混合估计质量，弹性一律取 5"),
    "quality sigma": ("Elasticities, with the instrument", "替代弹性，使用工具变量"),
    "quality sigma_least_squares": ("Elasticities, without the instrument", "替代弹性，不用工具变量"),
    "true value axis": ("True value", "真值"),
    "estimate axis": ("Estimate", "估计值"),
    "recovery figure note": (
        (
            "Each point is a flow ({flows} of {all}) or a product; the line is least squares, the dashed one equality; "
            "estimated quality has a mean of zero by construction"
        ),
        (
            "每点为一笔贸易流（{all} 笔中的 {flows} 笔）或一种产品；实线为最小二乘拟合，虚线为相等；"
            "质量估计值按构造均值为零"
        ),
    ),
}

TESTS: dict[str, tuple[str, str]] = {
    "pretrend_p": ("test of the leads", "事前趋势检验"),
    "p_two_sided": ("by the estimate", "依估计值"),
    "p_two_sided_t": ("by t", "依 t 值"),
    "overid_p": ("overidentification", "过度识别检验"),
    "hansen_p": ("Hansen", "Hansen 检验"),
    "ar2_p": ("AR(2)", "AR(2) 检验"),
    "anderson_rubin_ci": ("AR set", "AR 集"),
    "lm_error_p": ("LM error", "LM（空间误差）"),
    "lm_lag_p": ("LM lag", "LM（空间滞后）"),
    "rlm_error_p": ("robust LM error", "稳健 LM（空间误差）"),
    "rlm_lag_p": ("robust LM lag", "稳健 LM（空间滞后）"),
    "lr_vs_sar_p": ("LR against the lag model", "LR 检验（对空间滞后）"),
    "wald_vs_sar_p": ("Wald against the lag model", "Wald 检验（对空间滞后）"),
    "lr_vs_sem_p": ("LR against the error model", "LR 检验（对空间误差）"),
    "wald_vs_sem_p": ("Wald against the error model", "Wald 检验（对空间误差）"),
    "I": ("years", "逐年"),
}
