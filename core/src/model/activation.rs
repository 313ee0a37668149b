//! Functions of one value that follow a layer.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A function of one value that follows a layer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(0, x)`.
    #[default]
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `x` where it is positive, else this multiple of it.
    LeakyRelu(f64),
    /// `x Φ(x)` with the normal distribution function Φ (Hendrycks and Gimpel 2016), by the error function.
    Gelu,
    /// `x / (1 + exp(-x))`, also called swish.
    Silu,
    /// `x` where it is positive, else `exp(x) - 1` (Clevert et al. 2016, α = 1).
    Elu,
    /// `λ x` where it is positive, else `λ α (exp(x) - 1)` (Klambauer et al. 2017).
    Selu,
    /// `x min(max(x + 3, 0), 6) / 6` (Howard et al. 2019).
    Hardswish,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `ln(1 + exp(x))`.
    Softplus,
    /// `x`.
    Identity,
}

/// λ of [`Activation::Selu`].
pub(crate) const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// α of [`Activation::Selu`].
pub(crate) const SELU_ALPHA: f64 = 1.673_263_242_354_377_3;

/// PyTorch's default slope.
const LEAKY_SLOPE: f64 = 0.01;

/// All of them in the form that is read, with their names.
const NAMES: [(&str, &str, Activation); 12] = [
    ("relu", "ReLU", Activation::Relu),
    ("tanh", "tanh", Activation::Tanh),
    ("sigmoid", "sigmoid", Activation::Sigmoid),
    ("leaky-relu", "leaky ReLU", Activation::LeakyRelu(LEAKY_SLOPE)),
    ("gelu", "GELU", Activation::Gelu),
    ("silu", "SiLU", Activation::Silu),
    ("elu", "ELU", Activation::Elu),
    ("selu", "SELU", Activation::Selu),
    ("hardswish", "hardswish", Activation::Hardswish),
    ("relu6", "ReLU6", Activation::Relu6),
    ("softplus", "softplus", Activation::Softplus),
    ("identity", "no activation", Activation::Identity),
];

impl Activation {
    /// The forms that are read, for messages and forms; a leaky ReLU may be followed by its slope: `leaky-relu:0.2`.
    pub fn ids() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(id, ..)| *id)
    }

    /// The name that people use.
    #[must_use]
    pub fn describe(self) -> String {
        let name = self.entry().1;
        match self {
            Self::LeakyRelu(slope) => format!("{name} {slope}"),
            _ => name.to_owned(),
        }
    }

    /// Its value, in double precision.
    #[must_use]
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Relu => rectified(x),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::LeakyRelu(slope) => {
                if x > 0.0 {
                    x
                } else {
                    slope * x
                }
            }
            Self::Gelu => 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::Elu => {
                if x > 0.0 {
                    x
                } else {
                    x.exp_m1()
                }
            }
            Self::Selu => SELU_SCALE * if x > 0.0 { x } else { SELU_ALPHA * x.exp_m1() },
            Self::Hardswish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Self::Relu6 => {
                if x > 6.0 {
                    6.0
                } else {
                    rectified(x)
                }
            }
            Self::Softplus => rectified(x) + (-x.abs()).exp().ln_1p(),
            Self::Identity => x,
        }
    }

    fn entry(self) -> &'static (&'static str, &'static str, Self) {
        let same = |(.., other): &&(&str, &str, Self)| std::mem::discriminant(other) == std::mem::discriminant(&self);
        NAMES.iter().find(same).unwrap_or(&NAMES[0])
    }
}

/// `max(0, x)`, where what is not a number stays so.
fn rectified(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

/// The form that is read.
impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().0)?;
        match self {
            Self::LeakyRelu(slope) => write!(f, ":{slope}"),
            _ => Ok(()),
        }
    }
}

impl FromStr for Activation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (id, slope) = text.split_once(':').map_or((text, None), |(id, slope)| (id, Some(slope)));
        let (.., activation) = NAMES.iter().find(|(known, ..)| *known == id).ok_or(())?;
        match (activation, slope) {
            (Self::LeakyRelu(_), Some(slope)) => {
                slope.parse().ok().filter(|slope: &f64| slope.is_finite()).map(Self::LeakyRelu).ok_or(())
            }
            (_, None) => Ok(*activation),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of PyTorch 2.9 in double precision at -2.5, -0.5, 0.75 and 4.
    #[test]
    fn values_are_those_of_pytorch() {
        let at = [-2.5, -0.5, 0.75, 4.0];
        for (text, expected) in TABLE {
            let activation: Activation = text.parse().unwrap();
            for (x, expected) in at.into_iter().zip(expected) {
                let found = activation.of(x);
                assert!((found - expected).abs() <= 1e-15 * expected.abs().max(1.0), "{text} {x}: {found}, {expected}");
            }
        }
        assert_eq!(TABLE.len(), NAMES.len());
    }

    #[test]
    fn texts_are_read_as_they_are_written() {
        for (id, _, activation) in NAMES {
            assert_eq!(id.parse(), Ok(activation));
            assert_eq!(activation.to_string().parse(), Ok(activation));
        }
        assert_eq!("leaky-relu:0.2".parse(), Ok(Activation::LeakyRelu(0.2)));
        for text in ["", "relu:1", "leaky-relu:", "leaky-relu:NaN", "ReLU"] {
            assert_eq!(text.parse::<Activation>(), Err(()), "{text}");
        }
    }

    const TABLE: [(&str, [f64; 4]); 12] = [
        ("relu", [0.0, 0.0, 0.75, 4.0]),
        ("tanh", [-0.9866142981514303, -0.4621171572600098, 0.6351489523872873, 0.999329299739067]),
        ("sigmoid", [0.07585818002124355, 0.3775406687981454, 0.679178699175393, 0.9820137900379085]),
        ("leaky-relu:0.1", [-0.25, -0.05, 0.75, 4.0]),
        ("gelu", [-0.015524163314440398, -0.15426876936299344, 0.5800294857173489, 3.9998733150326675]),
        ("silu", [-0.18964545005310887, -0.1887703343990727, 0.5093840243815447, 3.928055160151634]),
        ("elu", [-0.9179150013761013, -0.3934693402873666, 0.75, 4.0]),
        ("selu", [-1.6137857588732425, -0.6917581878028713, 0.7880257405166103, 4.202803949421922]),
        ("hardswish", [-0.20833333333333334, -0.20833333333333334, 0.46875, 4.0]),
        ("relu6", [0.0, 0.0, 0.75, 4.0]),
        ("softplus", [0.07888973429254963, 0.4740769841801067, 1.1368710061148999, 4.0181499279178094]),
        ("identity", [-2.5, -0.5, 0.75, 4.0]),
    ];
}
