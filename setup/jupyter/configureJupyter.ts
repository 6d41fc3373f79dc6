import fs from "node:fs";
import path from "node:path";
import { pythonEnvironment } from "../stages/pipInstall.js";
import type { Context } from "../stages/context.js";

/** Where JupyterLab keeps things: all under `.state/`, so that it neither reads nor changes the user's own. */
export interface JupyterFolders {
  config: string;
  data: string;
  runtime: string;
  checkpoints: string;
  ipython: string;
}

/** The folders of a state directory, which may not be there yet. */
export function jupyterFolders({ state }: Context): JupyterFolders {
  const base = path.join(state, "jupyter");
  return {
    config: path.join(base, "config"),
    data: path.join(base, "data"),
    runtime: path.join(base, "runtime"),
    checkpoints: path.join(base, "checkpoints"),
    ipython: path.join(base, "ipython"),
  };
}

/** Writes JupyterLab's configuration: no news, no search for updates, nothing written beside the notebooks. */
export function configureJupyter(context: Context): JupyterFolders {
  const folders = jupyterFolders(context);
  for (const folder of Object.values({ ...folders })) fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeJson(path.join(folders.config, "jupyter_server_config.json"), {
    FileCheckpoints: { checkpoint_dir: folders.checkpoints },
  });
  writeJson(path.join(folders.config, "jupyter_lab_config.json"), {
    LabApp: {
      news_url: null,
      check_for_updates_class: "jupyterlab.handlers.announcements.NeverCheckForUpdate",
      extension_manager: "readonly",
    },
  });
  writeJson(path.join(folders.config, "labconfig", "default_setting_overrides.json"), {
    "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
  });
  return folders;
}

/** Added to the environment of JupyterLab; an empty value counts as unset. */
export function jupyterEnvironment({ config, data, runtime, ipython }: JupyterFolders): Record<string, string> {
  return {
    ...pythonEnvironment,
    JUPYTER_CONFIG_DIR: config,
    JUPYTER_DATA_DIR: data,
    JUPYTER_RUNTIME_DIR: runtime,
    JUPYTER_CONFIG_PATH: "",
    JUPYTER_PATH: "",
    JUPYTER_TOKEN: "",
    JUPYTER_PORT: "",
    JUPYTERLAB_SETTINGS_DIR: path.join(config, "lab", "user-settings"),
    JUPYTERLAB_WORKSPACES_DIR: path.join(config, "lab", "workspaces"),
    IPYTHONDIR: ipython,
  };
}

function writeJson(file: string, value: unknown): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
