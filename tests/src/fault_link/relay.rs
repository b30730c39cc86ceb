//! The bytes of one connection, on their way through a plan.

use std::convert::Infallible;
use std::future::pending;

use futures_util::future::try_join;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split,
};
use tokio::time::sleep;

use super::plan::{Course, Fault, Plan};

/// How a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Both ends closed it.
    Closed,
    /// The plan cut it, or an end went away without a word.
    Cut,
    /// Its time was over.
    Dropped,
}

/// Passes bytes between the two until both have closed or the plan ends it; then both are dropped.
pub async fn relay<A, B>(client: A, daemon: B, plan: Plan) -> Ended
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (from_client, to_client) = split(client);
    let (from_daemon, to_daemon) = split(daemon);
    let lifetime = async {
        match plan.lifetime {
            Some(lifetime) => sleep(lifetime).await,
            None => pending().await,
        }
    };
    let passing = try_join(
        pass(from_client, to_daemon, plan.up),
        pass(from_daemon, to_client, plan.down),
    );
    tokio::select! {
        biased;
        () = lifetime => Ended::Dropped,
        passed = passing => match passed {
            Ok(_) => Ended::Closed,
            Err(Severed) => Ended::Cut,
        },
    }
}

/// The connection is over for both directions.
struct Severed;

async fn pass<A, B>(
    mut from: ReadHalf<A>,
    mut to: WriteHalf<B>,
    course: Course,
) -> Result<(), Severed>
where
    A: AsyncRead,
    B: AsyncWrite,
{
    let mut dice = SmallRng::seed_from_u64(course.seed);
    let mut buffer = vec![0; course.piece];
    let faults = course
        .faults
        .into_iter()
        .map(|(after, fault)| (after, Some(fault)));
    for (mut left, fault) in faults.chain([(u64::MAX, None)]) {
        while left > 0 {
            let piece = dice.random_range(1..=course.piece);
            let piece = piece.min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = from.read(&mut buffer[..piece]).await.map_err(|_| Severed)?;
            if read == 0 {
                return to.shutdown().await.map_err(|_| Severed);
            }
            let written = to.write_all(&buffer[..read]).await;
            written.map_err(|_| Severed)?;
            left -= read as u64;
        }
        match fault {
            None => {}
            Some(Fault::Pause(time)) => sleep(time).await,
            Some(Fault::Cut) => return Err(Severed),
            Some(Fault::Deaf) => {
                while from.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
                // Whoever reads at the other end is never told that nothing will come.
                match pending::<Infallible>().await {}
            }
            Some(Fault::Clogged) => match pending::<Infallible>().await {},
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{DuplexStream, duplex};
    use tokio::time::{Instant, timeout};

    use super::*;

    fn course(faults: &[(u64, Fault)]) -> Course {
        Course {
            faults: faults.to_vec(),
            piece: 7,
            seed: 1,
        }
    }

    /// The two ends and what becomes of the connection between them.
    fn linked(
        up: &[(u64, Fault)],
        down: &[(u64, Fault)],
    ) -> (
        DuplexStream,
        DuplexStream,
        impl Future<Output = Ended> + use<>,
    ) {
        let (client, near) = duplex(64);
        let (far, daemon) = duplex(64);
        let plan = Plan {
            up: course(up),
            down: course(down),
            lifetime: None,
        };
        (client, daemon, relay(near, far, plan))
    }

    #[tokio::test(start_paused = true)]
    async fn a_sound_link_passes_everything_and_ends_with_both() {
        let (mut client, mut daemon, link) = linked(&[], &[]);
        let speak = async {
            client.write_all(&[1; 1_000]).await.unwrap();
            client.shutdown().await.unwrap();
            let mut heard = Vec::new();
            client.read_to_end(&mut heard).await.unwrap();
            heard
        };
        let listen = async {
            let mut heard = Vec::new();
            daemon.read_to_end(&mut heard).await.unwrap();
            daemon.write_all(&[2; 10]).await.unwrap();
            daemon.shutdown().await.unwrap();
            heard.len()
        };
        let (ended, answer, asked) = tokio::join!(link, speak, listen);
        assert_eq!((ended, answer, asked), (Ended::Closed, vec![2; 10], 1_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cut_lets_exactly_so_many_bytes_through() {
        let (mut client, mut daemon, link) = linked(&[], &[(33, Fault::Cut)]);
        let (ended, (), heard) = tokio::join!(
            link,
            async { daemon.write_all(&[2; 60]).await.unwrap() },
            async {
                let mut heard = Vec::new();
                client.read_to_end(&mut heard).await.unwrap();
                heard
            }
        );
        assert_eq!((ended, heard.len()), (Ended::Cut, 33));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_waited_for_and_loses_nothing() {
        let pause = Duration::from_secs(5);
        let (mut client, mut daemon, link) = linked(&[], &[(3, Fault::Pause(pause))]);
        let began = Instant::now();
        let mut heard = [0; 20];
        tokio::select! {
            _ = link => unreachable!(),
            () = async {
                daemon.write_all(&[2; 20]).await.unwrap();
                client.read_exact(&mut heard).await.unwrap();
            } => {}
        }
        assert_eq!((heard, began.elapsed()), ([2; 20], pause));
    }

    #[tokio::test(start_paused = true)]
    async fn a_deaf_direction_swallows_and_the_other_one_works() {
        let (mut client, mut daemon, link) = linked(&[(2, Fault::Deaf)], &[]);
        let talk = async {
            client.write_all(&[1; 500]).await.unwrap();
            daemon.write_all(&[2; 5]).await.unwrap();
            let mut heard = [0; 5];
            client.read_exact(&mut heard).await.unwrap();
            let mut heard = Vec::new();
            let reading = daemon.read_to_end(&mut heard);
            assert!(timeout(Duration::from_secs(100), reading).await.is_err());
            assert_eq!(heard, [1; 2]);
        };
        tokio::select! {
            _ = link => unreachable!(),
            () = talk => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clogged_direction_makes_its_writer_wait() {
        let (mut client, _daemon, link) = linked(&[(2, Fault::Clogged)], &[]);
        let writing = timeout(Duration::from_secs(100), client.write_all(&[1; 500]));
        tokio::select! {
            _ = link => unreachable!(),
            written = writing => assert!(written.is_err()),
        }
    }
}
