//! Chooses the device by a measured warm-up.

use burn::tensor::Device;
use repgeo_core::activation::Engine;
use repgeo_core::study::StudyError;

use super::{adapter, on_cpu, warm_up};
use crate::protocol::{Adapter, EngineChoice, EngineReport};

/// WebGPU has to be this many times as fast as the CPU engine to be taken: the CPU engine is the more exact one.
const ADVANTAGE: f64 = 1.2;

/// The devices that were found, and the one that is used.
pub(crate) struct Devices {
    host: Engine,
    webgpu: Option<Engine>,
    adapter: Adapter,
    uses_webgpu: bool,
    /// Why WebGPU cannot be used, once that is known.
    refused: Option<String>,
    /// Milliseconds of the warm-up on the CPU engine and on WebGPU, once they were measured.
    times: Option<(f64, f64)>,
}

impl Default for Devices {
    fn default() -> Self {
        Self {
            host: Engine::host(1),
            webgpu: None,
            adapter: Adapter::Unknown,
            uses_webgpu: false,
            refused: None,
            times: None,
        }
    }
}

impl Devices {
    /// The device that is used.
    pub(crate) fn engine(&self) -> &Engine {
        match &self.webgpu {
            Some(webgpu) if self.uses_webgpu => webgpu,
            _ => &self.host,
        }
    }

    /// Chooses the device and says which and why, and which adapter there is, where that was asked.
    pub(crate) async fn choose(&mut self, wanted: EngineChoice) -> (EngineReport, Adapter) {
        let report = self.settle(wanted).await;
        (report, self.adapter)
    }

    /// What takes over after an error of the device; nothing when the error is not the device's.
    pub(crate) fn replace_after(&mut self, error: &StudyError) -> Option<EngineReport> {
        (self.uses_webgpu && warm_up::is_of_device(error)).then(|| self.fall_back("WebGPU gave up."))
    }

    async fn settle(&mut self, wanted: EngineChoice) -> EngineReport {
        if wanted == EngineChoice::Cpu {
            return self.use_host("it was asked for.");
        }
        if let Err(reason) = self.find_webgpu().await {
            return self.use_host(&reason);
        }
        if wanted == EngineChoice::Webgpu {
            return self.use_webgpu("it was asked for.");
        }
        match self.time().await {
            Err(reason) => self.fall_back(&reason),
            Ok((host, webgpu)) => {
                let times = if webgpu.is_finite() {
                    format!("a warm-up took {webgpu:.0} ms on WebGPU and {host:.0} ms on the CPU engine.")
                } else {
                    format!("a warm-up took {host:.0} ms on the CPU engine and was not done in time on WebGPU.")
                };
                if webgpu * ADVANTAGE < host { self.use_webgpu(&times) } else { self.use_host(&times) }
            }
        }
    }

    /// Gives WebGPU up for good.
    fn fall_back(&mut self, reason: &str) -> EngineReport {
        self.webgpu = None;
        self.refused = Some(reason.to_owned());
        self.use_host(reason)
    }

    async fn find_webgpu(&mut self) -> Result<(), String> {
        if self.webgpu.is_some() {
            return Ok(());
        }
        if let Some(reason) = &self.refused {
            return Err(reason.clone());
        }
        self.adapter = adapter::find().await;
        let found = if self.adapter == Adapter::None {
            Err("this browser offers no WebGPU adapter.".to_owned())
        } else {
            Device::wgpu_options().init_async().await.map_err(|error| format!("WebGPU could not be started: {error}."))
        };
        match found {
            Ok(device) => {
                self.webgpu = Some(Engine::device(device, "webgpu", "Burn on WebGPU"));
                Ok(())
            }
            Err(reason) => {
                self.refused = Some(reason.clone());
                Err(reason)
            }
        }
    }

    async fn time(&mut self) -> Result<(f64, f64), String> {
        if let Some(times) = self.times {
            return Ok(times);
        }
        let Some(webgpu) = &self.webgpu else { return Err("this browser offers no WebGPU adapter.".to_owned()) };
        let host = warm_up::time(&self.host).await?;
        let times = (host, warm_up::time(webgpu).await?);
        self.times = Some(times);
        Ok(times)
    }

    fn use_host(&mut self, reason: &str) -> EngineReport {
        self.uses_webgpu = false;
        on_cpu(reason)
    }

    fn use_webgpu(&mut self, reason: &str) -> EngineReport {
        self.uses_webgpu = true;
        EngineReport {
            id: "webgpu".to_owned(),
            name: "WebGPU".to_owned(),
            reason: format!("WebGPU computes, because {reason}"),
        }
    }
}
