"""Which module runs which method. Looked up by name, not imported: a job loads, and is fingerprinted by, one."""

METHODS = {
    "linear": "citypanel.estimate.linear",
    "event_study": "citypanel.estimate.event_study",
    "did": "citypanel.estimate.did",
    "placebo": "citypanel.estimate.placebo",
    "psm_did": "citypanel.estimate.matching",
    "mediation": "citypanel.estimate.mediation",
    "quantile": "citypanel.estimate.quantile",
    "gmm": "citypanel.estimate.gmm",
    "spatial": "citypanel.estimate.spatial",
    "moran": "citypanel.estimate.moran",
    "spatial_lm": "citypanel.estimate.spatial_lm",
    "describe": "citypanel.estimate.describe",
    "correlate": "citypanel.estimate.describe",
    "vif": "citypanel.estimate.describe",
}
