// SPDX-License-Identifier: MPL-2.0
//! Times bare calls of ONNX Runtime: a graph alone, without GStreamer, sampler and tiles.
//!
//! `bench-network GRAPH HEIGHT WIDTH [--provider cpu|cuda] [--threads N] [--side-by-side N]
//! [--seconds S] [--profile PREFIX]` prints one line of JSON: milliseconds of each call after the
//! first, and the name of the profile. Sessions are made as the element makes them. HEIGHT and
//! WIDTH are those of the answer; a graph of fixed sizes takes any. ORT_DYLIB_PATH names the
//! library.

use std::error::Error;
use std::sync::Barrier;
use std::time::Instant;

use ort::ep;
use ort::session::{Session, SessionInputValue, builder::GraphOptimizationLevel};
use ort::value::Tensor;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Calls after the first, at least, and most.
const LEAST: usize = 3;
const MOST: usize = 200;

/// What is asked for on the command line.
struct Options {
    graph: String,
    height: usize,
    width: usize,
    provider: String,
    threads: usize,
    side_by_side: usize,
    seconds: f64,
    profile: Option<String>,
}

impl Options {
    fn read() -> Fallible<Self> {
        let mut plain = Vec::new();
        let mut options = Self {
            graph: String::new(),
            height: 0,
            width: 0,
            provider: "cpu".to_owned(),
            threads: 0,
            side_by_side: 1,
            seconds: 2.0,
            profile: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--provider" => options.provider = value()?,
                "--threads" => options.threads = value()?.parse()?,
                "--side-by-side" => options.side_by_side = value()?.parse()?,
                "--seconds" => options.seconds = value()?.parse()?,
                "--profile" => options.profile = Some(value()?),
                _ => plain.push(argument),
            }
        }
        let [graph, height, width] = plain.try_into().map_err(|_| "GRAPH HEIGHT WIDTH")?;
        (options.height, options.width) = (height.parse()?, width.parse()?);
        options.graph = graph;
        Ok(options)
    }

    fn session(&self, environment: &ort::environment::Environment) -> Fallible<Session> {
        let provider = match self.provider.as_str() {
            "cuda" => ep::CUDA::default()
                .with_tf32(false)
                .with_conv_algorithm_search(ep::cuda::ConvAlgorithmSearch::Heuristic)
                .build()
                .error_on_failure(),
            "cpu" => ep::CPU::default().with_arena_allocator(true).build(),
            other => return Err(format!("{other}: the providers are cpu and cuda").into()),
        };
        // Errors of a builder hold the builder, which no thread may take along.
        let made = || -> ort::Result<Session> {
            let mut builder = Session::builder(environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_op_spinning(false)?
                .with_inter_op_spinning(false)?;
            if self.threads > 0 {
                builder = builder.with_intra_threads(self.threads)?;
            }
            if let Some(prefix) = &self.profile {
                builder = builder.with_profiling(prefix)?;
            }
            let mut builder = builder.with_execution_providers([provider])?;
            builder.commit_from_file(&self.graph)
        };
        Ok(made()?)
    }

    /// Values for the inputs: waves where an image goes, small constants elsewhere.
    fn inputs(&self, session: &Session) -> Fallible<Vec<(String, Tensor<f32>)>> {
        let manifest = session.metadata()?.custom("ud2m.manifest");
        let manifest: serde_json::Value =
            serde_json::from_str(manifest.as_deref().unwrap_or("{}"))?;
        let input = |outlet: &ort::value::Outlet| {
            let name = outlet.name().to_owned();
            let named = manifest["inputs"][&name].as_array();
            let fixed = outlet.dtype().tensor_shape().ok_or("no tensor")?;
            let dims: Vec<usize> = match named {
                Some(dims) => dims.iter().map(|d| self.dim(d)).collect(),
                None => fixed.iter().map(|&d| d.max(1) as usize).collect(),
            };
            let image = dims.iter().product::<usize>() > 256;
            let value = |i: usize| match name.as_str() {
                "t" => 444.0,
                "mask" => 1.0,
                // Rows and columns as they are: where they begin and end, and their steps.
                "prepared_wholes" => [0.0, (1 << 30) as f32, 1.0][(i / 2) % 3],
                _ if image => (0.37 * (i % 1013) as f32).sin(),
                _ => 0.1,
            };
            let data: Vec<f32> = (0..dims.iter().product()).map(value).collect();
            Ok((name, Tensor::from_array((dims, data))?))
        };
        session.inputs().iter().map(input).collect()
    }

    /// A number of the manifest, or the side that its letter stands for.
    fn dim(&self, dim: &serde_json::Value) -> usize {
        let Some(text) = dim.as_str() else {
            return dim.as_u64().unwrap_or(1) as usize;
        };
        let (letter, divisor) = text.split_once('/').unwrap_or((text, "1"));
        let side = match letter {
            "H" => self.height,
            "W" => self.width,
            _ => return 1,
        };
        side / divisor.parse::<usize>().unwrap_or(1)
    }

    /// Milliseconds of each call after the first.
    fn calls(&self, session: &mut Session, start: &Barrier) -> Fallible<Vec<f64>> {
        let inputs = self.inputs(session)?;
        let mut call = || -> Fallible<f64> {
            let values = inputs
                .iter()
                .map(|(name, v)| (name.as_str(), v.view().into()));
            let values: Vec<(&str, SessionInputValue)> = values.collect();
            let begun = Instant::now();
            session.run(values)?;
            Ok(begun.elapsed().as_secs_f64() * 1e3)
        };
        call()?;
        start.wait();
        let (begun, mut found) = (Instant::now(), Vec::new());
        while found.len() < LEAST
            || (found.len() < MOST && begun.elapsed().as_secs_f64() < self.seconds)
        {
            found.push(call()?);
        }
        Ok(found)
    }
}

fn main() -> Fallible<()> {
    let options = Options::read()?;
    let library = std::env::var("ORT_DYLIB_PATH").map_err(|_| "ORT_DYLIB_PATH is not set")?;
    let file = std::fs::canonicalize(&library)?;
    let name = file.file_name().map(|name| name.to_string_lossy());
    let builder = ort::init_from(library).map_err(|e| e.to_string())?;
    let environment = builder.with_telemetry(false).build()?;
    let sessions = (0..options.side_by_side).map(|_| options.session(&environment));
    let mut sessions = sessions.collect::<Fallible<Vec<_>>>()?;
    let start = Barrier::new(sessions.len());
    let calls = std::thread::scope(|scope| {
        let (options, start) = (&options, &start);
        let run = |session| scope.spawn(move || options.calls(session, start));
        let threads: Vec<_> = sessions.iter_mut().map(run).collect();
        let join = |thread: std::thread::ScopedJoinHandle<_>| thread.join();
        threads.into_iter().map(join).collect::<Vec<_>>()
    });
    let mut found = Vec::new();
    for of_one in calls {
        found.extend(of_one.map_err(|_| "a thread panicked")??);
    }
    let profile = match (&options.profile, sessions.first_mut()) {
        (Some(_), Some(session)) => Some(session.end_profiling()?),
        _ => None,
    };
    println!(
        "{}",
        serde_json::json!({ "ms": found, "profile": profile, "runtime": name })
    );
    Ok(())
}
