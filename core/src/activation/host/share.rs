//! Shares tasks among threads.

/// Does `work` on every task, each with one of the workspaces, on as many threads as there are workspaces.
///
/// # Errors
/// The first error that a thread meets; the other threads then stop after the task in hand.
#[cfg(feature = "rayon")]
pub(super) fn share<T: Send, W: Send, E: Send>(
    tasks: impl Iterator<Item = T> + Send,
    workspaces: &mut [W],
    work: impl Fn(T, &mut W) -> Result<(), E> + Sync,
) -> Result<(), E> {
    use std::sync::{Mutex, PoisonError};

    let tasks = Mutex::new(tasks);
    let failure = Mutex::new(None);
    rayon::scope(|scope| {
        for workspace in workspaces {
            let (tasks, failure, work) = (&tasks, &failure, &work);
            scope.spawn(move |_| {
                loop {
                    let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(task) = task else { return };
                    if let Err(error) = work(task, workspace) {
                        // Nothing is left for the others, and the first error stays.
                        tasks.lock().unwrap_or_else(PoisonError::into_inner).by_ref().for_each(drop);
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        return;
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Does `work` on every task, with the first workspace.
///
/// # Errors
/// The first error.
#[cfg(not(feature = "rayon"))]
pub(super) fn share<T, W, E>(
    mut tasks: impl Iterator<Item = T>,
    workspaces: &mut [W],
    work: impl Fn(T, &mut W) -> Result<(), E>,
) -> Result<(), E> {
    match workspaces.first_mut() {
        Some(workspace) => tasks.try_for_each(|task| work(task, workspace)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once() {
        let mut sums = [0u64; 3];
        share(1..=100u64, &mut sums, |task, sum| {
            *sum += task;
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(sums.iter().sum::<u64>(), 5050);
    }

    #[test]
    fn an_error_stops_the_rest() {
        let mut counts = [0u64; 1];
        let result = share(1..=100u64, &mut counts, |task, count| {
            *count += 1;
            if task == 5 { Err("five") } else { Ok(()) }
        });
        assert_eq!((result, counts), (Err("five"), [5]));
    }
}
