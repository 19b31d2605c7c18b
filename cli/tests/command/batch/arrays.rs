// SPDX-License-Identifier: MPL-2.0
//! The examples of job arrays: what they would start restores the plan, each part once.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{ALONE, clip, join, plan, succeeds, text};
use crate::{call, folder};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/batch");

fn example(name: &str) -> String {
    std::fs::read_to_string(Path::new(EXAMPLES).join(name)).expect("an example")
}

#[test]
fn the_job_of_kubernetes_restores_all_chunks() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let plan = plan(&[&input], &folder.path().join("plan"), &ALONE);
    let job: Value = serde_norway::from_str(&example("kubernetes.yaml")).expect("YAML");
    assert_eq!(
        (&job["apiVersion"], &job["kind"]),
        (&"batch/v1".into(), &"Job".into())
    );
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    let pod = &spec["template"]["spec"];
    assert_eq!(
        pod["restartPolicy"], "Never",
        "as backoffLimitPerIndex demands"
    );
    let container = &pod["containers"][0];
    let mount = &container["volumeMounts"][0];
    assert_eq!(mount["name"], pod["volumes"][0]["name"]);
    let words = container["command"].as_array().expect("a command");
    let words: Vec<_> = words
        .iter()
        .map(|word| word.as_str().expect("a word"))
        .collect();
    assert_eq!(words[0], "ud2m");
    let named = words
        .iter()
        .find(|word| word.starts_with('/'))
        .expect("a plan");
    assert!(named.starts_with(mount["mountPath"].as_str().expect("a path")));
    let pods = spec["completions"].as_u64().expect("a number");
    for index in 0..pods {
        let words = words[1..].iter().map(|word| {
            let word = word.replace("$(JOB_COMPLETION_INDEX)", &index.to_string());
            word.replace(named, text(&plan))
        });
        let words: Vec<_> = words.collect();
        assert!(words.contains(&format!("{index}/{pods}")), "{words:?}");
        succeeds(
            &words
                .iter()
                .map(String::as_str)
                .chain(["--json"])
                .collect::<Vec<_>>(),
        );
    }
    join(&plan, &folder.path().join("out.mkv"));
}

#[test]
fn the_array_of_slurm_restores_all_chunks() {
    let folder = folder();
    let input = clip(folder.path(), "in.mkv");
    let plan = plan(&[&input], &folder.path().join("plan"), &ALONE);
    let script = example("slurm.sh");
    let array = script
        .lines()
        .find_map(|line| line.strip_prefix("#SBATCH --array=0-"));
    let last: usize = array.expect("an array").parse().expect("a number");
    // The command lies beside others that a user has.
    let own = Path::new(env!("CARGO_BIN_EXE_ud2m"))
        .parent()
        .expect("a folder");
    let path = format!(
        "{}:{}",
        own.display(),
        std::env::var("PATH").expect("a path")
    );
    for task in 0..=last {
        let done = Command::new("bash")
            .arg(Path::new(EXAMPLES).join("slurm.sh"))
            .arg(&plan)
            .env("PATH", &path)
            .env("SLURM_ARRAY_TASK_ID", task.to_string())
            .env("SLURM_ARRAY_TASK_COUNT", (last + 1).to_string())
            .output();
        let done = done.expect("bash");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{task}: {said}");
    }
    join(&plan, &folder.path().join("out.mkv"));
    assert!(call(&["batch", "run", text(&plan)]).status.success());
}
