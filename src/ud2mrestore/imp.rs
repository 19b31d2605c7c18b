// SPDX-License-Identifier: MPL-2.0
//! The element itself: GStreamer's calls, handed on. What it means lies in the files beside.

/**
 * SECTION:element-ud2mrestore
 * @see_also: gaussianblur, videobalance, onnxinference
 *
 * Restores every frame of a stream by sampling the posterior p(frame | damaged frame): the properties say how the
 * frame was damaged, and a few passes of a small diffusion network undo it. The damage enters through closed-form
 * operators, so that one network serves every task.
 *
 * ONNX Runtime is opened when the element starts: `ORT_DYLIB_PATH`, then a libonnxruntime.so beside the plugin, then
 * the system's. What the element cannot do ends in an error that says what to change. Where the network's answer is no
 * picture even at a second try, the frame passes as it came, with a warning: never black, never lost.
 * A restorer is slower than most streams, so `qos` is off: frames arrive late rather than not at all.
 *
 * ## Deblur
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 pattern=ball ! video/x-raw,width=160,height=120 ! videoconvert ! ud2mrestore task=deblur kernel=gaussian kernel-size=5 kernel-sigma=1.7 noise-sigma=0.01 ! pngenc ! multifilesink location=/tmp/deblurred-%d.png
 * ]| Undoes a Gaussian blur. A measured kernel is given as kernel=file kernel-file=kernel.png.
 *
 * ## Inpaint
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 ! video/x-raw,width=64,height=48 ! videoconvert ! ud2mrestore task=inpaint mask-file=tests/data/mask.pgm ! pngenc ! multifilesink location=/tmp/inpainted-%d.png
 * ]| Fills in the pixels that are black in the mask, which has the size of the frame.
 *
 * ## Super-resolve
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 ! video/x-raw,width=80,height=60 ! videoconvert ! ud2mrestore task=super-resolve scale=4 ! pngenc ! multifilesink location=/tmp/enlarged-%d.png
 * ]| Makes the frame four times wider and higher; 320x240 leaves the element.
 *
 * ## JPEG
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 ! video/x-raw,width=160,height=120 ! jpegenc quality=10 ! jpegdec idct-method=islow ! ud2mrestore task=jpeg jpeg-quality=10 ! videoconvert ! pngenc ! multifilesink location=/tmp/mended-%d.png
 * ]| Removes blocks and ringing from the planes as they were decoded; without jpeg-quality the quality is estimated from
 * the frames. Frames that are RGB do not tell how coarse the JPEG's chroma was: jpeg-subsampling does.
 *
 * ## Denoise
 *
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=2 pattern=smpte100 ! video/x-raw,width=160,height=120 ! videoconvert ! ud2mrestore task=denoise noise-sigma=-1 ! pngenc ! multifilesink location=/tmp/denoised-%d.png
 * ]| Removes noise whose strength is estimated from the frames.
 *
 * Since: 0.1.0
 */
use std::sync::LazyLock;
use std::time::Instant;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::BaseTransformMode;
use gst_base::subclass::prelude::*;
use gst_video::{VideoInfo, VideoMeta, VideoRegionOfInterestMeta};
use parking_lot::Mutex;

use super::report::{self, CAT, Report};
use super::settings::{SPECS, Settings};
use super::state::State;
use super::{caps, frame};
use crate::error::RestoreError;
use crate::restore::Interrupt;

/// `state` is locked for the whole of a frame, so properties and queries never take it; the others for an instant.
#[derive(Default)]
pub struct Ud2mRestore {
    settings: Mutex<Settings>,
    /// The scale in force while started.
    scale: Mutex<Option<u32>>,
    state: Mutex<Option<State>>,
    interrupt: Mutex<Option<Interrupt>>,
    report: Mutex<Report>,
}

impl Ud2mRestore {
    /// Output size over input size, as in force or as set.
    fn scale(&self) -> i32 {
        let in_force = *self.scale.lock();
        in_force.unwrap_or_else(|| self.settings.lock().fixed.output_scale()) as i32
    }

    /// Loads another step graph where frames of these caps need it.
    fn fit(&self, state: &mut State, incaps: &gst::Caps) -> Result<(), gst::ErrorMessage> {
        if !state.outgrows(incaps) {
            return Ok(());
        }
        let model = &state.fixed.model.clone();
        self.loading(model, |warn| state.reopen(warn))?;
        *self.interrupt.lock() = Some(state.restorer.interrupt());
        Ok(())
    }

