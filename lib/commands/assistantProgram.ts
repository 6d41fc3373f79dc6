// `npm run assistant` as a child of another program: looks for nothing to install, tells its parent what happens, and
// leaves the group when the parent is gone.
import { main } from "./assistant.js";

process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
// Gone while this was being loaded.
if (!process.connected) process.exit(0);
try {
  process.exitCode = await main(process.argv.slice(2), (news) => {
    if (process.connected) process.send?.(news);
  });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
// Handles that a library left open would keep Node alive after the work is done.
process.exit();
