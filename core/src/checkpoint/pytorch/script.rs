//! What the code in an archive of TorchScript says of PyTorch's own modules. It is read as text, never run.
//!
//! A scripted module has its constants as `stride : Final[Tuple[int, int]] = (2, 2)`; of a traced one only the call is left,
//! `torch.max_pool2d(input, [2, 2], [2, 2], [0, 0], [1, 1], False)`.

use std::collections::BTreeMap;

use crate::model::{ATTRIBUTES, Module, Modules, TEXTS};

/// Where PyTorch's own modules are among the packages of an archive.
const PACKAGE: &str = "__torch__.torch.nn.modules.";
/// Bytes of a call that are looked at.
const LONGEST: usize = 1 << 12;

/// The attributes that arguments of a call are, by their places from 0 on or their keywords.
struct Call {
    operation: &'static str,
    places: &'static [(usize, &'static str)],
}

const fn call(operation: &'static str, places: &'static [(usize, &'static str)]) -> Call {
    Call { operation, places }
}

const CALLS: [Call; 13] = [
    call("torch._convolution", &[(3, "stride"), (4, "padding"), (5, "dilation"), (8, "groups")]),
    call("torch.conv2d", &[(3, "stride"), (4, "padding"), (5, "dilation"), (6, "groups")]),
    call("torch.pad", &[(2, "padding_mode")]),
    call("torch.batch_norm", &[(7, "eps")]),
    call("torch.group_norm", &[(1, "num_groups"), (4, "eps")]),
    call("torch.layer_norm", &[(4, "eps")]),
    call("torch.leaky_relu", &[(1, "negative_slope")]),
    call("torch.elu", &[(1, "alpha")]),
    call("torch.softplus", &[(1, "beta"), (2, "threshold")]),
    call("torch.gelu", &[]),
    call("torch.adaptive_avg_pool2d", &[(1, "output_size")]),
    call("torch.max_pool2d", &[(1, "kernel_size"), (2, "stride"), (3, "padding"), (4, "dilation"), (5, "ceil_mode")]),
    call(
        "torch.avg_pool2d",
        &[
            (1, "kernel_size"),
            (2, "stride"),
            (3, "padding"),
            (4, "ceil_mode"),
            (5, "count_include_pad"),
            (6, "divisor_override"),
        ],
    ),
];

/// Adds to modules of PyTorch what the code of their classes says of them; `source` is the text of a package.
pub(super) fn complete(modules: &mut Modules, mut source: impl FnMut(&str) -> Option<String>) {
    let mut by_package: BTreeMap<String, Vec<&mut Module>> = BTreeMap::new();
    for module in modules.values_mut().filter(|module| module.package.starts_with(PACKAGE)) {
        by_package.entry(module.package.clone()).or_default().push(module);
    }
    for (package, members) in by_package {
        let Some(text) = source(&package) else { continue };
        let classes = classes(&text);
        for module in members {
            if let Some(said) = classes.get(module.class.as_str()) {
                module.numbers.extend(said.numbers.clone());
                module.texts.extend(said.texts.clone());
            }
        }
    }
}

/// What the code of each class of a package says.
fn classes(text: &str) -> BTreeMap<&str, Module> {
    let mut found = BTreeMap::new();
    for body in text.split("\nclass ").map(|body| body.strip_prefix("class ").unwrap_or(body)) {
        let Some((name, body)) = body.split_once('(') else { continue };
        let constants = constants(body);
        let said = if constants == Module::default() { of_calls(body) } else { constants };
        found.insert(name, said);
    }
    found
}

fn constants(body: &str) -> Module {
    let mut said = Module::default();
    for line in body.lines() {
        let parts = line.split_once(": Final[").and_then(|(name, rest)| Some((name, rest.split_once("] = ")?.1)));
        if let Some((name, value)) = parts {
            say(&mut said, name.trim(), value);
        }
    }
    said
}

fn of_calls(body: &str) -> Module {
    let mut said = Module::default();
    for Call { operation, places } in &CALLS {
        // Those that write to their input end in a line.
        let Some(rest) = body.split_once(operation).map(|(_, rest)| rest.strip_prefix('_').unwrap_or(rest)) else {
            continue;
        };
        let Some(rest) = rest.strip_prefix('(') else { continue };
        for (place, argument) in arguments(rest).into_iter().enumerate() {
            let positional = || places.iter().find(|(own, _)| *own == place).map(|(_, name)| (*name, argument));
            if let Some((name, value)) = argument.split_once('=').or_else(positional) {
                say(&mut said, name.trim(), value);
            }
        }
    }
    said
}

/// The arguments of a call, from behind its parenthesis on; none where it has no end.
fn arguments(text: &str) -> Vec<&str> {
    let (mut found, mut begin, mut depth) = (Vec::new(), 0, 0);
    for (place, byte) in text.bytes().take(LONGEST).enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' if depth == 0 => {
                found.push(&text[begin..place]);
                return found;
            }
            b')' | b']' => depth -= 1,
            b',' if depth == 0 => {
                found.push(&text[begin..place]);
                begin = place + 1;
            }
            _ => {}
        }
    }
    Vec::new()
}