    /// Does `load`, and tells the application that it begins and how it ends.
    fn loading<T>(
        &self,
        model: &str,
        load: impl FnOnce(&dyn Fn(String)) -> Result<T, RestoreError>,
    ) -> Result<T, gst::ErrorMessage> {
        let warn =
            |text: String| gst::element_imp_warning!(self, gst::LibraryError::Settings, ("{text}"));
        self.progress(
            gst::ProgressType::Start,
            &format!("Loading the model {model}"),
        );
        let loaded = load(&warn).map_err(|e| {
            let text = format!("The model {model} was not loaded");
            self.progress(gst::ProgressType::Error, &text);
            report::message(&e)
        })?;
        self.progress(
            gst::ProgressType::Complete,
            &format!("Loaded the model {model}"),
        );
        Ok(loaded)
    }

    /// Tells the application how far a load of seconds has come.
    fn progress(&self, kind: gst::ProgressType, text: &str) {
        let message = gst::message::Progress::builder(kind, "load-model", text);
        let _ = self.obj().post_message(message.src(&*self.obj()).build());
    }
}

#[glib::object_subclass]
impl ObjectSubclass for Ud2mRestore {
    const NAME: &'static str = "GstUd2mRestore";
    type Type = super::Ud2mRestore;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for Ud2mRestore {
    fn properties() -> &'static [glib::ParamSpec] {
        &SPECS
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        let before = self.scale();
        self.settings.lock().set(pspec.name(), value);
        gst::info!(CAT, imp = self, "{} is now {value:?}", pspec.name());
        if self.scale() != before {
            self.obj().reconfigure_src();
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        match pspec.name() {
            "active-provider" => self.report.lock().provider().to_value(),
            "stats" => self.report.lock().structure().to_value(),
            name => self.settings.lock().get(name),
        }
    }
}

impl GstObjectImpl for Ud2mRestore {}

impl ElementImpl for Ud2mRestore {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "UD2M restorer",
                "Filter/Effect/Video",
                "Deblurs, inpaints, enlarges, denoises and mends JPEG frames by posterior sampling with a diffusion network",
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
            .collect()
        });
        &TEMPLATES
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        // The parent waits for the frame in progress, which may take seconds.
        if transition == gst::StateChange::PausedToReady
            && let Some(interrupt) = self.interrupt.lock().as_ref()
        {
            interrupt.raise();
        }
        self.parent_change_state(transition)
    }
}

