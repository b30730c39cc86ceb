use std::panic::resume_unwind;
use std::thread;

/// Things that are worth a thread.
const WORTH: usize = 4_096;
/// Threads at most.
const MOST: usize = 8;

/// Does `work` to all of these things, on as many threads as there are cores where they are many. The results are in the
/// order of the things.
///
/// # Errors
/// What `work` says of the first things that it fails with.
pub fn in_parallel<T, R, E>(
    mut things: Vec<T>,
    work: impl Fn(Vec<T>) -> Result<Vec<R>, E> + Sync,
) -> Result<Vec<R>, E>
where
    T: Send,
    R: Send,
    E: Send,
{
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (things.len() / WORTH).clamp(1, cores.min(MOST));
    let each = things.len().div_ceil(threads);
    let mut parts = Vec::with_capacity(threads);
    while things.len() > each {
        parts.push(things.split_off(things.len() - each));
    }
    let work = &work;
    thread::scope(|scope| {
        // The first part is worked on here, the others beside it.
        let others: Vec<_> = parts
            .into_iter()
            .rev()
            .map(|part| scope.spawn(move || work(part)))
            .collect();
        let mut all = work(things)?;
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_things_and_the_first_failure_counts() {
        for count in [0, 1, WORTH, 3 * WORTH + 1] {
            let doubled = in_parallel((0..count).collect(), |part: Vec<usize>| {
                Ok::<_, ()>(part.into_iter().map(|n| n * 2).collect())
            });
            assert_eq!(doubled, Ok((0..count).map(|n| n * 2).collect()));
        }
        let failed = in_parallel((0..3 * WORTH).collect(), |part: Vec<usize>| {
            part.into_iter()
                .map(|n| if n < WORTH / 2 { Ok(n) } else { Err(n) })
                .collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(failed, Err(WORTH / 2));
    }
}
