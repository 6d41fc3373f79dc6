// @ts-check
// The kernel's program: tslab, without its watching of files. tslab has TypeScript watch every declaration file that a cell
// uses, and node_modules; when one of them changes while a notebook is open, as when lib is compiled anew, each cell from
// then on fails with "Unexpected pending rebuildTimer" (tslab 1.0.22). What changed is seen after a restart of the kernel.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
/** @type {{ sys: { watchFile: unknown, watchDirectory: unknown } }} */
const { sys } = require("@tslab/typescript-for-tslab");
sys.watchFile = sys.watchDirectory = () => ({ close() {} });

require("tslab/dist/main.js").main();