impl BaseTransformImpl for Ud2mRestore {
    const MODE: BaseTransformMode = BaseTransformMode::NeverInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = self.settings.lock().clone();
        let model = &settings.fixed.model;
        let state = self.loading(model, |warn| State::open(&settings, warn))?;
        gst::info!(CAT, imp = self, "started on {}", state.restorer.provider());
        *self.scale.lock() = Some(state.fixed.output_scale());
        *self.interrupt.lock() = Some(state.restorer.interrupt());
        *self.report.lock() = Report::new(state.restorer.provider());
        *self.state.lock() = Some(state);
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        *self.state.lock() = None;
        *self.interrupt.lock() = None;
        *self.scale.lock() = None;
        self.report.lock().stop();
        gst::info!(CAT, imp = self, "stopped");
        Ok(())
    }

    fn transform_caps(
        &self,
        direction: gst::PadDirection,
        caps: &gst::Caps,
        filter: Option<&gst::Caps>,
    ) -> Option<gst::Caps> {
        let other = caps::transformed(caps, direction, self.scale());
        gst::debug!(CAT, imp = self, "{caps} at {direction:?} become {other}");
        Some(match filter {
            Some(filter) => filter.intersect_with_mode(&other, gst::CapsIntersectMode::First),
            None => other,
        })
    }

    fn set_caps(&self, incaps: &gst::Caps, outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let live = self.settings.lock().live.clone();
        let mut guard = self.state.lock();
        let Some(state) = guard.as_mut() else {
            return Err(gst::loggable_error!(CAT, "caps came before the start"));
        };
        let ready = self
            .fit(state, incaps)
            .and_then(|()| state.negotiate(&live, incaps, outcaps));
        let Err(error) = ready else {
            state.refused = None;
            return Ok(());
        };
        // Upstream offers refused caps again with its next buffer; the reason is told once.
        let told = state.refused.replace(incaps.clone()).as_ref() == Some(incaps);
        drop(guard);
        if !told {
            self.post_error_message(error);
        }
        Err(gst::loggable_error!(CAT, "refused {incaps}"))
    }

    fn transform_size(
        &self,
        _direction: gst::PadDirection,
        _caps: &gst::Caps,
        _size: usize,
        othercaps: &gst::Caps,
    ) -> Option<usize> {
        // Whatever the size of a buffer, which may hold padded rows, the other holds one frame.
        self.unit_size(othercaps)
    }

    fn unit_size(&self, caps: &gst::Caps) -> Option<usize> {
        VideoInfo::from_caps(caps).ok().map(|info| info.size())
    }

    fn propose_allocation(
        &self,
        decide_query: Option<&gst::query::Allocation>,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        query.add_allocation_meta::<VideoMeta>(None);
        self.parent_propose_allocation(decide_query, query)
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        let answered = BaseTransformImplExt::parent_query(self, direction, query);
        if answered
            && direction == gst::PadDirection::Src
            && let gst::QueryViewMut::Latency(latency) = query.view_mut()
        {
            let (live, min, max) = latency.result();
            let own = self.report.lock().latency();
            latency.set(live, min + own, max.map(|max| max + own));
        }
        answered
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        let interrupt = self.interrupt.lock().clone();
        match (event.type_(), interrupt) {
            (gst::EventType::FlushStart, Some(interrupt)) => interrupt.raise(),
            (gst::EventType::FlushStop, Some(interrupt)) => interrupt.clear(),
            _ => {}
        }
        self.parent_sink_event(event)
    }

    fn before_transform(&self, inbuf: &gst::BufferRef) {
        // Controlled properties follow the stream's time.
        let segment = self.obj().segment();
        if let Some(segment) = segment.downcast_ref::<gst::ClockTime>()
            && let Some(time) = segment.to_stream_time(inbuf.pts())
        {
            let _ = self.obj().sync_values(time);
        }
        // A frame that passes as it came is not even copied; an enlarged one has to be made.
        let passes = self.settings.lock().live.passes() && self.scale() == 1;
        self.obj().set_passthrough(passes);
    }

    fn transform_meta<'a>(
        &self,
        outbuf: &mut gst::BufferRef,
        meta: gst::MetaRef<'a, gst::Meta>,
        _inbuf: &'a gst::BufferRef,
    ) -> bool {
        let tags = meta.tags();
        let says = |tag: &str| tags.iter().any(|t| t.as_str() == tag);
        // A description of the input's memory, or of something that is not video, does not hold for the output.
        let known = ["video", "size", "orientation", "colorspace"];
        if !tags.iter().all(|t| known.contains(&t.as_str())) {
            return false;
        }
        if !says("size") || self.scale() == 1 {
            return true;
        }
        // What is measured in pixels does not hold for the larger frame; regions of interest are worth carrying over.
        if let Some(region) = meta.downcast_ref::<VideoRegionOfInterestMeta>() {
            frame::enlarge(region, outbuf, self.scale() as u32);
        }
        false
    }

    fn transform(
        &self,
        inbuf: &gst::Buffer,
        outbuf: &mut gst::BufferRef,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        let begun = Instant::now();
        let live = self.settings.lock().live.clone();
        let mut guard = self.state.lock();
        let Some(state) = guard.as_mut() else {
            return Err(gst::FlowError::Flushing);
        };
        let result = state.restore(&live, inbuf, outbuf);
        let interrupted = state.restorer.interrupt().is_raised();
        drop(guard);
        match result {
            Ok(used) => {
                gst::log!(CAT, imp = self, "restored a frame: {used:?}");
                // One warning for each run of such frames; `stats` counts them all.
                if let Some(reason) = used.passed.as_ref()
                    && self.report.lock().passing().is_none()
                {
                    gst::element_imp_warning!(
                        self,
                        gst::StreamError::Failed,
                        ("{reason} A second try failed too: frames pass as they came until the model answers.")
                    );
                }
                if self.report.lock().add(used, begun.elapsed()) {
                    let message = gst::message::Latency::builder().src(&*self.obj()).build();
                    let _ = self.obj().post_message(message);
                }
                Ok(gst::FlowSuccess::Ok)
            }
            Err(_) if interrupted => Err(gst::FlowError::Flushing),
            Err(error) => {
                self.post_error_message(error);
                Err(gst::FlowError::Error)
            }
        }
    }
}
