"""scikit-learn's way in: estimators and encoders for pipelines, grids and cross-validation. Imported only when asked for."""

from snnopt.errors import missing_package

try:
    import sklearn.utils.validation as _validation

    _validation.validate_data  # noqa: B018 - since 1.6
except ImportError:
    raise missing_package("snnopt.sklearn", "scikit-learn", "data") from None
except AttributeError:
    raise missing_package("snnopt.sklearn", "scikit-learn 1.6 or newer", "data") from None

from snnopt.sklearn.classifier import SNNClassifier
from snnopt.sklearn.encoders import CurrentEncoder, DeltaEncoder, LatencyEncoder, RateEncoder
from snnopt.sklearn.regressor import SNNRegressor

__all__ = ["CurrentEncoder", "DeltaEncoder", "LatencyEncoder", "RateEncoder", "SNNClassifier", "SNNRegressor"]
