//! Measuring of every operation: its duration and whether it succeeded, by the store and the operation.

use std::time::Instant;

use super::StoreResult;
use super::backend::{SharedBackend, Store};

impl<S: SharedBackend> Store<S> {
    /// Awaits an operation and reports it.
    pub(super) async fn measure<T>(
        &self,
        operation: &'static str,
        running: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        let begun = Instant::now();
        let result = running.await;
        self.metrics().operation(S::STORE, operation, result.is_ok(), begun.elapsed());
        result
    }
}

/// Declares an aggregate's operations once: as a trait, which the backends implement, and as its
/// implementation by [`Store`], which forwards each operation to its backend and measures it.
macro_rules! operations {
    (
        $(#[$about:meta])*
        pub trait $Trait:ident {
            $(
                $(#[$doc:meta])*
                async fn $operation:ident(&self $(, $argument:ident: $kind:ty)* $(,)?) -> $result:ty;
            )*
        }
    ) => {
        $(#[$about])*
        pub trait $Trait {
            $(
                $(#[$doc])*
                fn $operation(
                    &self
                    $(, $argument: $kind)*
                ) -> impl Future<Output = $crate::store::StoreResult<$result>> + Send;
            )*
        }

        impl<S> $Trait for $crate::store::backend::Store<S>
        where
            S: $Trait + $crate::store::backend::SharedBackend,
            $crate::store::sqlite::SqliteStore: $Trait,
        {
            $(
                async fn $operation(&self $(, $argument: $kind)*) -> $crate::store::StoreResult<$result> {
                    use $crate::store::backend::Backend;

                    self.measure(stringify!($operation), async {
                        match self.backend() {
                            Backend::Embedded(store) => $Trait::$operation(store $(, $argument)*).await,
                            Backend::Shared(store) => $Trait::$operation(store $(, $argument)*).await,
                        }
                    })
                    .await
                }
            )*
        }
    };
}

pub(super) use operations;
