import { spawnSync } from "node:child_process";
import { SetupError } from "../bootstrap/stage.mjs";

/** A Python that can make virtual environments. */
export interface Python {
  /** The program itself, links resolved: it changes when the system's Python is upgraded. */
  executable: string;
  version: string;
}

/** What a candidate says of itself. */
interface Probe extends Python {
  command: string;
  recent: boolean;
  venv: boolean;
}

const CANDIDATES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

const PROBE = `
import json, os, sys
try:
    import ensurepip, venv
    has_venv = True
except ImportError:
    has_venv = False
print(json.dumps({"executable": os.path.realpath(sys.executable), "version": "%d.%d.%d" % sys.version_info[:3],
                  "recent": sys.version_info >= (3, 10), "venv": has_venv}))
`;

/**
 * The first Python 3.10 or newer on PATH that has the venv module.
 * @throws SetupError that tells none, too old, or no venv module, and what to install.
 */
export function findPython(candidates: string[] = CANDIDATES): Python {
  const probes = [];
  for (const command of candidates) {
    const probe = probePython(command);
    if (probe?.recent === true && probe.venv) return probe;
    if (probe !== undefined) probes.push(probe);
  }
  throw new SetupError(problem(probes));
}

function probePython(command: string): Probe | undefined {
  // -I: neither the folder nor PYTHONPATH decides what it finds.
  const { status, stdout } = spawnSync(command, ["-I", "-c", PROBE], { encoding: "utf8", timeout: 20_000 });
  if (status !== 0) return undefined;
  try {
    return { ...(JSON.parse(stdout) as Probe), command };
  } catch {
    return undefined;
  }
}

function problem(probes: Probe[]): string {
  const install = "Debian and Ubuntu: sudo apt install python3 python3-venv; Fedora: sudo dnf install python3; macOS: brew install python";
  const withoutVenv = probes.find(({ recent }) => recent);
  if (withoutVenv !== undefined) {
    const { executable, version } = withoutVenv;
    return [
      `Python ${version} (${executable}) lacks the modules venv and ensurepip, which make virtual environments.`,
      `  What to do: install them (Debian and Ubuntu: sudo apt install python${version.replace(/\.\d+$/, "")}-venv), then run the command again.`,
    ].join("\n");
  }
  const found = probes.map(({ command, version }) => `${command} is ${version}`).join(", ");
  return [
    `JupyterLab needs Python 3.10 or newer, and ${found === "" ? "no Python was found on PATH" : `what is there is older: ${found}`}.`,
    `  What to do: install one (${install}), then run the command again.`,
  ].join("\n");
}
