// SPDX-License-Identifier: MPL-2.0
//! The element itself: what GObject and GStreamer know of it, and its locks.

/**
 * SECTION:element-ud2mrestore
 * @see_also: gaussianblur, videobalance, onnxinference
 *
 * Restores every frame of a stream by sampling the posterior p(frame | degraded frame). The
 * properties say how the frame was degraded, and a few passes of a small diffusion network undo it.
 * The degradation enters through closed-form operators, so that one network serves every task.
 *
 * ONNX Runtime is opened when the element starts: `ORT_DYLIB_PATH`, then a libonnxruntime.so beside
 * the plugin, then the system's. What the element cannot do ends in an error that says what to
 * change. Where the network has no valid answer even at a second try, the frame leaves as it came,
 * with a warning: never black, never lost.
 *
 * A restorer is slower than most streams. So `qos` is off, and overload-policy says what becomes of
 * late frames.
 *
 * Every buffer that leaves carries a #GstCustomMeta `GstUd2mRestoreMeta`, whose structure says how
 * its frame was made: `residual`, `steps`, `evaluations`, `provider`, `passthrough`, `late` and
 * more. The property stats, and an element message every stats-interval milliseconds, count frames
 * and tell mean times. docs/messages.md lists all fields.
 *
 * ## Deblur
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 pattern=ball ! video/x-raw,width=160,height=120 \
 *   ! videoconvert ! ud2mrestore task=deblur kernel=gaussian kernel-size=5 kernel-sigma=1.7 \
 *   noise-sigma=0.01 ! pngenc ! multifilesink location=/tmp/deblurred-%d.png
 * ]| Undoes a Gaussian blur. A measured kernel is given as kernel=file kernel-file=kernel.png.
 *
 * ## Inpaint
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 ! video/x-raw,width=64,height=48 ! videoconvert \
 *   ! ud2mrestore task=inpaint mask-file=tests/data/mask.pgm \
 *   ! pngenc ! multifilesink location=/tmp/inpainted-%d.png
 * ]| Fills in the pixels that are black in the mask, which has the size of the frame.
 *
 * ## Super-resolve
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 ! video/x-raw,width=80,height=60 ! videoconvert \
 *   ! ud2mrestore task=super-resolve scale=4 \
 *   ! pngenc ! multifilesink location=/tmp/upscaled-%d.png
 * ]| Makes the frame four times wider and higher; 320x240 leaves the element.
 *
 * ## JPEG
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 ! video/x-raw,width=160,height=120 \
 *   ! jpegenc quality=10 ! jpegdec idct-method=islow ! ud2mrestore task=jpeg jpeg-quality=10 \
 *   ! videoconvert ! pngenc ! multifilesink location=/tmp/restored-%d.png
 * ]| Removes blocks and ringing from the planes as they were decoded. Without jpeg-quality the
 * quality is estimated from the frames. Frames in RGB do not say how their JPEG subsampled the
 * chroma: jpeg-subsampling does.
 *
 * ## Denoise
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 pattern=smpte100 \
 *   ! video/x-raw,width=160,height=120 ! videoconvert ! ud2mrestore task=denoise noise-sigma=-1 \
 *   ! pngenc ! multifilesink location=/tmp/denoised-%d.png
 * ]| Removes noise whose strength is estimated from the frames.
 *
 * ## Live
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true num-buffers=10 \
 *   ! video/x-raw,width=160,height=120,framerate=10/1 ! videoconvert \
 *   ! ud2mrestore task=denoise steps=1 overload-policy=passthrough ! fakesink sync=true qos=true
 * ]| Restores what it can in time. Frames that the sink no longer waits for leave as they came.
 *
 * Since: 0.1.0
 */
use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use parking_lot::Mutex;

use super::MaskSource;
use super::errors::CAT;
use super::format::caps;
use super::frame::flight::Flight;
use super::mask::{self, MaskQueue};
use super::properties::SPECS;
use super::properties::settings::Settings;
use super::shared::Shared;
use super::state::State;

