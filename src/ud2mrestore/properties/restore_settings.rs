// SPDX-License-Identifier: MPL-2.0
//! What the properties mean to the restorer: the degradation, the graph that it needs, where the
//! network runs.
//!
//! An error names the property that is missing or does not fit.

use super::super::qos::{Decision, Work};
use super::enums::{
    ExecutionProvider, JpegSubsampling, KernelShape, MaskSource, NoiseMode, Output, Task, Temporal,
};
use super::settings::{Fixed, Live};
use crate::error::RestoreError;
use crate::restore::{self, Degradation, Engine, InputFile, Kernel, Provider, Subsampling, Tiling};

impl Fixed {
    /// Output size over input size.
    pub fn output_scale(&self) -> u32 {
        match self.task {
            Task::SuperResolve => self.scale,
            _ => 1,
        }
    }

    /// Whether each frame brings a mask of its own.
    pub fn has_frame_masks(&self) -> bool {
        self.mask_source != MaskSource::File
    }

    /// Whether these are filled before the task's own step; inpainting is that step itself.
    pub fn fills_frame_masks(&self) -> bool {
        self.has_frame_masks() && self.task != Task::Inpaint
    }

    /// Chroma subsampling of the JPEG: as set, or else that of the caps.
    fn subsampling(&self, chroma: Subsampling) -> Subsampling {
        match self.jpeg_subsampling {
            JpegSubsampling::Auto => chroma,
            JpegSubsampling::C420 => Subsampling::C420,
            JpegSubsampling::C422 => Subsampling::C422,
            JpegSubsampling::C444 => Subsampling::C444,
        }
    }

    /// The tiles that were asked for.
    pub fn tiling(&self) -> Tiling {
        Tiling {
            width: self.tile_width as usize,
            height: self.tile_height as usize,
            overlap: self.tile_overlap as usize,
            batch: self.batch_size as usize,
        }
    }

    /// Where and how ONNX Runtime runs the network.
    pub fn engine(&self) -> Engine {
        Engine {
            provider: match self.provider {
                ExecutionProvider::Auto => Provider::Auto,
                ExecutionProvider::Cpu => Provider::Cpu,
                ExecutionProvider::Cuda => Provider::Cuda,
                ExecutionProvider::TensorRt => Provider::TensorRt,
                ExecutionProvider::OpenVino => Provider::OpenVino,
                ExecutionProvider::WebGpu => Provider::WebGpu,
                ExecutionProvider::Plugin => Provider::Plugin,
            },
            device: self.device,
            threads: self.threads as usize,
            plugin: self.provider_library.path().to_owned(),
        }
    }
}

impl Live {
    /// The degradation that the properties describe. `chroma`: subsampling of the caps.
    pub fn degradation(
        &self,
        fixed: &Fixed,
        chroma: Subsampling,
    ) -> Result<Degradation, RestoreError> {
        Ok(match fixed.task {
            Task::Deblur => Degradation::Blur(self.kernel()?),
            Task::Inpaint if self.mask_file.is_empty() && !fixed.has_frame_masks() => {
                return Err(RestoreError::Settings(
                    "task=inpaint needs a mask: set mask-file to a gray PNG of the frame's size, \
                     white where pixels are observed and black where they are missing, or \
                     mask-source=alpha for frames that are transparent there, or link mask_sink."
                        .to_owned(),
                ));
            }
            Task::Inpaint => Degradation::Mask(self.mask_file.clone()),
            Task::SuperResolve if !(2..=4).contains(&fixed.scale) => {
                return Err(RestoreError::Settings(format!(
                    "scale is {}: set it to 2, 3 or 4, for which there are models.",
                    fixed.scale
                )));
            }
            Task::SuperResolve => Degradation::Downscale(fixed.scale as usize),
            Task::Jpeg => Degradation::Jpeg {
                quality: self.jpeg_quality,
                subsampling: fixed.subsampling(chroma),
            },
            Task::Denoise => Degradation::Denoise,
        })
    }

    /// The file that says which pixels are missing beside the degradation; none for inpainting,
    /// whose degradation it is.
    pub fn mask(&self, fixed: &Fixed) -> InputFile {
        match fixed.task {
            Task::Inpaint => InputFile::default(),
            _ => self.mask_file.clone(),
        }
    }

