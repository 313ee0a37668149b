//! What a pickle may name, and what it may call.
//!
//! Nothing is ever run here. The rule exists so that a file that would run code of its own in Python is refused with
//! its name instead of being loaded as if it were harmless. It is wider than PyTorch's `weights_only=True`: classes of
//! any module may be instantiated without a call (a pickled `torch.nn.Module`), and harmless constructors may be called.

/// Whether Python may be asked to call `module.name` without running code of the file's own.
pub(super) fn may_be_called(module: &str, name: &str) -> bool {
    match module {
        "collections" => matches!(name, "OrderedDict" | "defaultdict" | "Counter" | "deque"),
        "builtins" | "__builtin__" => matches!(
            name,
            "set"
                | "frozenset"
                | "list"
                | "dict"
                | "tuple"
                | "int"
                | "long"
                | "float"
                | "bool"
                | "str"
                | "unicode"
                | "bytes"
                | "bytearray"
                | "complex"
                | "slice"
                | "range"
                | "xrange"
                | "object"
        ),
        "torch" => matches!(name, "Size" | "device" | "dtype") || name.ends_with("Storage"),
        "torch._utils" => name.starts_with("_rebuild_"),
        "torch._tensor" => name == "_rebuild_from_type_v2",
        "torch.nn.parameter" => matches!(name, "Parameter" | "Buffer"),
        "torch.serialization" => name == "_get_layout",
        "copyreg" | "copy_reg" => name == "_reconstructor",
        "_codecs" => name == "encode",
        "numpy" => matches!(name, "dtype" | "ndarray"),
        "numpy.core.multiarray" | "numpy._core.multiarray" => matches!(name, "scalar" | "_reconstruct"),
        "numpy.core.numeric" | "numpy._core.numeric" => name == "_frombuffer",
        "numpy.random._pickle" => name.starts_with("__"),
        "argparse" => name == "Namespace",
        "functools" => name == "partial",
        "datetime" => matches!(name, "datetime" | "date" | "time" | "timedelta" | "timezone"),
        "uuid" => name == "UUID",
        "decimal" => name == "Decimal",
        "fractions" => name == "Fraction",
        _ => (module == "pathlib" || module.starts_with("pathlib.")) && name.ends_with("Path"),
    }
}

/// Whether `module.name` has no place in a checkpoint even when it is only named: the ways to reach the system, to load
/// code, or to unpickle again.
pub(super) fn is_forbidden(module: &str, name: &str) -> bool {
    const MODULES: &[&str] = &[
        "os",
        "posix",
        "nt",
        "subprocess",
        "commands",
        "pty",
        "sys",
        "shutil",
        "socket",
        "requests",
        "urllib",
        "ftplib",
        "smtplib",
        "webbrowser",
        "ctypes",
        "cffi",
        "importlib",
        "imp",
        "runpy",
        "pkgutil",
        "codeop",
        "pdb",
        "marshal",
        "pickle",
        "_pickle",
        "cPickle",
        "dill",
        "cloudpickle",
        "joblib",
        "shelve",
        "multiprocessing",
        "zipimport",
        "pip",
    ];
    let top = module.split('.').next().unwrap_or(module);
    if MODULES.contains(&top) {
        return true;
    }
    match module {
        "builtins" | "__builtin__" => matches!(
            name.split('.').next().unwrap_or(name),
            "eval"
                | "exec"
                | "execfile"
                | "compile"
                | "open"
                | "file"
                | "input"
                | "__import__"
                | "getattr"
                | "setattr"
                | "delattr"
                | "globals"
                | "locals"
                | "vars"
                | "breakpoint"
                | "exit"
                | "quit"
                | "apply"
                | "map"
                | "filter"
                | "memoryview"
                | "type"
                | "super"
                | "help"
                | "reload"
        ),
        "torch" => matches!(name, "load" | "compile" | "hub" | "ops" | "classes"),
        "torch.storage" => name == "_load_from_bytes",
        "torch.serialization" => name == "load",
        _ => ["torch.hub", "torch.utils.cpp_extension", "torch.jit", "torch.package", "torch.distributed.rpc"]
            .iter()
            .any(|dangerous| {
                module.strip_prefix(dangerous).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_checkpoints_need_may_be_called() {
        for (module, name) in [
            ("collections", "OrderedDict"),
            ("torch._utils", "_rebuild_tensor_v2"),
            ("torch._utils", "_rebuild_parameter"),
            ("numpy.core.multiarray", "scalar"),
            ("pathlib", "PosixPath"),
            ("pathlib._local", "PosixPath"),
        ] {
            assert!(may_be_called(module, name) && !is_forbidden(module, name), "{module}.{name}");
        }
    }

    #[test]
    fn ways_to_the_system_are_forbidden() {
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("os.path", "join"),
            ("builtins", "eval"),
            ("__builtin__", "getattr"),
            ("torch.storage", "_load_from_bytes"),
            ("torch.hub", "load"),
            ("torch.utils.cpp_extension", "load_inline"),
        ] {
            assert!(is_forbidden(module, name) && !may_be_called(module, name), "{module}.{name}");
        }
        assert!(!is_forbidden("torch.nn.modules.linear", "Linear"));
        assert!(!is_forbidden("my_os_models", "Net"));
        assert!(!may_be_called("__main__", "Net"));
    }
}
