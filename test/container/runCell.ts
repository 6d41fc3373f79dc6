import type { Container } from "./ContainerTool.js";

/** Asks JupyterLab for a kernel, as a page does, and runs a cell in it; the kernel goes on. */
const PROGRAM = `
import glob, json, sys, urllib.request
from jupyter_client import BlockingKernelClient
server = json.load(open(glob.glob("/state/jupyter/runtime/jpserver-*.json")[0]))
request = urllib.request.Request(
    f"http://127.0.0.1:{server['port']}/api/kernels",
    data=json.dumps({"name": "tslab", "path": "4-chat.ipynb"}).encode(),
    headers={"Authorization": f"token {server['token']}", "Content-Type": "application/json"},
)
kernel = json.load(urllib.request.urlopen(request))["id"]
client = BlockingKernelClient(connection_file=f"/state/jupyter/runtime/kernel-{kernel}.json")
client.load_connection_file()
client.start_channels()
reply = client.execute_interactive(sys.argv[1], timeout=180)
sys.exit(0 if reply["content"]["status"] == "ok" else 1)
`;

/**
 * Runs a cell in a new kernel of the container's JupyterLab.
 * @returns what it has printed
 * @throws Error when it fails
 */
export async function runCell(container: Container, source: string): Promise<string> {
  const { code, output } = await container.exec(["/state/venv/bin/python", "-c", PROGRAM, source]);
  if (code !== 0) throw new Error(`The cell failed:\n${output}\nThe container's output:\n${container.output()}`);
  return output;
}