    /// Chooses the kernel in the file, where one is set. Whether another was chosen before.
    pub fn choose_kernel_file(&mut self) -> bool {
        let other = !self.kernel_file.is_empty() && self.kernel != KernelShape::File;
        if other {
            self.kernel = KernelShape::File;
        }
        other
    }

    fn kernel(&self) -> Result<Kernel, RestoreError> {
        let size = self.kernel_size as usize;
        if size > 0 && size.is_multiple_of(2) && self.kernel != KernelShape::File {
            return Err(RestoreError::Settings(format!(
                "kernel-size is {size}: set it to an odd number of pixels, or to 0 to choose it \
                 from the other parameters."
            )));
        }
        Ok(match self.kernel {
            KernelShape::Gaussian => Kernel::Gaussian {
                size,
                sigma: self.kernel_sigma as f32,
            },
            KernelShape::Uniform => Kernel::Uniform { size },
            KernelShape::Disk => Kernel::Disk {
                size,
                radius: self.kernel_radius as f32,
            },
            KernelShape::Motion => Kernel::Motion {
                length: self.kernel_length as f32,
                angle: self.kernel_angle as f32,
                size,
            },
            KernelShape::File if self.kernel_file.is_empty() => {
                return Err(RestoreError::Settings(
                    "kernel=file needs a kernel: set kernel-file to a gray PNG, a PGM or a .npy \
                     file."
                        .to_owned(),
                ));
            }
            KernelShape::File => Kernel::File(self.kernel_file.clone()),
        })
    }

    /// Whether a frame does not start from the one before it.
    pub fn stands_alone(&self) -> bool {
        self.temporal == Temporal::Off || self.output == Output::Stddev || self.realism > 0.0
    }

    /// Whether the standard deviation is to be told from one sample.
    pub fn needs_stddev(&self) -> bool {
        restore::needs_stddev(self.output(), self.samples as usize)
    }

    /// Whether a frame leaves as it came.
    pub fn is_passthrough(&self) -> bool {
        restore::is_passthrough(self.output(), self.strength as f32, self.compare as f32)
    }

    /// The work for a frame that is in time.
    pub fn work(&self) -> Work {
        Work {
            steps: self.steps,
            samples: self.output().draws(self.samples as usize) as u32,
            fewest: 1 + u32::from(self.output == Output::Stddev && self.samples > 1),
        }
    }

    /// The settings for a frame, after what was decided about it.
    pub fn adapted_to(self, decision: Decision) -> Self {
        match decision {
            Decision::Restore | Decision::Drop => self,
            Decision::Reduce(work) => Self {
                steps: work.steps,
                samples: work.samples,
                ..self
            },
            Decision::Passthrough => Self {
                strength: 0.0,
                output: Output::Sample,
                ..self
            },
        }
    }

    fn output(&self) -> restore::Output {
        match self.output {
            Output::Sample => restore::Output::Sample,
            Output::Mean => restore::Output::Mean,
            Output::Stddev => restore::Output::Deviation,
        }
    }

    /// The restorer's settings for a frame; `luma`: the frame is gray or YUV.
    pub fn restore_settings(
        &self,
        fixed: &Fixed,
        (degradation, mask): (Degradation, InputFile),
        luma: bool,
    ) -> restore::Settings {
        restore::Settings {
            degradation,
            mask,
            detect_unobserved: self.detect_unobserved,
            noise_sigma: self.noise_sigma as f32,
            // JPEG's own data step works on Y, Cb and Cr.
            noise_is_luma: luma && fixed.task != Task::Jpeg,
            steps: self.steps as usize,
            seed: self.seed,
            noise_per_frame: self.noise_mode == NoiseMode::PerFrame,
            stochasticity: self.stochasticity as f32,
            realism: self.realism as f32,
            samples: self.samples as usize,
            output: self.output(),
            temporal: match self.temporal {
                Temporal::Off => restore::Temporal::Off,
                Temporal::WarmStart => restore::Temporal::WarmStart,
            },
            strength: self.strength as f32,
            compare: self.compare as f32,
            tiling: fixed.tiling(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_kernel_size_is_refused_with_its_name() {
        let live = Live {
            kernel_size: 4,
            ..Live::default()
        };
        let error = live
            .degradation(&Fixed::default(), Subsampling::default())
            .expect_err("4 is even");
        assert!(error.to_string().contains("kernel-size is 4"), "{error}");
    }
}
