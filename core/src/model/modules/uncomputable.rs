//! Modules that no network here computes, whatever layers they stand between.

use super::{Module, Modules};
use crate::model::InferenceError;

/// Classes that change values or the size of maps in a way that is not computed here.
const CLASSES: [&str; 24] = [
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "ChannelShuffle",
    "CircularPad2d",
    "ConstantPad2d",
    "Fold",
    "FractionalMaxPool2d",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LPPool2d",
    "LocalResponseNorm",
    "MaxPool1d",
    "MaxUnpool2d",
    "PReLU",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReflectionPad2d",
    "ReplicationPad2d",
    "Unfold",
    "Upsample",
    "UpsamplingBilinear2d",
    "ZeroPad2d",
];

/// Beginnings and parts of the names that people give to layers with other arithmetic than PyTorch's.
const OTHER_LAYERS: [&str; 14] = [
    "Binar",
    "Cosine",
    "Deform",
    "Equal",
    "GatedConv",
    "Masked",
    "Noisy",
    "PartialConv",
    "Quant",
    "Standardi",
    "StdConv",
    "Ternar",
    "WSConv",
    "WSLinear",
];

/// Refuses a module that no network here computes, by its name; pooling is not looked at where it was said.
///
/// # Errors
/// [`InferenceError::Module`].
pub(in crate::model) fn uncomputable(modules: &Modules, pools_said: bool) -> Result<(), InferenceError> {
    for (name, module) in modules {
        let fault = match module.class.as_str() {
            _ if is_quantised(module) => {
                Some(("layers of floating-point numbers", format!("quantised {}", module.class)))
            }
            class if module.weighted && OTHER_LAYERS.iter().any(|part| class.contains(part)) => {
                Some(("a layer of PyTorch", class.to_owned()))
            }
            class if CLASSES.contains(&class) => Some(("a module that is computed here", class.to_owned())),
            class if class.ends_with("Conv2d") => of_convolution(module),
            "MaxPool2d" | "AvgPool2d" if !pools_said => of_pooling(module),
            class if class.ends_with("Norm1d") || class.ends_with("Norm2d") || class.ends_with("Norm") => {
                of_norm(module)
            }
            _ => None,
        };
        if let Some((expected, found)) = fault {
            return Err(InferenceError::Module { part: name.clone(), expected: expected.to_owned(), found });
        }
    }
    Ok(())
}

type Fault = Option<(&'static str, String)>;

fn is_quantised(module: &Module) -> bool {
    let kinds = ["quantized", "qat", "fake_quantize"];
    module.package.starts_with("torch.") && module.package.split('.').any(|part| kinds.contains(&part))
        || module.package.starts_with("__torch__.torch.") && module.package.split('.').any(|part| kinds.contains(&part))
}

fn of_convolution(module: &Module) -> Fault {
    if let Some(mode) = module.texts.get("padding_mode").filter(|mode| *mode != "zeros") {
        return Some(("padding with zeros", format!("padding_mode={mode}")));
    }
    let expected = "stride, padding and dilation that are the same for both sides, and no gaps in kernels";
    let numbers = |part: &str| module.numbers.get(part).map(|numbers| format!("{part}={}", listed(numbers)));
    if module.texts.get("padding").is_some_and(|text| text == "same") && module.padding().is_none() {
        return Some((expected, "padding=same of an even kernel".to_owned()));
    }
    let unlike = ["stride", "padding", "dilation"].into_iter().find(|part| match module.whole(part) {
        Some(whole) => *part == "dilation" && whole != 1,
        None => module.numbers.contains_key(*part),
    });
    unlike.and_then(numbers).map(|found| (expected, found))
}

fn of_pooling(module: &Module) -> Fault {
    let is = |attribute: &str, number: f64| module.first(attribute) == Some(number);
    let sized = ["kernel_size", "stride", "padding", "dilation"];
    let unlike = sized.into_iter().find(|part| module.numbers.contains_key(*part) && module.whole(part).is_none());
    if let Some((part, numbers)) = unlike.and_then(|part| Some((part, module.numbers.get(part)?))) {
        return Some(("square windows", format!("{part}={}", listed(numbers))));
    }
    let padded = module.whole("padding").is_some_and(|padding| padding > 0);
    if is("ceil_mode", 1.0) {
        return Some(("windows within the map", "ceil_mode=True".to_owned()));
    }
    if !module.is_usual("dilation", 1.0) {
        return Some(("windows without gaps", "dilation".to_owned()));
    }
    if padded && is("count_include_pad", 0.0) {
        return Some(("means that count padding", "count_include_pad=False".to_owned()));
    }
    module
        .first("divisor_override")
        .map(|divisor| ("means of a window's values", format!("divisor_override={divisor}")))
}

fn of_norm(module: &Module) -> Fault {
    let off = ["affine", "elementwise_affine", "track_running_stats"];
    let found = off.into_iter().find(|attribute| module.first(attribute) == Some(0.0))?;
    Some(("a normalisation with scale, shift and, over samples, running statistics", format!("{found}=False")))
}

fn listed(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(f64::to_string).collect();
    numbers.join("×")
}
