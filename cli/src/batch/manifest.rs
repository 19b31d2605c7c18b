// SPDX-License-Identifier: MPL-2.0
//! What the manifest of a clip holds: the clip, how it is to be restored, and its chunks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The form of manifests that this program writes and reads.
pub const FORMAT: u32 = 1;
/// Version of the command: all chunks are restored by one.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// All that a chunk needs to know of its clip.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    pub versions: Versions,
    pub source: Origin,
    pub settings: Settings,
    pub video: Video,
    pub chunks: Vec<Chunk>,
    pub frames: Index,
}

/// What made the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Versions {
    pub ud2m: String,
    pub gstreamer: String,
}

impl Versions {
    /// Those of this program.
    pub fn own() -> Self {
        Self {
            ud2m: VERSION.to_owned(),
            gstreamer: gst::version_string().to_string(),
        }
    }
}

/// A file that must be the same for all chunks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Origin {
    pub path: PathBuf,
    pub bytes: u64,
    pub sha256: String,
}

/// How frames are restored and written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// Properties of the element with their texts, in the order of the command line.
    pub properties: Vec<(String, String)>,
    /// The seed in force.
    pub seed: u64,
    /// The model's name or folder, as the property has it, and its SHA-256.
    pub model: PathBuf,
    pub model_sha256: String,
    /// Files that properties name, by the property.
    pub files: BTreeMap<String, Origin>,
    /// The kind of file that chunks are, an ending.
    pub kind: String,
    pub crf: Option<u32>,
}

/// What is known of the video, so that no chunk has to look at the whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Video {
    /// Caps of its first decoded frame.
    pub caps: String,
    /// Numerator and denominator of the rate; 0 and 1 where it varies.
    pub rate: (i32, i32),
    /// How frames are to be turned, as the tag has it.
    pub orientation: Option<String>,
    /// Where the file's own times begin, in Matroska.
    pub begin: Option<i64>,
    /// What is added to running times, and to the times by which the file is sought in, to give
    /// those of the frames, in nanoseconds.
    pub running_offset: i64,
    pub stream_offset: i64,
}

/// Frames that are restored by one process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Chunk {
    /// The number of the first frame in the clip, from 0.
    pub first: usize,
    pub frames: usize,
    /// Frames before these that are restored first and left out.
    pub lead_in: usize,
    /// Whether a scene begins with it.
    pub scene: bool,
    /// Times of its first and its last frame, in nanoseconds.
    pub first_pts: u64,
    pub last_pts: u64,
}

/// Each frame of the clip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Index {
    /// Its time as the decoder has it, in nanoseconds, rising.
    pub pts: Vec<u64>,
    /// CRC-32 of its decoded samples.
    pub crc32: Vec<u32>,
}

impl Manifest {
    /// What is wrong with its chunks or its index, in words: a manifest may have been edited.
    pub fn check(&self) -> Result<(), &'static str> {
        let all = self.frames.pts.len();
        if self.frames.crc32.len() != all {
            return Err("has not one check for each time");
        }
        if self.frames.pts.windows(2).any(|two| two[0] >= two[1]) {
            return Err("has times that do not rise");
        }
        let mut next = 0;
        for chunk in &self.chunks {
            let end = chunk.first.checked_add(chunk.frames);
            let end = end.filter(|end| *end <= all && *end > chunk.first);
            let end = end.ok_or("has a chunk that lies outside of the clip")?;
            let ends = (chunk.first_pts, chunk.last_pts);
            if chunk.first != next || chunk.lead_in > chunk.first {
                return Err("has chunks that do not follow on each other");
            }
            if ends != (self.frames.pts[chunk.first], self.frames.pts[end - 1]) {
                return Err("has a chunk whose times are not those of its frames");
            }
            next = end;
        }
        (next == all).then_some(()).ok_or("has frames in no chunk")
    }

    /// Running times of a chunk's frames, in nanoseconds.
    pub fn running_times(&self, chunk: &Chunk) -> Vec<i64> {
        let pts = &self.frames.pts[chunk.first..chunk.first + chunk.frames];
        let times = pts.iter().map(|pts| *pts as i64);
        times.map(|pts| pts - self.video.running_offset).collect()
    }

    /// The model's folder or name.
    pub fn model(&self) -> &Path {
        &self.settings.model
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A manifest of ten frames in chunks of these lengths.
    pub fn manifest(lengths: &[usize]) -> Manifest {
        let pts: Vec<u64> = (0..10).map(|n| 40_000_000 * n).collect();
        let mut first = 0;
        let chunks = lengths.iter().map(|frames| {
            first += frames;
            let at = first - frames;
            Chunk {
                first: at,
                frames: *frames,
                lead_in: at.min(8),
                scene: false,
                first_pts: pts[at],
                last_pts: pts[first - 1],
            }
        });
        let origin = Origin {
            path: "clip.mkv".into(),
            bytes: 1,
            sha256: String::new(),
        };
        Manifest {
            format: FORMAT,
            versions: Versions {
                ud2m: VERSION.to_owned(),
                gstreamer: String::new(),
            },
            source: origin,
            settings: Settings {
                properties: vec![("steps".to_owned(), "1".to_owned())],
                seed: 0,
                model: "lite".into(),
                model_sha256: String::new(),
                files: BTreeMap::new(),
                kind: "mkv".to_owned(),
                crf: None,
            },
            video: Video {
                caps: String::new(),
                rate: (25, 1),
                orientation: None,
                begin: None,
                running_offset: 0,
                stream_offset: 0,
            },
            chunks: chunks.collect(),
            frames: Index {
                crc32: vec![0; pts.len()],
                pts,
            },
        }
    }

    #[test]
    fn chunks_cover_the_clip_in_order() {
        assert_eq!(manifest(&[4, 6]).check(), Ok(()));
        for (wrong, word) in [(&[4, 5][..], "no chunk"), (&[4], "no chunk")] {
            let said = manifest(wrong).check().expect_err("frames are left");
            assert!(said.contains(word), "{said}");
        }
        let mut moved = manifest(&[4, 6]);
        moved.chunks[1].first = 3;
        assert!(moved.check().is_err());
        moved.chunks[1].first = usize::MAX;
        assert!(moved.check().is_err());
        let mut late = manifest(&[4, 6]);
        late.frames.pts[9] += 1;
        assert!(late.check().expect_err("other times").contains("times"));
    }
}
