//! What is around an endpoint, at home or in a further region: autoscaling and garbage. It is ordered here,
//! and carried out here when the state machine asks for it.

use pawl::documents::UPKEEP;
use pawl::edge::Notices;
use pawl::fault::Fault;
use pawl::ledger::{Condition, Keys, Store, StoreError};
use pawl::names::Generation;
use pawl::release::autoscaling::Scaling;
use pawl::release::garbage::{Garbage, ListedPage, ListedResource, SweepPlace};
use pawl::release::serving::Serve;
use pawl::release::upkeep::Upkeep;
use pawl::run;

use crate::edge::Services;
use crate::site::Site;

/// The most that one call deletes.
const MOST: usize = 50;
/// The most pages that one call reads.
const PAGES: usize = 10;
/// So many orders one call carries out.
const ORDERS: usize = 5;

/// Whether an update may go on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing hinders it.
    Clear,
    /// Autoscaling is being taken off: until then the update may be refused.
    Clearing,
}

impl<S: Store, A: Services, N: Notices> Site<'_, S, A, N> {
    /// Orders what the pipeline of what serves asks for. Each order also collects garbage.
    pub(crate) async fn order_upkeep(&self, serves: Generation) -> Result<(), Fault> {
        let ordered = self.ordered_scaling().await?;
        let serve = serve_of(&self.edge.store, &self.keys, serves).await?;
        let endpoint = self.keys.model().as_str();
        let scaling = serve.and_then(|serve| Scaling::at_rest(endpoint, &serve, ordered.as_ref()));
        Ok(self.write_order(scaling).await?)
    }

    /// Takes autoscaling off where an update from one generation to another would be refused because of it:
    /// recorded, then done. Where Pawl never put it on, that is one read: a rollback waits for it.
    pub(crate) async fn make_way(&self, from: Generation, to: Generation) -> Result<Way, Fault> {
        let Some(ordered) = self.ordered_scaling().await? else { return Ok(Way::Clear) };
        let store = &self.edge.store;
        let from = serve_of(store, &self.keys, from).await?;
        let Some((from, to)) = from.zip(serve_of(store, &self.keys, to).await?) else {
            return Ok(Way::Clear);
        };
        let endpoint = self.keys.model().as_str();
        let Some(off) = Scaling::before_update(endpoint, &from, &to) else { return Ok(Way::Clear) };
        if off != ordered {
            self.write_order(Some(off.clone())).await?;
        }
        // At once, since a rollback may wait for it. What fails here the state machine tries again, and
        // tells.
        drop(self.services.scale(&off).await);
        Ok(Way::Clearing)
    }

    /// Carries out the order that stands there now, and collects garbage; where the sweep goes on, if it has
    /// not seen everything. It may be repeated.
    pub(crate) async fn carry_out_upkeep(&self) -> Result<Option<SweepPlace>, Fault> {
        let (store, document) = (&self.edge.store, UPKEEP.of(&self.keys));
        for _ in 0..ORDERS {
            let Some((order, etag)) = document.read_tagged(store).await? else { return Ok(None) };
            if let Some(scaling) = &order.scaling {
                self.services.scale(scaling).await?;
            }
            // Another call may have carried out an older order meanwhile: then the newer one is carried out
            // again.
            if store.get(document.key()).await?.is_some_and(|stands| stands.etag == etag) {
                return self.collect_garbage(SweepPlace::default()).await;
            }
        }
        let key = document.key();
        Err(Fault::Conflict(format!("{key}: new orders come faster than they are carried out")))
    }

    /// Deletes what nothing needs any more, from this place of the sweep on: one after another, since
    /// SageMaker throttles. A call sees a few pages and deletes a few; the next one goes on.
    pub(crate) async fn collect_garbage(&self, from: SweepPlace) -> Result<Option<SweepPlace>, Fault> {
        let Some(release) = self.release().await? else { return Ok(None) };
        let (mut place, mut left) = (from, MOST);
        for _ in 0..PAGES {
            let (services, model) = (&self.services, self.keys.model());
            let (configs, models) = match &place {
                SweepPlace::Configs { after } => {
                    (services.configs(model, after.as_deref()).await?, ListedPage::default())
                }
                SweepPlace::Models { after } => {
                    (ListedPage::default(), services.models(model, after.as_deref()).await?)
                }
            };
            let garbage = Garbage::plan(&release, &self.policy, &configs.found, &models.found, (self.now)());
            self.delete_garbage(garbage, &mut left).await?;
            if left == 0 {
                return Ok(Some(place));
            }
            match place.then(configs.next.or(models.next)) {
                Some(next) => place = next,
                None => return Ok(None),
            }
        }
        Ok(Some(place))
    }

    async fn delete_garbage(&self, garbage: Garbage, left: &mut usize) -> Result<(), Fault> {
        let services = &self.services;
        for gone in garbage.configs {
            if *left > 0 && self.may_delete(&gone.config).await? {
                services.delete_config(&gone.config.name).await?;
                services.delete_alarms(gone.alarms).await?;
                *left -= 1;
            }
        }
        for gone in garbage.models {
            if *left > 0 && self.may_delete(&gone).await? {
                services.delete_model(&gone.name).await?;
                *left -= 1;
            }
        }
        Ok(())
    }

    /// A name alone proves nothing: another stack may have a model of the same name.
    async fn may_delete(&self, listed: &ListedResource) -> Result<bool, Fault> {
        Ok(self.owner().may_delete(&self.services.tags(&listed.arn).await?))
    }

    async fn ordered_scaling(&self) -> Result<Option<Scaling>, StoreError> {
        let order = UPKEEP.of(&self.keys).read(&self.edge.store).await?;
        Ok(order.and_then(|upkeep| upkeep.scaling))
    }

    /// Writes the order, which starts the state machine.
    async fn write_order(&self, scaling: Option<Scaling>) -> Result<(), StoreError> {
        let (model, region) = (self.keys.model().clone(), self.keys.region().cloned());
        let order = Upkeep { model, region, at: (self.now)(), scaling };
        UPKEEP.of(&self.keys).write(&self.edge.store, &order, Condition::Always).await.map(|_| ())
    }
}

/// The section `serve` that a generation was deployed with; `None` for a config that no run made.
async fn serve_of(store: &impl Store, keys: &Keys, generation: Generation) -> Result<Option<Serve>, Fault> {
    match run::frozen_pipeline(store, keys, generation).await {
        Ok(pipeline) => Ok(Some(pipeline.serve)),
        Err(Fault::NotFound(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}
