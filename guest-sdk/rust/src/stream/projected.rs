//! Projection: some fields of a record, in another order, chosen by their names.

use std::rc::Rc;

use super::Stream;
use crate::operator::Project;
use crate::row::{Fields, resolve};

impl<T: Fields> Stream<T> {
    /// Keeps the fields that `U` has, found by their names, in the order of `U`. A field that is missing or has another
    /// type is refused when the job is planned. To rename or compute fields use [`Stream::map`].
    ///
    /// ```
    /// # use wasmill_sdk::prelude::*;
    /// # use wasmill_sdk::testing::Harness;
    /// #[derive(Record, Clone, Debug, PartialEq)]
    /// struct Bid { auction: i64, bidder: String, price: i64 }
    /// #[derive(Record, Clone, Debug, PartialEq)]
    /// struct Offer { price: i64, bidder: String }
    ///
    /// fn job(env: &mut Env) -> Result<(), JobError> {
    ///     env.source::<Bid>(Connector::new("bids")).project::<Offer>().sink(Print::new());
    ///     Ok(())
    /// }
    /// let mut harness = Harness::start(&job, &[]).unwrap();
    /// harness.push(0, &[Bid { auction: 1, bidder: "ann".into(), price: 9 }]).unwrap();
    /// assert_eq!(harness.records::<Offer>(0).unwrap(), [Offer { price: 9, bidder: "ann".into() }]);
    /// ```
    pub fn project<U: Fields>(self) -> Stream<U> {
        let resolved = resolve::<T, U>();
        let fields = resolved.clone().unwrap_or_default();
        let stream = self.then("project", move |wiring| {
            let out = wiring.out(0)?;
            wiring.input::<T, _>(0, &Rc::new(Project::<U> { fields, out }));
            Ok(())
        });
        match resolved {
            Ok(_) => stream,
            Err(reason) => stream.refuse(&reason),
        }
    }
}
