import { findContainerTool } from "./container/findContainerTool.js";
import { readContext } from "./stages/context.js";
import { runTests } from "./testing/runTests.js";

const HELP = `Usage: npm run test:container

Builds the image of Dockerfile.colab from what is committed, and tries it: every notebook inside, as the image's user and without
a network; JupyterLab's token and health check; Google Colab's way in; and that stopping it is clean and leaves nothing behind.

By Docker or Podman where one answers. Else by buildah, which needs no daemon but root, and debootstrap, with which it makes a
Debian to build on, so that no image registry is needed: sudo apt install buildah debootstrap iproute2

  CONTAINER_TOOL=NAME  docker, podman or buildah: only this one
  BASE_IMAGE=NAME      the image to build on; default: the one that Dockerfile.colab names, or with buildah "debian", the one
                       that debootstrap makes

About four minutes on two free cores, 1 GB of downloads, 10 GB of disk meanwhile; Docker keeps its build cache (docker builder prune). No GPU is needed, and none is tried.`;

/**
 * `npm run test:container`: the image of Dockerfile.colab, built and tried.
 * @returns the exit code
 */
export async function main(argv: string[]): Promise<number> {
  if (argv.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const tool = await findContainerTool(readContext(), process.env["CONTAINER_TOOL"]);
  const suite = { ending: ".container.ts", logs: "test-container", sharedBroker: false, limitMinutes: 60, env: { TEST_CONTAINER_TOOL: tool } };
  return runTests(suite, argv);
}
