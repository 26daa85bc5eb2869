//! The time limit for sending a response: from the moment when it is ready until it has been sent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// The deadline of the response that a connection is sending.
#[derive(Clone)]
pub struct Deadline {
    timeout: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Set while there is something to send.
    deadline: Option<Instant>,
    /// Whether the response has a body that is not yet in the buffer of the HTTP library.
    has_more: bool,
}

impl Deadline {
    /// Creates the deadline of a new connection.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            state: Arc::default(),
        }
    }

    /// Starts the time of a response.
    #[must_use]
    pub fn begin(self, response: Response) -> hyper::Response<Sending> {
        let mut state = self.lock();
        state.deadline = Some(Instant::now() + self.timeout);
        state.has_more = true;
        drop(state);
        response.map(|body| Sending {
            body,
            deadline: self,
        })
    }

    /// Returns the current deadline. If there is none, starts the time of a message that the HTTP
    /// library itself sends, such as `100 Continue`.
    fn current(&self) -> Instant {
        let new = || Instant::now() + self.timeout;
        *self.lock().deadline.get_or_insert_with(new)
    }

    /// Removes the deadline of a response whose last byte has been sent.
    fn flushed(&self) {
        let mut state = self.lock();
        if !state.has_more {
            state.deadline = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a response that is being sent.
pub struct Sending {
    body: Body,
    deadline: Deadline,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.deadline.lock().has_more = false;
    }
}

impl hyper::body::Body for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream whose writes fail after the deadline.
pub struct DeadlineStream<T> {
    stream: T,
    deadline: Deadline,
    timer: Pin<Box<Sleep>>,
}

impl<T: AsyncWrite + Unpin> DeadlineStream<T> {
    /// Adds the deadline to a stream.
    pub fn new(stream: T, deadline: Deadline) -> Self {
        Self {
            stream,
            timer: Box::pin(sleep_until(Instant::now())),
            deadline,
        }
    }

    fn poll<R>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        let deadline = self.deadline.current();
        // Checked before each write: a client that keeps reading, but slowly, gets no more time.
        if Instant::now() < deadline
            && let Poll::Ready(result) = write(Pin::new(&mut self.stream), context)
        {
            return Poll::Ready(result);
        }
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        ready!(self.timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for DeadlineStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for DeadlineStream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(context, |stream, context| {
            stream.poll_write_vectored(context, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.deadline.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
