//! What a pickle names that reaches beyond the data: Python would run code by it. Nothing is ever run here.

use std::collections::BTreeSet;

use super::Pickle;

impl Pickle<'_> {
    /// The functions by which Python would run code of the file's own, a few of them.
    pub(crate) fn foreign(&self) -> BTreeSet<String> {
        const SHOWN: usize = 3;
        let foreign = self.globals().filter(|(module, name)| is_foreign(module, name));
        let shown = |text: &str| text.chars().take(80).collect::<String>();
        foreign.map(|(module, name)| format!("{}.{}", shown(module), shown(name))).take(SHOWN).collect()
    }
}

/// Whether `module.name` has no place in a checkpoint: the ways to reach the system, to load code, or to unpickle again.
fn is_foreign(module: &str, name: &str) -> bool {
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
        "bdb",
        "code",
        "doctest",
        "trace",
        "timeit",
        "profile",
        "cProfile",
        "asyncio",
        "idlelib",
        "lib2to3",
        "ensurepip",
        "venv",
        "operator",
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
    const PACKAGES: &[&str] = &[
        "numpy.testing",
        "numpy.f2py",
        "numpy.distutils",
        "torch.hub",
        "torch.jit",
        "torch.package",
        "torch.distributed.rpc",
        "torch.utils.cpp_extension",
        "torch.utils.bottleneck",
        "torch.utils.collect_env",
        "torch._dynamo",
        "torch._inductor",
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
        _ => PACKAGES.iter().any(|dangerous| {
            module.strip_prefix(dangerous).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_the_system_are_told() {
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("os.path", "join"),
            ("builtins", "eval"),
            ("__builtin__", "getattr"),
            ("torch.storage", "_load_from_bytes"),
            ("torch.hub", "load"),
            ("timeit", "timeit"),
            ("numpy.testing._private.utils", "runstring"),
            ("torch.utils.cpp_extension", "load_inline"),
        ] {
            assert!(is_foreign(module, name), "{module}.{name}");
        }
        assert!(!is_foreign("torch.nn.modules.linear", "Linear"));
        assert!(!is_foreign("my_os_models", "Net"));
        assert!(!is_foreign("collections", "OrderedDict"));
        assert!(!is_foreign("numpy.core.multiarray", "scalar"));
    }
}
