//! The same work on many items, on as many threads as the feature `rayon` grants.

use pulp::NullaryFnOnce;

/// How many items are worked on at the same time.
pub(crate) fn threads() -> usize {
    #[cfg(feature = "rayon")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "rayon"))]
    1
}

/// Does two things, at the same time where there are threads.
pub(crate) fn both<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    #[cfg(feature = "rayon")]
    return rayon::join(a, b);
    #[cfg(not(feature = "rayon"))]
    (a(), b())
}

/// Works on each item.
pub(crate) fn for_each<T: Send>(items: &mut [T], work: impl Fn(&mut T) + Send + Sync) {
    #[cfg(feature = "rayon")]
    {
        use rayon::prelude::*;
        items.par_iter_mut().for_each(work);
    }
    #[cfg(not(feature = "rayon"))]
    items.iter_mut().for_each(work);
}

/// Makes a result of each item, in order.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    #[cfg(feature = "rayon")]
    {
        use rayon::prelude::*;
        items.par_iter().map(work).collect()
    }
    #[cfg(not(feature = "rayon"))]
    items.iter().map(work).collect()
}

/// Runs a loop with the widest vectors of this machine.
///
/// Only what the compiler inlines is compiled for them. It inlines small closures by itself; a longer loop is a type whose
/// `call` is `#[inline(always)]`.
pub(crate) fn vectorised<W: NullaryFnOnce>(work: W) -> W::Output {
    pulp::Arch::new().dispatch(work)
}
