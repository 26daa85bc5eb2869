//! Keeps the readers of different devices apart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::Unavailable;

/// The size of a piece of a large response. Smaller responses need no reservation of memory,
/// because the number of connections is limited.
pub const PIECE: usize = 16 * 1024;

/// The maximum memory for large responses in progress, except those that are being read from the
/// database.
const MAX_MEMORY: usize = 48 * 1024 * 1024;

/// The maximum for several responses to one device. A single one may be larger, as its size depends on
/// the devices file.
const MAX_DEVICE_MEMORY: usize = MAX_MEMORY / 4;

type Devices = Mutex<HashMap<i64, Weak<Reader>>>;

/// Limits the reads in progress, from the database until clients have received the responses.
///
/// The reads of a device take turns, so that it occupies only one of the database's connections. They
/// wait instead of being rejected: the pages and programs of a device may read at the same time, and
/// those who wait need no memory for values.
///
/// A response beyond the memory gets 503 at once: its size is known only after its values have been
/// read, so that waiting would need the memory.
pub struct Readers {
    memory: Arc<Semaphore>,
    devices: Arc<Devices>,
}

impl Default for Readers {
    fn default() -> Self {
        Self {
            memory: Arc::new(Semaphore::new(MAX_MEMORY)),
            devices: Arc::default(),
        }
    }
}

/// A device with reads in progress.
struct Reader {
    device: i64,
    devices: Arc<Devices>,
    turn: Arc<Semaphore>,
    bytes: Mutex<usize>,
}

/// A read in progress, until dropped.
pub struct Read {
    reader: Arc<Reader>,
    turn: Option<OwnedSemaphorePermit>,
    memory: Arc<Semaphore>,
    bytes: usize,
}

impl Readers {
    /// Waits for the device's turn to read from the database.
    pub async fn begin(&self, device: i64) -> Read {
        let reader = self.reader(device);
        // The semaphore is never closed.
        let turn = Arc::clone(&reader.turn).acquire_owned().await.ok();
        Read {
            reader,
            turn,
            memory: Arc::clone(&self.memory),
            bytes: 0,
        }
    }

    fn reader(&self, device: i64) -> Arc<Reader> {
        let mut devices = lock(&self.devices);
        let current = devices.get(&device).and_then(Weak::upgrade);
        current.unwrap_or_else(|| {
            let reader = Arc::new(Reader {
                device,
                devices: Arc::clone(&self.devices),
                turn: Arc::new(Semaphore::new(1)),
                bytes: Mutex::default(),
            });
            devices.insert(device, Arc::downgrade(&reader));
            reader
        })
    }
}

impl Read {
    /// Reserves memory for the response, or more of it.
    ///
    /// # Errors
    ///
    /// Fails if the responses in progress, of this device or of all, need the rest.
    pub fn reserve(&mut self, bytes: usize) -> Result<(), Unavailable> {
        if bytes <= PIECE {
            return Ok(());
        }
        let mut total = lock(&self.reader.bytes);
        let is_first = *total == self.bytes;
        if !is_first && bytes > MAX_DEVICE_MEMORY.saturating_sub(*total) {
            return Err(Unavailable::ResponsesFull);
        }
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let permit = self.memory.try_acquire_many(permits);
        permit.map_err(|_| Unavailable::ResponsesFull)?.forget();
        *total += bytes;
        self.bytes += bytes;
        Ok(())
    }

    /// Lets the next read of the device begin, as everything has been read from the database.
    pub fn end_turn(&mut self) {
        self.turn = None;
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        *lock(&self.reader.bytes) -= self.bytes;
        self.memory.add_permits(self.bytes);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut devices = lock(&self.devices);
        // Another reader may have taken its place.
        let is_unused = |reader: &Weak<Self>| reader.strong_count() == 0;
        if devices.get(&self.device).is_some_and(is_unused) {
            devices.remove(&self.device);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn begin(readers: &Readers, device: i64) -> Option<Read> {
        readers.begin(device).now_or_never()
    }

    #[test]
    fn the_reads_of_a_device_take_turns() {
        let readers = Readers::default();
        let mut first = begin(&readers, 1).expect("the first turn");
        assert!(begin(&readers, 1).is_none());
        let other = begin(&readers, 2).expect("devices do not wait for each other");
        first.end_turn();
        let second = begin(&readers, 1).expect("the second turn");
        assert!(begin(&readers, 1).is_none());
        drop((first, second, other));
        assert!(lock(&readers.devices).is_empty());
    }

    #[test]
    fn a_device_leaves_memory_to_others() {
        let readers = Readers::default();
        let mut reads = Vec::new();
        let mut reserve = |device| {
            let mut read = begin(&readers, device).expect("turn");
            let reserved = read.reserve(MAX_DEVICE_MEMORY / 2);
            read.end_turn();
            reads.push(read);
            reserved
        };
        assert_eq!([1, 1, 2].map(&mut reserve), [Ok(()); 3]);
        assert_eq!(reserve(1), Err(Unavailable::ResponsesFull));
        assert_eq!([3, 4, 5, 6, 7].map(&mut reserve), [Ok(()); 5]);
        assert_eq!(reserve(8), Err(Unavailable::ResponsesFull));
        drop(reads);
        assert_eq!(readers.memory.available_permits(), MAX_MEMORY);
        let mut large = begin(&readers, 1).expect("turn");
        assert_eq!(large.reserve(2 * MAX_DEVICE_MEMORY), Ok(()));
        assert_eq!(large.reserve(MAX_MEMORY), Err(Unavailable::ResponsesFull));
    }
}
