//! Which pooling the modules of a file are, and after which convolutions it stands.

use super::Modules;
use super::between::{Gap, Item, Role, gaps, leaves};
use crate::model::{InferenceError, Pool};

/// What the modules of a file say of the pooling after convolutions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::model) struct Pools {
    /// After each convolution; nothing where the modules do not say it.
    pub(in crate::model) each: Vec<Option<Option<Pool>>>,
    /// The same with what the order of registration suggests, where it says something of more than one place or of all.
    pub(in crate::model) suggested: Option<Vec<Option<Pool>>>,
    /// The one that is used at places that are not known; nothing where no such module is registered.
    pub(in crate::model) usual: Option<Pool>,
}

/// The pooling after convolutions, which are given with the layer after the last, where there is one.
///
/// # Errors
/// [`InferenceError::Module`] when several follow one convolution, or modules do not tell which of several it is.
pub(in crate::model) fn pools_after(modules: &Modules, layers: &[&str], count: usize) -> Result<Pools, InferenceError> {
    let gaps: Vec<Option<Gap<'_>>> = gaps(modules, layers).into_iter().take(count).collect();
    let known =
        |(index, gap): (usize, &Option<Gap<'_>>)| gap.as_ref().map_or(Ok(None), |gap| known(gap, index + 1 < count));
    let each: Vec<Option<Option<Pool>>> = gaps.iter().enumerate().map(known).collect::<Result<_, _>>()?;
    let hints: Vec<Option<Pool>> = gaps.iter().map(|gap| gap.as_ref().and_then(hint)).collect();
    let suggested = each.iter().zip(&hints).map(|(known, hint)| known.unwrap_or(*hint)).collect();
    let usual = if each.contains(&None) { unplaced(modules, &gaps)? } else { None };
    let open = each.iter().zip(&hints).any(|(known, hint)| known.is_none() && hint.is_none());
    let places = hints.iter().zip(&each).filter(|(hint, known)| known.is_none() && hint.is_some()).count();
    let in_sequences = usual.is_none() && gaps.iter().all(|gap| gap.as_ref().is_some_and(|gap| gap.in_sequence));
    let told = places > 1 || (places > 0 && !open) || in_sequences;
    Ok(Pools { each, suggested: told.then_some(suggested), usual: usual.map(|(_, pool)| pool) })
}

/// What sequences say of one gap.
fn known(gap: &Gap<'_>, convolution_follows: bool) -> Result<Option<Option<Pool>>, InferenceError> {
    if let Some(item) = gap.sure().find(|item| convolution_follows && item.role == Role::Adaptive) {
        return Err(InferenceError::Module {
            part: item.name.to_owned(),
            expected: "pooling to a size only after the last convolution".to_owned(),
            found: item.module.class.clone(),
        });
    }
    let mut pools = gap.sure().filter_map(pool);
    match (pools.next(), pools.next()) {
        (Some((_, pool)), None) => Ok(Some(Some(pool))),
        (Some(_), Some((name, pool))) => Err(InferenceError::Module {
            part: name.to_owned(),
            expected: format!("one pooling after {}", gap.layer),
            found: format!("{pool} after another"),
        }),
        (None, _) => Ok(gap.closed.then_some(None)),
    }
}

fn hint(gap: &Gap<'_>) -> Option<Pool> {
    let mut pools = gap.hints().filter_map(pool);
    pools.next().filter(|_| pools.next().is_none()).map(|(_, pool)| pool)
}

/// A pooling other than of single values.
fn pool<'m>(item: &Item<'m>) -> Option<(&'m str, Pool)> {
    match item.role {
        Role::Pool(Some(pool)) if pool.side > 1 || pool.stride > 1 => Some((item.name, pool)),
        _ => None,
    }
}

/// The one kind of pooling that stands at no known place.
fn unplaced<'m>(modules: &'m Modules, gaps: &[Option<Gap<'_>>]) -> Result<Option<(&'m str, Pool)>, InferenceError> {
    let sure = |name: &str| gaps.iter().flatten().flat_map(Gap::sure).any(|item| item.name == name);
    let mut found: Option<(&str, Pool)> = None;
    let told = gaps.iter().flatten().filter_map(hint).count() > 1;
    for (name, module) in leaves(modules) {
        let Role::Pool(Some(own)) = module.role() else { continue };
        if sure(name) || (own.side == 1 && own.stride == 1) {
            continue;
        }
        match found {
            Some((first, pool)) if pool != own && !told => {
                return Err(InferenceError::Module {
                    part: name.to_owned(),
                    expected: format!("{pool} as {first}, or pool said of each convolution, since places are not told"),
                    found: own.to_string(),
                });
            }
            _ => found = found.or(Some((name, own))),
        }
    }
    Ok(found)
}

/// The side of the map that the means of a network's last map are taken to, where one module says it.
pub(in crate::model) fn averaged(modules: &Modules) -> Option<usize> {
    let mut found = leaves(modules).filter(|(_, module)| module.class == "AdaptiveAvgPool2d");
    found.next().filter(|_| found.next().is_none()).and_then(|(_, module)| module.whole("output_size"))
}

/// The pooling among the modules that hold no others, before the blocks; the usual one where its windows are not known.
pub(in crate::model) fn pool_before_blocks(modules: &Modules) -> Option<Pool> {
    modules.iter().filter(|(name, _)| !name.contains('.')).find_map(|(_, module)| {
        let pool = module.pool()?;
        let sized = module.numbers.contains_key("kernel_size");
        Some(if sized { pool } else { Pool { side: 3, stride: 2, padding: 1, ..pool } })
    })
}