/// Its locks are told apart by how long they are held. They are taken in the order of the fields,
/// if several are.
#[derive(Default)]
pub struct Ud2mRestore {
    /// The streaming thread's, for a whole frame: properties and queries never take it.
    pub(super) state: Mutex<Option<State>>,
    /// The streaming thread's, for instants.
    pub(super) flight: Mutex<Flight>,
    /// Masks that come on a pad. Its lock is taken with no other.
    pub(super) masks: MaskQueue,
    /// Any thread's, for instants.
    pub(super) settings: Mutex<Settings>,
    /// Any thread's, for instants, and never while the pipeline or the application is called.
    pub(super) shared: Mutex<Shared>,
}

impl Ud2mRestore {
    /// Output size over input size, as in force or as set.
    pub(super) fn output_scale(&self) -> u32 {
        let in_force = self.shared.lock().scale;
        in_force.unwrap_or_else(|| self.settings.lock().fixed.output_scale())
    }
}

#[glib::object_subclass]
impl ObjectSubclass for Ud2mRestore {
    const NAME: &'static str = "GstUd2mRestore";
    type Type = super::Ud2mRestore;
    type ParentType = gst_base::BaseTransform;
    type Interfaces = (gst::Preset,);
}

impl ObjectImpl for Ud2mRestore {
    fn properties() -> &'static [glib::ParamSpec] {
        &SPECS
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        let (before, name) = (self.output_scale(), pspec.name());
        let (waits, chosen) = {
            let mut settings = self.settings.lock();
            let fixed = settings.fixed.clone();
            settings.set(name, value);
            let chosen = name == "kernel-file" && settings.live.choose_kernel_file();
            (settings.fixed != fixed, chosen)
        };
        gst::info!(CAT, imp = self, "{name} is now {value:?}");
        if chosen {
            self.obj().notify("kernel");
        }
        let running = self.shared.lock().scale.is_some();
        if waits && running {
            self.warn([format!(
                "{name} is set while the element runs: it waits until the element has been stopped \
                 (READY) and started again."
            )]);
        }
        if self.output_scale() != before {
            self.obj().reconfigure_src();
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        match pspec.name() {
            "active-provider" => self.shared.lock().stats.provider().to_value(),
            "stats" => self.shared.lock().stats.structure().to_value(),
            name => self.settings.lock().get(name),
        }
    }
}

impl GstObjectImpl for Ud2mRestore {}

// GStreamer's own way of storing properties serves.
impl PresetImpl for Ud2mRestore {}

impl ElementImpl for Ud2mRestore {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "UD2M restorer",
                "Filter/Effect/Video",
                "Deblurs, inpaints, upscales, denoises and repairs JPEG frames by posterior \
                 sampling with a diffusion network",
                "The gst-plugin-ud2m authors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            [
                ("sink", gst::PadDirection::Sink),
                ("src", gst::PadDirection::Src),
            ]
            .into_iter()
            .filter_map(|(name, direction)| {
                let presence = gst::PadPresence::Always;
                gst::PadTemplate::new(name, direction, presence, &caps::template()).ok()
            })
            .chain(mask::template())
            .collect()
        });
        &TEMPLATES
    }

    fn request_new_pad(
        &self,
        template: &gst::PadTemplate,
        _name: Option<&str>,
        _caps: Option<&gst::Caps>,
    ) -> Option<gst::Pad> {
        let running = self.shared.lock().scale.is_some();
        if running || self.obj().static_pad(mask::NAME).is_some() {
            gst::warning!(
                CAT,
                imp = self,
                "mask_sink is one pad, requested while stopped"
            );
            return None;
        }
        let pad = self.mask_pad(template);
        self.obj().add_pad(&pad).ok()?;
        self.settings.lock().fixed.mask_source = MaskSource::Pad;
        self.obj().notify("mask-source");
        Some(pad)
    }

    fn release_pad(&self, pad: &gst::Pad) {
        self.masks.set_ended(true);
        let _ = pad.set_active(false);
        let _ = self.obj().remove_pad(pad);
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        if transition == gst::StateChange::ReadyToPaused {
            self.masks.start();
        }
        // The parent waits for the streaming thread, which may be busy for seconds.
        if transition == gst::StateChange::PausedToReady {
            self.give_up();
        }
        self.parent_change_state(transition)
    }
}
