//! Long work in steps: a future that is pending between units of work, so that whoever drives it can look around, or drop it.
//!
//! What is computed does not depend on who drives it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use crate::parallel;
use crate::supervise::{Cancelled, Supervisor};

/// Work in steps, its type hidden.
pub type Steps<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Multiply-adds of a step: about a tenth of a second of WebAssembly where they wait for memory.
pub(crate) const WORK: usize = 1 << 27;

/// Ends a step.
pub(crate) async fn end_step() {
    let mut ended = false;
    poll_fn(|context| {
        if ended {
            return Poll::Ready(());
        }
        ended = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Counts multiply-adds, and ends a step when there are enough of them.
#[derive(Debug, Default)]
pub(crate) struct Meter(usize);

impl Meter {
    /// Counts work that was done.
    pub(crate) async fn count(&mut self, multiply_adds: usize) {
        self.0 = self.0.saturating_add(multiply_adds);
        if self.0 >= WORK {
            self.0 = 0;
            end_step().await;
        }
    }
}

/// Does one step.
fn step<T>(work: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    work.poll(&mut Context::from_waker(Waker::noop()))
}

/// Does all steps.
pub(crate) fn finish<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(value) = step(work.as_mut()) {
            return value;
        }
    }
}

/// Does all steps, with a pause after each but the last.
///
/// # Errors
/// [`Cancelled`] when the supervisor says so.
pub(crate) async fn supervised<T>(work: impl Future<Output = T>, supervisor: &impl Supervisor) -> Result<T, Cancelled> {
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(value) = step(work.as_mut()) {
            return Ok(value);
        }
        supervisor.pause().await?;
    }
}

/// Does all steps of each on all threads, with a pause after each round.
///
/// # Errors
/// [`Cancelled`] when the supervisor says so.
pub(crate) async fn all_supervised<T: Send>(
    works: Vec<Steps<'_, T>>,
    supervisor: &impl Supervisor,
) -> Result<Vec<T>, Cancelled> {
    let mut works = Works::of(works);
    while !works.round() {
        supervisor.pause().await?;
    }
    Ok(works.done())
}

/// Does all steps of each on all threads, and ends a step after each round.
pub(crate) async fn all<T: Send>(works: Vec<Steps<'_, T>>) -> Vec<T> {
    let mut works = Works::of(works);
    while !works.round() {
        end_step().await;
    }
    works.done()
}

/// Work in steps side by side.
struct Works<'a, T>(Vec<Work<'a, T>>);

enum Work<'a, T> {
    Undone(Steps<'a, T>),
    Done(T),
}

impl<'a, T: Send> Works<'a, T> {
    fn of(works: Vec<Steps<'a, T>>) -> Self {
        Self(works.into_iter().map(Work::Undone).collect())
    }

    /// Does a step of each that is not done; says whether all are.
    fn round(&mut self) -> bool {
        parallel::for_each(&mut self.0, |work| {
            if let Work::Undone(steps) = work
                && let Poll::Ready(value) = step(steps.as_mut())
            {
                *work = Work::Done(value);
            }
        });
        self.0.iter().all(|work| matches!(work, Work::Done(_)))
    }

    /// What those that are done gave.
    fn done(self) -> Vec<T> {
        let done = |work| match work {
            Work::Done(value) => Some(value),
            Work::Undone(_) => None,
        };
        self.0.into_iter().filter_map(done).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::supervise::Progress;

    /// Cancels at this pause.
    struct Patience(Cell<usize>);

    impl Supervisor for Patience {
        fn progress(&self, _progress: Progress) {}

        async fn pause(&self) -> Result<(), Cancelled> {
            self.0.set(self.0.get() - 1);
            if self.0.get() == 0 { Err(Cancelled) } else { Ok(()) }
        }
    }

    /// Counts so many steps.
    fn counted(steps: usize) -> Steps<'static, usize> {
        Box::pin(async move {
            for _ in 1..steps {
                end_step().await;
            }
            steps
        })
    }

    #[test]
    fn there_is_a_pause_between_steps() {
        let run = |patience| pollster::block_on(supervised(counted(5), &Patience(Cell::new(patience))));
        assert_eq!(run(5), Ok(5));
        assert_eq!(run(4), Err(Cancelled));
        assert_eq!(run(1), Err(Cancelled));
        assert_eq!(finish(counted(5)), 5);
        assert_eq!(pollster::block_on(counted(5)), 5);
    }

    #[test]
    fn rounds_last_as_long_as_the_longest_work() {
        let steps = [3, 1, 6, 2];
        let run = |patience| {
            let works = steps.into_iter().map(counted).collect();
            pollster::block_on(all_supervised(works, &Patience(Cell::new(patience))))
        };
        assert_eq!(run(6), Ok(steps.to_vec()));
        assert_eq!(run(5), Err(Cancelled));
    }

    #[test]
    fn enough_work_ends_a_step() {
        let work = async {
            let mut meter = Meter::default();
            for _ in 0..8 {
                meter.count(WORK / 2).await;
            }
        };
        let patience = Patience(Cell::new(100));
        assert_eq!(pollster::block_on(supervised(work, &patience)), Ok(()));
        assert_eq!(patience.0.get(), 96);
    }
}