/// Notes an attribute that says what is computed, where it is a plain value.
fn say(module: &mut Module, name: &str, value: &str) {
    let value = value.trim();
    let text = value.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\'']));
    if let Some(text) = text.filter(|_| TEXTS.contains(&name)) {
        module.texts.insert(name.to_owned(), text.to_owned());
    } else if let Some(numbers) = numbers(value).filter(|_| ATTRIBUTES.contains(&name)) {
        module.numbers.insert(name.to_owned(), numbers);
    }
}

/// A number, a truth value, or several in brackets.
fn numbers(value: &str) -> Option<Vec<f64>> {
    let inside = value.strip_prefix(['(', '[']).and_then(|rest| rest.strip_suffix([')', ']']));
    let number = |item: &str| match item.trim() {
        "True" => Some(1.0),
        "False" => Some(0.0),
        number => number.parse::<f64>().ok().filter(|number| number.is_finite()),
    };
    match inside {
        Some(items) => items.split(',').filter(|item| !item.trim().is_empty()).map(number).collect(),
        None => number(value).map(|number| vec![number]),
    }
    .filter(|numbers: &Vec<f64>| !numbers.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(class: &str, package: &str) -> Module {
        Module { class: class.to_owned(), package: format!("{PACKAGE}{package}"), ..Module::default() }
    }

    #[test]
    fn constants_of_scripted_modules_are_read() {
        // As PyTorch 2.5 writes them.
        let code = "class Conv2d(Module):\n  __parameters__ = [\"weight\", ]\n  weight : Tensor\n  training : bool\n  \
                    dilation : Final[Tuple[int, int]] = (1, 1)\n  stride : Final[Tuple[int, int]] = (2, 1)\n  \
                    padding_mode : Final[str] = \"reflect\"\n  in_channels : Final[int] = 3\n  def forward(self)\n\
                    class Other(Module):\n  eps : Final[float] = 0.001\n";
        let mut modules = Modules::new();
        modules.insert("a".to_owned(), module("Conv2d", "conv.___torch_mangle_2"));
        modules.insert("b".to_owned(), module("Other", "conv.___torch_mangle_2"));
        modules.insert("c".to_owned(), Module { package: "__torch__".to_owned(), ..module("Other", "") });
        let mut asked = Vec::new();
        complete(&mut modules, |package| {
            asked.push(package.to_owned());
            Some(code.to_owned())
        });
        assert_eq!(asked, ["__torch__.torch.nn.modules.conv.___torch_mangle_2"]);
        assert_eq!(modules["a"].numbers, [("dilation", vec![1.0, 1.0]), ("stride", vec![2.0, 1.0])].map(own).into());
        assert_eq!(modules["a"].texts, [("padding_mode".to_owned(), "reflect".to_owned())].into());
        assert_eq!(modules["b"].numbers, [("eps", vec![0.001])].map(own).into());
        assert!(modules["c"].numbers.is_empty());
    }

    #[test]
    fn arguments_of_traced_calls_are_read() {
        let code = "class BatchNorm2d(Module):\n  def forward(self: __torch__.torch.nn.modules.batchnorm.BatchNorm2d,\n    \
                    x: Tensor) -> Tensor:\n    y = torch.batch_norm(x, weight, bias, running_mean, running_var, False, \
                    0.10000000000000001, 0.001, True)\n    return y\nclass AvgPool2d(Module):\n  def forward(self):\n    \
                    return torch.avg_pool2d(x, [3, 3], annotate(List[int], []), [1, 1], False, True, None)\n\
                    class GELU(Module):\n  def forward(self):\n    return torch.gelu(x, approximate=\"tanh\")\n";
        let found = classes(code);
        assert_eq!(found["BatchNorm2d"].numbers, [("eps", vec![0.001])].map(own).into());
        let pool = [
            ("kernel_size", vec![3.0, 3.0]),
            ("padding", vec![1.0, 1.0]),
            ("ceil_mode", vec![0.0]),
            ("count_include_pad", vec![1.0]),
        ];
        assert_eq!(found["AvgPool2d"].numbers, pool.map(own).into());
        assert_eq!(found["GELU"].texts, [("approximate".to_owned(), "tanh".to_owned())].into());
    }

    #[test]
    fn what_is_no_code_says_nothing() {
        for text in [
            "",
            "class",
            "class (",
            "class A(\n torch.elu(",
            "class A(\n torch.elu(x, ((",
            "class A(\n torch.elu(ö, )))",
        ] {
            assert!(classes(text).values().all(|said| *said == Module::default()), "{text}");
        }
    }

    fn own((name, numbers): (&str, Vec<f64>)) -> (String, Vec<f64>) {
        (name.to_owned(), numbers)
    }
}
