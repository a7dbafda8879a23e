//! The wave of a promoted model through further regions: begun, and ordered from the state machine `regions`.

use pawl::documents::{RELEASE, WAVE, WAVE_ORDER, WaveOrder};
use pawl::edge::Notices;
use pawl::fault::Fault;
use pawl::ledger::{Condition, Store, StoreError};
use pawl::names::Generation;
use pawl::release::{Release, Wave, WaveNews, WaveStep};
use pawl::run;

use crate::edge::Services;
use crate::site::Site;

impl<S: Store, A: Services, N: Notices> Site<'_, S, A, N> {
    /// The record of this release; `None` where it was never asked to deploy.
    pub(crate) async fn release(&self) -> Result<Option<Release>, StoreError> {
        RELEASE.of(&self.keys).read(&self.edge.store).await
    }

    /// Begins the wave of a generation that was promoted at home, where its pipeline names regions.
    pub(crate) async fn begin_wave(&self, generation: Generation) -> Result<(), Fault> {
        let store = &self.edge.store;
        let regions = match run::frozen_pipeline(store, &self.keys, generation).await {
            Ok(pipeline) => pipeline.release.regions,
            // No run made this config.
            Err(Fault::NotFound(_)) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let home = self.release().await?;
        let promoted = home.and_then(|home| home.good.into_iter().find(|good| good.generation == generation));
        let Some(promoted) = promoted.filter(|_| !regions.is_empty()) else { return Ok(()) };
        let missing = || Fault::NotFound(format!("the archive of {}: no region can get it", promoted.config));
        let model = promoted.model.as_deref().ok_or_else(missing)?;
        let archive = self.services.archive(model).await?.ok_or_else(missing)?;
        let wave = Wave::new(&promoted, archive, &regions, (self.now)());
        let begin = |stands: &mut Option<Wave>| {
            if stands.as_ref().is_none_or(|older| older.generation < generation) {
                *stands = Some(wave.clone());
            }
        };
        WAVE.of(&self.keys).update(store, begin).await?;
        Ok(self.order_wave(generation).await?)
    }

    /// Writes the order that starts the state machine.
    pub(crate) async fn order_wave(&self, generation: Generation) -> Result<(), StoreError> {
        let order = WaveOrder { model: self.keys.model().clone(), generation, at: (self.now)() };
        let document = WAVE_ORDER.of(&self.keys, &generation);
        document.write(&self.edge.store, &order, Condition::Always).await.map(|_| ())
    }

    /// Takes news in; `None` where another generation's wave stands there, or none.
    pub(crate) async fn step_wave(
        &self,
        generation: Generation,
        news: &WaveNews,
    ) -> Result<Option<(Wave, WaveStep)>, Fault> {
        let step = |stands: &mut Option<Wave>| {
            let wave = stands.as_mut().filter(|wave| wave.generation == generation)?;
            let (next, order) = wave.step(news, (self.now)());
            *wave = next;
            Some(order)
        };
        let (wave, order) = WAVE.of(&self.keys).update(&self.edge.store, step).await?;
        Ok(wave.zip(order))
    }
}
